/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/store/campaign_row.h"

#include <stdio.h>
#include <stdlib.h>

int campaign_row_read(char **cells, struct campaign_row *row)
{
    enum {
#define X(member, expression) NUMBER_##member,
        CAMPAIGN_ROW_NUMBERS(X, )
#undef X
            STATE,
        NAME,
        OWNER
    };
#define X(member, expression)                                                                      \
    row->member = cells[NUMBER_##member] != NULL ? strtoll(cells[NUMBER_##member], NULL, 10) : 0;
    CAMPAIGN_ROW_NUMBERS(X, )
#undef X
    snprintf(row->name, sizeof row->name, "%s", cells[NAME]);
    snprintf(row->owner, sizeof row->owner, "%s", cells[OWNER]);
    return campaign_state_parse(cells[STATE], &row->state);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A campaign's row in MariaDB. */
#ifndef ONRUSH_CTL_CAMPAIGN_ROW_H
#define ONRUSH_CTL_CAMPAIGN_ROW_H

#include "ctl/ctl.h"
#include "shared/store/campaign_row.h"

#include <jansson.h>

#define INSTANT_WAIT_MAX_MS 10000

/* campaign_name_check: returns 0, or CTL_USAGE after printing what a valid name is. */
int campaign_name_check(const char *name);

/* campaign_row_find: finds the row of a valid name. Returns 0, CTL_NOT_FOUND or another exit code,
 * and prints the error. `lock` locks the row (within a transaction). */
int campaign_row_find(struct ctl *ctl, const char *name, bool lock, struct campaign_row *row);

/* campaign_row_open: checks the name, connects to MariaDB, and finds the row. */
int campaign_row_open(struct ctl *ctl, const char *name, struct campaign_row *row);

/* campaign_row_list: appends campaign_row_json() of every campaign, oldest first. Returns an exit
 * code. */
int campaign_row_list(struct ctl *ctl, json_t *list);

/* campaign_row_json: what `campaign show` prints. */
json_t *campaign_row_json(const struct campaign_row *row);

#endif

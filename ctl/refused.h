/* SPDX-License-Identifier: Apache-2.0 */
/* The finally refused requests of a campaign, from the table `refused`. */
#ifndef ONRUSH_CTL_REFUSED_H
#define ONRUSH_CTL_REFUSED_H

#include "ctl/ctl.h"

#include <jansson.h>

#define REFUSED_SHOWN 20

/* refused_add: adds "refused_total" and "refused" (the REFUSED_SHOWN newest: user, ticket, reason,
 * detail, refused_at) to `object`. Returns 0, or an exit code after printing why. */
int refused_add(struct ctl *ctl, int64_t campaign_id, json_t *object);

/* refused_print: prints that list as a table; nothing if it is empty. */
void refused_print(const json_t *object);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of a campaign that were refused for good, as MariaDB has them (table `refused`). */
#ifndef ONRUSH_CTL_REFUSED_H
#define ONRUSH_CTL_REFUSED_H

#include "ctl/ctl.h"

#include <jansson.h>

#define REFUSED_SHOWN 20

/* refused_add: puts "refused_total" and "refused" (the REFUSED_SHOWN newest: user, ticket, reason,
 * detail, refused_at) into `object`. 0, or an exit code after saying why. */
int refused_add(struct ctl *ctl, int64_t campaign_id, json_t *object);

/* refused_print: that list as a table; nothing when it is empty. */
void refused_print(const json_t *object);

#endif

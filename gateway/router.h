/* SPDX-License-Identifier: Apache-2.0 */
/* Routes requests in two steps. router_judge() finds campaign, user and wait; router_dispatch()
 * acts on them. route_table.h defines the routes, both Onrush's own and configured ones. */
#ifndef ONRUSH_GATEWAY_ROUTER_H
#define ONRUSH_GATEWAY_ROUTER_H

#include "gateway/request.h"
#include "gateway/routes/route_table.h"

/* router_judge: reads the head. Sets route and wait, and also name and user unless the body holds
 * them. If the head is wrong, judges the request. */
void router_judge(struct request *request);

/* router_dispatch: processes a complete or judged request. The answer comes now or later. */
void router_dispatch(struct request *request);

/* route_parse_wait: reads "0" to "30", with up to three decimals, as ms. Returns 0 or -EINVAL.
 * Pure. */
int route_parse_wait(const char *text, int64_t *wait_ms);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Paths and methods. Two steps, so that it stays separable where campaign, user and wait come from
 * and what is done with them: router_judge() reads them from the request, router_dispatch() asks.
 * Which routes there are, Onrush's own and those of the configuration, says route_table.h. */
#ifndef ONRUSH_GATEWAY_ROUTER_H
#define ONRUSH_GATEWAY_ROUTER_H

#include "gateway/request.h"
#include "gateway/routes/route_table.h"

/* router_judge: reads the head. Fills in route and wait, and name and user unless they are in the
 * body, or judges the request. */
void router_judge(struct request *request);

/* router_dispatch: goes on with a request that is complete, or judged. It is answered now or
 * later. */
void router_dispatch(struct request *request);

/* route_parse_wait: "0" to "30", with up to three decimals, in ms. 0 or -EINVAL. Pure. */
int route_parse_wait(const char *text, int64_t *wait_ms);

#endif

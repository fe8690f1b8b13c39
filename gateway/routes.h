/* Paths and methods. Two steps, so that it stays separable where campaign, user and wait come from
 * and what is done with them: routes_judge() reads them from the request, routes_dispatch() asks.
 * Which routes there are, Onrush's own and those of the configuration, says route_table.h. */
#ifndef ONRUSH_GATEWAY_ROUTES_H
#define ONRUSH_GATEWAY_ROUTES_H

#include "gateway/request.h"
#include "gateway/routes/route_table.h"

/* routes_judge: reads the head. Fills in route and wait, and name and user unless they are in the
 * body, or judges the request. */
void routes_judge(struct request *request);

/* routes_dispatch: goes on with a request that is complete, or judged. It is answered now or
 * later. */
void routes_dispatch(struct request *request);

/* request_judge: how it will be answered, whatever the rest of it says. */
void request_judge(struct request *request, enum outcome outcome);

/* route_parse_wait: "0" to "30", with up to three decimals, in ms. 0 or -EINVAL. Pure. */
int route_parse_wait(const char *text, int64_t *wait_ms);

#endif

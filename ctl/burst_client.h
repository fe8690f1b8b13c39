/* SPDX-License-Identifier: Apache-2.0 */
/* Sends the requests of a burst: libcurl driven by libevent, one thread, keep-alive connections. */
#ifndef ONRUSH_CTL_BURST_CLIENT_H
#define ONRUSH_CTL_BURST_CLIENT_H

#include "ctl/burst_plan.h"
#include "ctl/burst_report.h"
#include "ctl/burst_target.h"

struct burst_settings {
    const struct burst_target *target;
    const struct burst_plan *plan;
    uint64_t first_user; /* number of the plan's user 0 */
    size_t concurrency;  /* requests under way at once, one connection each */
    int64_t timeout_ms;  /* of one request, with connecting */
    int64_t rate;        /* at most so many requests a second; 0: no limit */
};

/* burst_client_run: returns when every request is answered or given up, or, after SIGINT or
 * SIGTERM, when those under way are. 0, or a negative errno when it could not begin. */
int burst_client_run(const struct burst_settings *settings, struct burst_report *report);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Sends the requests of a burst: libcurl, libevent, one thread, keep-alive connections. */
#ifndef ONRUSH_CTL_BURST_CLIENT_H
#define ONRUSH_CTL_BURST_CLIENT_H

#include "ctl/burst_report.h"
#include "ctl/burst_target.h"

struct burst_settings {
    const struct burst_target *target;
    const uint32_t *users; /* for each of n requests: which user asks, from 0 */
    size_t n;
    uint64_t first_user; /* the number of user 0 */
    size_t concurrency;  /* requests under way, one connection each */
    int64_t timeout_ms;  /* of one request, including the connect */
    int64_t rate;        /* requests a second, at most; 0: no limit */
};

/* burst_client_run: returns when every request was answered or given up; after SIGINT or SIGTERM,
 * every request under way. Returns 0, or a negative errno if it could not start. */
int burst_client_run(const struct burst_settings *settings, struct burst_report *report);

#endif

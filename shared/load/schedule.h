/* SPDX-License-Identifier: Apache-2.0 */
/* When the requests of a load test are due. With a rate, each request has its own time, whatever
 * the answers do (the open model), and its latency counts from then. If it counted from when a
 * connection was free, a stalling server would look better than it is. One thread. */
#ifndef ONRUSH_SCHEDULE_H
#define ONRUSH_SCHEDULE_H

#include "shared/base/clock.h"

#include <stdbool.h>

struct schedule {
    int64_t began_us; /* monotonic */
    int64_t rate;     /* requests a second; 0: as fast as it goes */
    int64_t total, begun;
};

/* schedule_due_us: when to send the next request, monotonic. */
static inline int64_t schedule_due_us(const struct schedule *s)
{
    return s->rate == 0 ? clock_mono_us() : s->began_us + s->begun * 1000000 / s->rate;
}

/* schedule_ready: true if a request is left and due. */
static inline bool schedule_ready(const struct schedule *s)
{
    return s->begun < s->total && (s->rate == 0 || schedule_due_us(s) <= clock_mono_us());
}

#endif

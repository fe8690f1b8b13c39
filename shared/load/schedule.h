/* SPDX-License-Identifier: Apache-2.0 */
/* When the requests of a load are due. With a rate each has its own time, whatever the answers do
 * (the open model), and its latency counts from there: were it from when a connection was free, a
 * server that stalls would look the better the longer it stalls. One thread. */
#ifndef ONRUSH_SCHEDULE_H
#define ONRUSH_SCHEDULE_H

#include "shared/base/clock.h"

#include <stdbool.h>

struct schedule {
    int64_t began_us; /* monotonic */
    int64_t rate;     /* requests a second; 0: as fast as it goes */
    int64_t total, begun;
};

/* schedule_due_us: when the next request is to be sent, monotonic. */
static inline int64_t schedule_due_us(const struct schedule *s)
{
    return s->rate == 0 ? clock_mono_us() : s->began_us + s->begun * 1000000 / s->rate;
}

/* schedule_ready: is there a request left, and is it its time? */
static inline bool schedule_ready(const struct schedule *s)
{
    return s->begun < s->total && (s->rate == 0 || schedule_due_us(s) <= clock_mono_us());
}

#endif

/* What the workers of one gateway share: the configuration in force and three counters that are
 * limited for all of them together. Everything here is atomic; there is no lock. */
#ifndef ONRUSH_GATEWAY_GATEWAY_H
#define ONRUSH_GATEWAY_GATEWAY_H

#include "gateway/config.h"

#include <stdalign.h>
#include <stdatomic.h>

/* A counter on a cache line of its own: counting must not slow the readers of its neighbours. */
struct gauge {
    alignas(64) _Atomic int64_t n;
};

struct gateway {
    /* Main publishes a new object on SIGHUP and keeps the old ones until the end: whoever loaded
     * the pointer may go on reading. */
    _Atomic(const struct gateway_config *) config;
    _Atomic bool stopping;
    _Atomic int64_t stop_by_us; /* monotonic; set before `stopping` */
    struct auth *auth;     /* NULL: no tokens. Set before there are workers, and never changed */
    struct limits *limits; /* the same, but its content moves: see limiter.h */
    struct tracer *tracer; /* NULL: no traces. Set before there are workers, and never changed */
    /* What is served: of the configuration, or what the descriptors are enough for; and at most, with those that are told so. Set
     * before there are workers. */
    int64_t max_connections, most_connections;
    _Atomic int64_t journalled_us; /* monotonic: when any worker last told that a request is in the journal; first, the start */
    struct gauge connections, in_flight, waiters;
};

static inline const struct gateway_config *gateway_config(struct gateway *gateway)
{
    return atomic_load_explicit(&gateway->config, memory_order_acquire);
}

/* gauge_take: one more, unless there are `most` already. */
static inline bool gauge_take(struct gauge *gauge, int64_t most)
{
    if (atomic_fetch_add_explicit(&gauge->n, 1, memory_order_relaxed) < most)
        return true;
    atomic_fetch_sub_explicit(&gauge->n, 1, memory_order_relaxed);
    return false;
}

static inline void gauge_give(struct gauge *gauge)
{
    atomic_fetch_sub_explicit(&gauge->n, 1, memory_order_relaxed);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the workers of one gateway share: the configuration in force, and the limits for all of them
 * together. Any thread may use it. */
#ifndef ONRUSH_GATEWAY_GATEWAY_H
#define ONRUSH_GATEWAY_GATEWAY_H

#include "gateway/config.h"

#include <stdalign.h>
#include <stdatomic.h>

struct http_client_limit;

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
    struct auth *auth; /* NULL: no tokens. Set before there are workers, and never changed */
    struct rate_limits *limits; /* the same, but its content moves: see limiter.h */
    struct tracer *tracer; /* NULL: no traces. Set before there are workers, and never changed */
    /* What is served: by the configuration, or as much as the descriptors allow. Set before there
     * are workers, like the crowds: of connected clients, and of waiting requests. */
    int64_t max_connections;
    struct http_client_limit *connections, *waiters;
    /* Monotonic: when any worker last told a client that its request is in the journal; at first,
     * when the gateway started. */
    _Atomic int64_t journalled_us;
    struct gauge in_flight;
};

static inline const struct gateway_config *gateway_config(struct gateway *gateway)
{
    return atomic_load_explicit(&gateway->config, memory_order_acquire);
}

/* gateway_share: of `all`, what one address may have at most. `configured` 0: half. */
static inline int64_t gateway_share(int64_t configured, int64_t all)
{
    return configured > 0 ? configured : (all + 1) / 2;
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

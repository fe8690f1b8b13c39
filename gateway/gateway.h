/* SPDX-License-Identifier: Apache-2.0 */
/* What the workers of a gateway share: the configuration in force, and limits. Any thread. */
#ifndef ONRUSH_GATEWAY_GATEWAY_H
#define ONRUSH_GATEWAY_GATEWAY_H

#include "gateway/config.h"

#include <stdalign.h>
#include <stdatomic.h>

struct http_client_limit;

/* A counter on its own cache line, so that counting does not slow the readers of its neighbours. */
struct gauge {
    alignas(64) _Atomic int64_t n;
};

struct gateway {
    /* SIGHUP publishes a new object. Old ones stay until the end, so a reader may keep the
     * pointer. */
    _Atomic(const struct gateway_config *) config;
    _Atomic bool stopping;
    _Atomic int64_t stop_by_us; /* monotonic; set before `stopping` */
    struct auth *auth;          /* NULL: no tokens. Set before workers exist; constant */
    struct rate_limits *limits; /* set before workers exist; its counts change */
    struct tracer *tracer;      /* NULL: no traces. Set before workers exist; constant */
    /* Set before workers exist. max_connections is the configured number, or what the file
     * descriptors allow. The tables limit connected clients, and waiting requests. */
    int64_t max_connections;
    struct http_client_limit *connections, *waiters;
    /* Monotonic: when a worker last told a client that its request is in the journal; at first,
     * when the gateway started. */
    _Atomic int64_t journalled_us;
    struct gauge in_flight;
};

static inline const struct gateway_config *gateway_config(struct gateway *gateway)
{
    return atomic_load_explicit(&gateway->config, memory_order_acquire);
}

/* gateway_share: how many of `all` one address may have. `configured` 0: half. */
static inline int64_t gateway_share(int64_t configured, int64_t all)
{
    return configured > 0 ? configured : (all + 1) / 2;
}

/* gauge_take: adds one, unless there are `most` already. */
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

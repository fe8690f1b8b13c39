/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a worker share: time, links to the stores, counts. The worker owns it and fills
 * it in before its thread starts. The parts know only this, not the worker. One thread, but the
 * admin listener reads the metrics and the state of `link`. */
#ifndef ONRUSH_GATEWAY_LOOP_H
#define ONRUSH_GATEWAY_LOOP_H

#include "gateway/gateway.h"
#include "gateway/metrics.h"
#include "shared/store/redis_link.h"

#include <assert.h>
#include <event2/event.h>
#include <stdbool.h>

struct request;
struct slab;

#define LOOP_MAGIC 0x4c4f4f50u

struct loop {
    unsigned magic;
    struct gateway *gateway;
    struct gateway_metrics metrics;
    struct event_base *base;
    struct redis_link *link;
    struct archive *archive;
    struct http_server *http;

    /* The worker's parts; each knows the type behind its own pointer. */
    struct slab *requests;
    struct campaign_cache *campaigns;
    struct waiters *waiters;
    struct batcher *batcher;

    void (*answered)(struct request *request); /* sends it and frees it: http_handler.c */
    int64_t now_us;                            /* monotonic: start of this turn, or of this event */
    bool draining;                             /* stopping: no new connections */
    bool finishing;        /* the grace is over: requests must not wait any more */
    int64_t traced_second; /* and how many were sampled in it: request_trace.h */
    unsigned n_traced;
    bool traces_denied;  /* Redis does not let us hand on traces */
    uint64_t id_counter; /* for request ids */
    size_t n_requests;   /* requests that exist */
    size_t n_archived;   /* archive jobs under way */
};

/* loop_check: checks that a callback's object is a live loop. */
static inline struct loop *loop_check(void *object)
{
    struct loop *loop = object;
    assert(loop != NULL && loop->magic == LOOP_MAGIC);
    return loop;
}

#endif

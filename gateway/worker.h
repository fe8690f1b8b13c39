/* A worker: one thread, one event loop, one listening socket, one HTTP server, one link to Redis,
 * one archive. Workers share nothing but struct gateway and their metrics, which are all atomic. */
#ifndef ONRUSH_GATEWAY_WORKER_H
#define ONRUSH_GATEWAY_WORKER_H

#include "gateway/batcher.h"
#include "gateway/campaigns.h"
#include "gateway/gateway.h"
#include "gateway/metrics.h"
#include "gateway/request.h"
#include "shared/redis_link.h"
#include "shared/service.h"

#include <event2/event.h>
#include <pthread.h>

/* Whose the listening socket is. */
enum listening {
    LISTENING_OWN,       /* the worker's alone; it ends with it */
    LISTENING_INHERITED, /* systemd's: it outlives this gateway, and clients wait in it */
    LISTENING_SHARED,    /* the same, and another worker reports its figures */
};

struct worker {
    unsigned magic;
    struct gateway *gateway;
    pthread_t thread;
    struct gateway_metrics
        metrics; /* these and the state of `link` are read by the admin listener */
    _Atomic int64_t
        ticked_us; /* monotonic: when its timer ran last; 0: never. Read by gateway/health.c */

    struct event_base *base;
    struct event *wake_event, *tick_event, *poll_event;
    int wake_fd; /* eventfd: archive jobs are done, or the gateway is stopping */
    struct http_server *http;
    struct redis_link *link;
    struct archive *archive;

    int64_t now_us;  /* monotonic; when this turn began */
    int64_t poll_us; /* monotonic: when poll_event comes; 0: it does not */
    bool draining;   /* stopping: no new connections */
    bool finishing;  /* and the grace is over: no request may wait for anything any more */
    enum listening listening;
    int64_t quiet_us;      /* draining: since when there is nothing to do */
    struct pulse pulse;    /* one beat a turn */
    _Atomic bool ended;    /* the thread has nothing more to do */
    int64_t traced_second; /* and how many requests were sampled in it: see tracing.h */
    unsigned n_traced;
    bool traces_denied;  /* Redis does not let us hand traces on */
    uint64_t id_counter; /* of request ids */
    size_t n_requests;   /* that exist */
    size_t n_archived;   /* of those, with the archive */
    struct request_pool requests;
    struct campaigns campaigns;
    struct batcher batcher;
};

/* worker_new: everything but the thread; takes over `listen_fd` in any case. 0 and *out, or a
 * negative errno. */
int worker_new(struct worker **out, struct gateway *gateway, int listen_fd,
               enum listening listening);

/* worker_start: starts the thread. worker_wake: it looks at gateway->stopping; any thread.
 * worker_join: waits for its end. worker_free: only when there is no thread (any more). */
int worker_start(struct worker *worker);
void worker_wake(struct worker *worker);
void worker_join(struct worker *worker);
struct worker *worker_free(struct worker *worker);

/* --- for the parts of a worker --- */

struct worker *worker_check(void *object);

/* worker_poll: begins or ends calling waiters_poll() each poll_ms, or instant_poll_ms while POSTs wait; less often when many campaigns
 * are waited for. To begin again never puts off what is due already. */
void worker_poll(struct worker *worker, bool on);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A worker: one thread, one event loop, one listening socket, one HTTP server, one link to Redis,
 * one archive. Workers share nothing but struct gateway and their metrics, which are all atomic. */
#ifndef ONRUSH_GATEWAY_WORKER_H
#define ONRUSH_GATEWAY_WORKER_H

#include "gateway/batcher.h"
#include "gateway/loop.h"
#include "gateway/waiters.h"
#include "shared/base/mailbox.h"
#include "shared/daemon/service.h"

#include <pthread.h>

/* Whose the listening socket is. */
enum listening {
    LISTENING_OWN,       /* the worker's alone; it ends with it */
    LISTENING_INHERITED, /* systemd's: it outlives this gateway, and clients wait in it */
    LISTENING_SHARED,    /* the same, and another worker reports its figures */
};

struct worker {
    struct loop loop;          /* what its parts share */
    _Atomic int64_t ticked_us; /* monotonic: last run of its timer, for health.c; 0: never */
    pthread_t thread;
    struct event *tick_event;
    struct mailbox done; /* jobs of the archive; it also rings when the gateway is stopping */
    enum listening listening;
    int64_t quiet_us;   /* draining: since when there is nothing to do */
    struct pulse pulse; /* one beat a turn */
    _Atomic bool ended; /* the thread has nothing more to do */
    struct slab requests;
    struct campaign_cache campaigns;
    struct waiters waiters;
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

#endif

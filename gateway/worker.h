/* SPDX-License-Identifier: Apache-2.0 */
/* A worker: one thread with an event loop, listening sockets, an HTTP server, a link to Redis and
 * an archive. Workers share only struct gateway and their metrics, which are atomic. */
#ifndef ONRUSH_GATEWAY_WORKER_H
#define ONRUSH_GATEWAY_WORKER_H

#include "gateway/batcher.h"
#include "gateway/loop.h"
#include "gateway/waiters.h"
#include "shared/base/mailbox.h"
#include "shared/daemon/service.h"

#include <pthread.h>

/* Who owns the listening sockets. */
enum listening {
    LISTENING_OWN,       /* the worker, which closes it */
    LISTENING_INHERITED, /* systemd: it outlives this gateway, and clients wait in it */
    LISTENING_SHARED,    /* the same, and another worker reports its figures */
};

struct worker {
    struct loop loop;          /* what the parts share */
    _Atomic int64_t ticked_us; /* monotonic: last tick, for health.c; 0: none yet */
    pthread_t thread;
    struct event *tick_event;
    struct mailbox done; /* finished archive jobs; also rings when the gateway stops */
    enum listening listening;
    int64_t quiet_us;   /* draining: idle since then */
    struct pulse pulse; /* one beat per turn */
    _Atomic bool ended; /* the thread has nothing more to do */
    struct slab requests;
    struct campaign_cache campaigns;
    struct waiters waiters;
    struct batcher batcher;
};

struct workers {
    struct worker *all[WORKERS_MAX];
    size_t n;
};

/* worker_new: makes everything but the thread. Returns 0 and sets *out, or returns a negative
 * errno. worker_listen: adds a listening socket, see http_server_listen(). */
int worker_new(struct worker **out, struct gateway *gateway, enum listening listening);
int worker_listen(struct worker *worker, int fd);

/* worker_start: starts the thread. worker_wake: makes it check gateway->stopping; any thread.
 * worker_free: the thread must have ended. */
int worker_start(struct worker *worker);
void worker_wake(struct worker *worker);
struct worker *worker_free(struct worker *worker);

#endif

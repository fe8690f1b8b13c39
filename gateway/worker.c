/* SPDX-License-Identifier: Apache-2.0 */
/* One turn of the loop:
 *
 *   events: HTTP (requests come in), Redis (replies come in), the archive, timers
 *     └─► send to Redis what has gathered ─► next turn
 *
 * The main thread makes and frees a worker while the worker's thread does not run. In between, the
 * worker's thread owns everything but the metrics and the state of the link. */
#include "gateway/worker.h"

#include "gateway/deliver.h"
#include "gateway/http_handler.h"
#include "gateway/journal/archive.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define TICK_MS  100
#define QUIET_US 1000000 /* draining: after so long without a request, no client is left */

/* --- events --- */

static void on_archived(void *arg, struct mail *mail)
{
    struct worker *worker = arg;
    struct archive_job *job = (struct archive_job *)mail;
    worker->loop.now_us = clock_mono_us();
    job->done(job);
}

/* journal_in_use: would a new request be journalled? */
static bool journal_in_use(struct worker *worker)
{
    return gateway_config(worker->loop.gateway)->journal &&
           metric_get(&worker->loop.metrics.mariadb_up) > 0 &&
           redis_link_state(worker->loop.link) != LINK_UP;
}

/* measure: samples figures that no event reports. */
static void measure(struct worker *worker)
{
    struct gateway_metrics *m = &worker->loop.metrics;
    struct listen_state state = {0};
    metric_set(&m->journal_in_use, journal_in_use(worker));
    metric_set(&m->archived, (int64_t)worker->loop.n_archived);
    bool seen = worker->listening != LISTENING_SHARED &&
                http_server_listen_state(worker->loop.http, &state);
    metric_set(&m->listen_queue, seen ? state.queue : 0);
    if (seen && state.drops >= 0)
        metric_set(&m->listen_drops, state.drops);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct worker *worker = arg;
    (void)fd;
    (void)what;
    worker->loop.now_us = clock_mono_us();
    atomic_store_explicit(&worker->ticked_us, worker->loop.now_us, memory_order_relaxed);
    waiters_sweep(&worker->waiters, worker->loop.draining);
    http_handler_tick(&worker->loop);
    measure(worker);
}

static void on_link(void *arg, bool up)
{
    struct worker *worker = arg;
    metric_set(&worker->loop.metrics.redis_up, up);
    worker->loop.traces_denied = false;
    batcher_link(&worker->batcher, up);
}

/* --- the loop --- */

/* begin_drain: goes on answering clients that are connected already; closing the socket would reset
 * them. Clients behind an inherited socket wait for the next gateway. */
static void begin_drain(struct worker *worker)
{
    worker->loop.draining = true;
    worker->quiet_us = worker->loop.now_us;
    http_server_quiesce(worker->loop.http, worker->listening == LISTENING_OWN);
    waiters_sweep(&worker->waiters, true);
}

/* drained: is every connection closed or idle for a while, or is the grace over? Each answer closes
 * its connection while draining. An idle connection gets a moment, because its next request may be
 * on its way. */
static bool drained(struct worker *worker)
{
    struct http_census census = http_server_census(worker->loop.http);
    if (census.busy > 0 || census.reading > 0 || census.ready > 0)
        worker->quiet_us = worker->loop.now_us;
    return census.all == 0 || worker->loop.now_us - worker->quiet_us >= QUIET_US ||
           worker->loop.now_us >= worker->loop.gateway->stop_by_us;
}

/* finish: the grace is over: answers waiting requests too. New requests on open connections are
 * refused meanwhile. */
static void finish(struct worker *worker)
{
    worker->loop.finishing = true;
    waiters_sweep(&worker->waiters, true);
    batcher_abandon(&worker->batcher);
    batcher_flush(&worker->batcher);
    while (worker->loop.n_archived > 0) {
        /* The deadlines of MariaDB, and shutdown_deadline.h, end this loop. */
        event_base_loop(worker->loop.base, EVLOOP_ONCE);
        pulse_beat(&worker->pulse);
        batcher_flush(&worker->batcher);
    }
    worker->loop.http = http_server_free(worker->loop.http);
}

static void *run(void *arg)
{
    struct worker *worker = arg;
    while (!worker->loop.draining || !drained(worker)) {
        event_base_loop(worker->loop.base, EVLOOP_ONCE);
        pulse_beat(&worker->pulse);
        worker->loop.now_us = clock_mono_us();
        if (!worker->loop.draining && atomic_load(&worker->loop.gateway->stopping))
            begin_drain(worker);
        batcher_flush(&worker->batcher);
    }
    finish(worker);
    atomic_store(&worker->ended, true);
    return NULL;
}

/* --- start and end --- */

static int start_tick(struct worker *worker)
{
    worker->tick_event = event_new(worker->loop.base, -1, EV_PERSIST, on_tick, worker);
    if (worker->tick_event == NULL)
        return -ENOMEM;
    return event_add(worker->tick_event, &(struct timeval){.tv_usec = TICK_MS * 1000});
}

/* build_ways: makes the loop and its links to the stores. */
static int build_ways(struct worker *worker)
{
    struct loop *loop = &worker->loop;
    const struct gateway_config *config = gateway_config(loop->gateway);
    const struct archive_metrics counted = {.mariadb_up = &loop->metrics.mariadb_up,
                                            .batches = &loop->metrics.journal_batches,
                                            .rows = &loop->metrics.journal_rows,
                                            .time = &loop->metrics.journal_time};
    loop->base = event_base_new();
    if (loop->base == NULL)
        return -ENOMEM;
    int r = mailbox_attach(&worker->done, loop->base, on_archived, worker);
    if (r == 0)
        r = redis_link_new(&loop->link, loop->base, &config->redis, on_link, worker);
    if (r < 0)
        return r;
    redis_link_measure(loop->link, &loop->metrics.redis_time);
    return archive_new(&loop->archive, &config->mariadb, &worker->done, &counted);
}

/* build: makes the parts, in an order that worker_free() can undo. */
static int build(struct worker *worker)
{
    int r = build_ways(worker);
    if (r == 0)
        r = http_handler_start(&worker->loop);
    if (r == 0)
        r = waiters_start(&worker->waiters, &worker->loop);
    return r == 0 ? start_tick(worker) : r;
}

int worker_new(struct worker **out, struct gateway *gateway, enum listening listening)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return -ENOMEM;
    worker->loop.magic = LOOP_MAGIC;
    worker->loop.gateway = gateway;
    worker->listening = listening;
    mailbox_init(&worker->done);
    metric_set(&worker->loop.metrics.workers, 1);
    worker->loop.now_us = clock_mono_us();
    arc4random_buf(&worker->loop.id_counter, sizeof worker->loop.id_counter);
    request_pool_init(worker->loop.requests = &worker->requests);
    campaign_cache_init(worker->loop.campaigns = &worker->campaigns);
    batcher_init(worker->loop.batcher = &worker->batcher, &worker->loop, &deliver_hooks);
    worker->loop.waiters = &worker->waiters;
    int r = build(worker);
    *out = r == 0 ? worker : worker_free(worker);
    return r;
}

int worker_listen(struct worker *worker, int fd)
{
    return http_server_listen(worker->loop.http, fd);
}

int worker_start(struct worker *worker)
{
    return -pthread_create(&worker->thread, NULL, run, worker);
}

void worker_wake(struct worker *worker)
{
    mailbox_ring(&worker->done);
}

struct worker *worker_free(struct worker *worker)
{
    if (worker == NULL)
        return NULL;
    waiters_end(&worker->waiters);
    if (worker->tick_event != NULL)
        event_free(worker->tick_event);
    http_server_free(worker->loop.http);
    archive_free(worker->loop.archive);
    redis_link_free(worker->loop.link);
    campaign_cache_end(&worker->loop);
    slab_end(&worker->requests);
    mailbox_end(&worker->done, NULL);
    if (worker->loop.base != NULL)
        event_base_free(worker->loop.base);
    free(worker);
    return NULL;
}

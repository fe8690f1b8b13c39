#include "scheduler/committer.h"

#include "scheduler/metrics.h"
#include "scheduler/store.h"
#include "shared/backoff.h"
#include "shared/clock.h"
#include "shared/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Jobs of one kind, and the threads that take them. */
struct lane {
    pthread_cond_t work;
    struct job_list waiting;
};

/* A claim waits for its look into the journal, which is short: it has a connection of its own, so
 * that it does not wait for a batch. */
enum { LANE_JOBS, LANE_LOOKS, LANES };

/* A thread of the pool. Everything in it belongs to that thread. */
struct committer {
    struct pool *pool;
    struct lane *lane;
    pthread_t thread;
    struct store store;
    struct backoff backoff;
    int64_t opened_us; /* 0: not connected */
};

struct pool {
    struct db_config db;
    _Atomic int64_t lifetime_us;
    void (*on_done)(void *arg, struct job *job);
    void *arg;
    struct event *done_event;
    int done_fd;
    pthread_mutex_t lock; /* guards the lists and `stopping`; never held across I/O */
    struct lane lanes[LANES];
    struct job_list done;
    bool stopping;
    size_t n;
    struct committer committers[];
};

/* --- in the threads --- */

static struct job *next_job(struct pool *p, struct lane *lane)
{
    pthread_mutex_lock(&p->lock);
    while (STAILQ_EMPTY(&lane->waiting) && !p->stopping)
        pthread_cond_wait(&lane->work, &p->lock);
    struct job *job = p->stopping ? NULL : STAILQ_FIRST(&lane->waiting);
    if (job != NULL)
        STAILQ_REMOVE_HEAD(&lane->waiting, next);
    pthread_mutex_unlock(&p->lock);
    return job;
}

static void hand_back(struct pool *p, struct job *job)
{
    pthread_mutex_lock(&p->lock);
    bool first = STAILQ_EMPTY(&p->done);
    STAILQ_INSERT_TAIL(&p->done, job, next);
    pthread_mutex_unlock(&p->lock);
    if (first && eventfd_write(p->done_fd, 1) < 0)
        log_error("an eventfd cannot be written", "errno=%d", errno);
}

/* pause_after_error: waits for the backoff, or until the pool stops. */
static void pause_after_error(struct committer *c)
{
    struct timespec until;
    int64_t ms = backoff_next(&c->backoff);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000)
        until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_mutex_lock(&c->pool->lock);
    for (int r = 0; r != ETIMEDOUT && !c->pool->stopping;)
        r = pthread_cond_timedwait(&c->lane->work, &c->pool->lock, &until);
    pthread_mutex_unlock(&c->pool->lock);
}

static void disconnect(struct committer *c)
{
    store_close(&c->store);
    metric_add(&scheduler_metrics.connections, c->opened_us != 0 ? -1 : 0);
    c->opened_us = 0;
}

static bool connect_store(struct committer *c)
{
    char quoted[300];
    if (c->opened_us != 0 && clock_mono_us() - c->opened_us > c->pool->lifetime_us)
        disconnect(c);
    if (c->opened_us != 0)
        return true;
    if (store_open(&c->store, &c->pool->db) != DB_OK) {
        log_error("mariadb cannot be reached", "error=%s",
                  log_quote(c->store.db.error, quoted, sizeof quoted));
        return false;
    }
    c->opened_us = clock_mono_us();
    metric_add(&scheduler_metrics.connections, 1);
    return true;
}

static void count_outcome(const struct job *job, int64_t started_us)
{
    metric_value *const counters[] = {[JOB_DONE] = &scheduler_metrics.jobs_done,
                                      [JOB_FENCED] = &scheduler_metrics.jobs_fenced,
                                      [JOB_CLASH] = &scheduler_metrics.jobs_clash,
                                      [JOB_BUSY] = &scheduler_metrics.jobs_busy,
                                      [JOB_REFUSED] = &scheduler_metrics.jobs_refused,
                                      [JOB_UNKNOWN] = &scheduler_metrics.jobs_unknown};
    metric_add(counters[job->outcome], 1);
    metric_observe(&scheduler_metrics.pool_wait, started_us - job->submitted_us);
    metric_add(&scheduler_metrics.pool_busy, -1);
    if (job->kind != JOB_COMMIT || job->outcome != JOB_DONE)
        return;
    int64_t now_us = clock_wall_us();
    metric_add(&scheduler_metrics.committed, (int64_t)job->batch->n);
    metric_observe_size(&scheduler_metrics.commit_batch, (int64_t)job->batch->n);
    metric_observe(&scheduler_metrics.commit, job->took_us);
    for (size_t i = 0; i < job->batch->n; i++)
        metric_observe(&scheduler_metrics.ticket_to_commit,
                       now_us - (int64_t)job->batch->rows[i].ticket);
}

/* perform: does the job, or says UNKNOWN when there is no connection (nothing was done then, but
 * reading back is always right). */
static void perform(struct committer *c, struct job *job)
{
    int64_t started_us = clock_mono_us();
    metric_add(&scheduler_metrics.pool_waiting, -1);
    metric_add(&scheduler_metrics.pool_busy, 1);
    job->outcome = JOB_UNKNOWN;
    if (connect_store(c))
        store_run(&c->store, job);
    if (c->store.db.link == NULL)
        disconnect(c);
    job->took_us = clock_mono_us() - started_us;
    count_outcome(job, started_us);
    if (job->outcome == JOB_UNKNOWN || job->outcome == JOB_BUSY)
        pause_after_error(c);
    else
        backoff_reset(&c->backoff);
}

static void *committer_main(void *arg)
{
    struct committer *c = arg;
    mysql_thread_init();
    for (struct job *job; (job = next_job(c->pool, c->lane)) != NULL;) {
        perform(c, job);
        hand_back(c->pool, job);
    }
    disconnect(c);
    mysql_thread_end();
    return NULL;
}

/* --- in the loop's thread --- */

static void on_done_fd(evutil_socket_t fd, short what, void *arg)
{
    struct pool *p = arg;
    struct job_list done = STAILQ_HEAD_INITIALIZER(done);
    eventfd_t count;
    (void)what;
    eventfd_read(fd, &count);
    pthread_mutex_lock(&p->lock);
    STAILQ_CONCAT(&done, &p->done);
    pthread_mutex_unlock(&p->lock);
    for (struct job *job; (job = STAILQ_FIRST(&done)) != NULL;) {
        STAILQ_REMOVE_HEAD(&done, next);
        p->on_done(p->arg, job);
    }
}

void pool_submit(struct world *world, struct job *job)
{
    struct pool *p = world->pool;
    struct lane *lane = &p->lanes[job->kind == JOB_JOURNAL ? LANE_LOOKS : LANE_JOBS];
    job->submitted_us = clock_mono_us();
    metric_add(&scheduler_metrics.pool_waiting, 1);
    pthread_mutex_lock(&p->lock);
    STAILQ_INSERT_TAIL(&lane->waiting, job, next);
    pthread_mutex_unlock(&p->lock);
    pthread_cond_signal(&lane->work);
}

void pool_set_lifetime(struct pool *p, int64_t connection_lifetime_s)
{
    p->lifetime_us = connection_lifetime_s * 1000000;
}

static void init_sync(struct pool *p)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    for (int i = 0; i < LANES; i++) {
        pthread_cond_init(&p->lanes[i].work, &attr);
        STAILQ_INIT(&p->lanes[i].waiting);
    }
    pthread_condattr_destroy(&attr);
    STAILQ_INIT(&p->done);
}

static int start_threads(struct pool *p, size_t n)
{
    for (; p->n < n; p->n++) {
        struct committer *c = &p->committers[p->n];
        struct lane *lane = &p->lanes[p->n + 1 < n ? LANE_JOBS : LANE_LOOKS];
        *c = (struct committer){
            .pool = p, .lane = lane, .backoff = {.first_ms = 10, .most_ms = 1000}};
        int r = pthread_create(&c->thread, NULL, committer_main, c);
        if (r != 0)
            return -r;
    }
    return 0;
}

int pool_new(struct pool **out, struct event_base *base, const struct scheduler_config *config,
             void (*on_done)(void *arg, struct job *job), void *arg)
{
    size_t n = (size_t)config->pool_size + 1; /* the last one looks */
    struct pool *p = calloc(1, sizeof *p + n * sizeof p->committers[0]);
    if (p == NULL)
        return -ENOMEM;
    p->db = config->mariadb;
    p->on_done = on_done;
    p->arg = arg;
    metric_set(&scheduler_metrics.pool_size, config->pool_size);
    pool_set_lifetime(p, config->connection_lifetime_s);
    init_sync(p);
    p->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    p->done_event =
        p->done_fd >= 0 ? event_new(base, p->done_fd, EV_READ | EV_PERSIST, on_done_fd, p) : NULL;
    if (p->done_event == NULL)
        return pool_free(p), -ENOMEM;
    event_add(p->done_event, NULL);
    int r = start_threads(p, n);
    if (r < 0)
        return pool_free(p), r;
    *out = p;
    return 0;
}

static void free_jobs(struct job_list *list)
{
    for (struct job *job; (job = STAILQ_FIRST(list)) != NULL;) {
        STAILQ_REMOVE_HEAD(list, next);
        job_free(job);
    }
}

struct pool *pool_free(struct pool *p)
{
    if (p == NULL)
        return NULL;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < LANES; i++)
        pthread_cond_broadcast(&p->lanes[i].work);
    for (size_t i = 0; i < p->n; i++)
        pthread_join(p->committers[i].thread, NULL);
    for (int i = 0; i < LANES; i++) {
        free_jobs(&p->lanes[i].waiting);
        pthread_cond_destroy(&p->lanes[i].work);
    }
    free_jobs(&p->done);
    if (p->done_event != NULL)
        event_free(p->done_event);
    if (p->done_fd >= 0)
        close(p->done_fd);
    pthread_mutex_destroy(&p->lock);
    free(p);
    return NULL;
}

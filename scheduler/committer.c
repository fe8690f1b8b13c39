/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/committer.h"

#include "scheduler/job_sql.h"
#include "scheduler/metrics.h"
#include "shared/base/backoff.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* Each claim waits for its look into the journal. A look is short, and has its own connection so as
 * not to wait for a batch. */
enum { LANE_JOBS, LANE_LOOKS, LANES };

/* Belongs to its thread. */
struct committer_thread {
    struct committer *committer;
    struct mailbox *lane; /* its source of jobs */
    pthread_t thread;
    struct job_sql sql;
    struct backoff backoff;
    int64_t opened_us; /* 0: not connected */
};

struct committer {
    struct db_config db;
    _Atomic int64_t lifetime_us;
    void (*on_done)(void *arg, struct job *job);
    void *arg;
    struct mailbox lanes[LANES], done;
    size_t n;
    struct committer_thread threads[];
};

/* --- in the threads --- */

/* pause_after_error: waits for the backoff, or until the committer stops. */
static void pause_after_error(struct committer_thread *c)
{
    mailbox_sleep(c->lane, clock_mono_us() + backoff_next(&c->backoff) * 1000);
}

static void disconnect(struct committer_thread *c)
{
    job_sql_close(&c->sql);
    metric_add(&scheduler_metrics.connections, c->opened_us != 0 ? -1 : 0);
    c->opened_us = 0;
}

static bool connect_store(struct committer_thread *c)
{
    char quoted[300];
    if (c->opened_us != 0 && clock_mono_us() - c->opened_us > c->committer->lifetime_us)
        disconnect(c);
    if (c->opened_us != 0)
        return true;
    if (job_sql_open(&c->sql, &c->committer->db) != DB_OK) {
        log_error("mariadb cannot be reached", "error=%s",
                  log_quote(c->sql.db.error, quoted, sizeof quoted));
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

/* perform: does the job. Without a connection it returns JOB_UNKNOWN: nothing was done, but reading
 * back is always right. */
static void perform(struct committer_thread *c, struct job *job)
{
    int64_t started_us = clock_mono_us();
    metric_add(&scheduler_metrics.pool_waiting, -1);
    metric_add(&scheduler_metrics.pool_busy, 1);
    job->outcome = JOB_UNKNOWN;
    if (connect_store(c))
        job_sql_run(&c->sql, job);
    if (c->sql.db.link == NULL)
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
    struct committer_thread *c = arg;
    mysql_thread_init();
    while (mailbox_wait(c->lane, MAILBOX_FOREVER)) {
        struct mail *mail = mailbox_take(c->lane);
        if (mail == NULL)
            continue; /* another thread was faster */
        perform(c, (struct job *)mail);
        mailbox_put(&c->committer->done, mail);
    }
    disconnect(c);
    mysql_thread_end();
    return NULL;
}

/* --- in the loop's thread --- */

static void deliver(void *arg, struct mail *mail)
{
    struct committer *p = arg;
    p->on_done(p->arg, (struct job *)mail);
}

void committer_submit(struct world *world, struct job *job)
{
    job->submitted_us = clock_mono_us();
    metric_add(&scheduler_metrics.pool_waiting, 1);
    mailbox_put(&world->committer->lanes[job->kind == JOB_JOURNAL ? LANE_LOOKS : LANE_JOBS],
                &job->mail);
}

void committer_set_lifetime(struct committer *p, int64_t connection_lifetime_s)
{
    p->lifetime_us = connection_lifetime_s * 1000000;
}

static int start_threads(struct committer *p, size_t n)
{
    for (; p->n < n; p->n++) {
        struct committer_thread *c = &p->threads[p->n];
        struct mailbox *lane = &p->lanes[p->n + 1 < n ? LANE_JOBS : LANE_LOOKS];
        *c = (struct committer_thread){
            .committer = p, .lane = lane, .backoff = {.first_ms = 10, .most_ms = 1000}};
        int r = pthread_create(&c->thread, NULL, committer_main, c);
        if (r != 0)
            return -r;
    }
    return 0;
}

int committer_new(struct committer **out, struct event_base *base,
                  const struct scheduler_config *config,
                  void (*on_done)(void *arg, struct job *job), void *arg)
{
    size_t n = (size_t)config->pool_size + 1; /* the last one looks into the journal */
    struct committer *p = calloc(1, sizeof *p + n * sizeof p->threads[0]);
    if (p == NULL)
        return -ENOMEM;
    p->db = config->mariadb;
    p->on_done = on_done;
    p->arg = arg;
    metric_set(&scheduler_metrics.pool_size, config->pool_size);
    committer_set_lifetime(p, config->connection_lifetime_s);
    for (int i = 0; i < LANES; i++)
        mailbox_init(&p->lanes[i]);
    mailbox_init(&p->done);
    int r = mailbox_attach(&p->done, base, deliver, p);
    if (r == 0)
        r = start_threads(p, n);
    if (r == 0)
        *out = p;
    else
        committer_free(p);
    return r;
}

struct committer *committer_free(struct committer *p)
{
    if (p == NULL)
        return NULL;
    for (int i = 0; i < LANES; i++)
        mailbox_shut(&p->lanes[i]);
    for (size_t i = 0; i < p->n; i++)
        pthread_join(p->threads[i].thread, NULL);
    for (int i = 0; i < LANES; i++)
        mailbox_end(&p->lanes[i], job_free);
    mailbox_end(&p->done, job_free);
    free(p);
    return NULL;
}

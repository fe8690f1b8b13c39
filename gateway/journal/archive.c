/* SPDX-License-Identifier: Apache-2.0 */
/* The archive's thread owns the connection, the batch, and the jobs that it has taken. The worker's
 * thread owns all other jobs. */
#include "gateway/journal/archive.h"

#include "gateway/journal/journal.h"
#include "shared/base/backoff.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/store/schema.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define TRIES_MAX 3
#define IDLE_US   1000000 /* interval of checks of an idle connection */
#define FAST_US   500000  /* a batch that took longer to fail is not repeated */
#define SAY_US    1000000 /* between two warnings about batches */

struct archive {
    pthread_t thread;
    struct mailbox jobs, *done;
    struct archive_metrics metrics;
    const struct db_config *config;
    struct backoff backoff;
    int64_t opened_us; /* when the connection was made */
    int64_t retry_us;  /* when not connected: the next try */
    int64_t said_us;
    struct archive_batch batch;
    struct lookup lookup;
    struct journal journal;
};

/* --- the thread: its connection --- */

/* disconnected: closes the connection, and logs that now and then. */
static void disconnected(struct archive *a, const char *what)
{
    char quoted[300];
    int64_t wait_ms = backoff_next(&a->backoff);
    if (backoff_is_news(&a->backoff))
        log_warning(what, "error=%s retry_ms=%d",
                    log_quote(a->lookup.db.error, quoted, sizeof quoted), (int)wait_ms);
    db_close(&a->lookup.db);
    metric_set(a->metrics.mariadb_up, 0);
    a->retry_us = clock_mono_us() + wait_ms * 1000;
}

/* connected: connects if necessary, at most once per backoff. Returns whether there is a
 * connection. */
static bool connected(struct archive *a)
{
    if (a->lookup.db.link != NULL)
        return true;
    if (clock_mono_us() < a->retry_us)
        return false;
    bool open = db_open(&a->lookup.db, a->config) == DB_OK;
    if (!open || schema_check(&a->lookup.db) != DB_OK) {
        disconnected(a, open ? "mariadb is of no use" : "mariadb is away");
        return false;
    }
    log_info("mariadb is up", "schema=%d", schema_known());
    a->opened_us = clock_mono_us();
    metric_set(a->metrics.mariadb_up, 1);
    return true;
}

/* --- the thread: a batch --- */

static void failed(struct archive *a, enum db_outcome outcome)
{
    char quoted[300];
    int64_t now_us = clock_mono_us();
    if (outcome == DB_LOST) {
        disconnected(a, "mariadb is lost");
    } else if (now_us - a->said_us >= SAY_US) {
        a->said_us = now_us;
        log_warning("mariadb does not take a round", "error=%s",
                    log_quote(a->lookup.db.error, quoted, sizeof quoted));
    }
}

/* work: does the batch. Two failures come at once and are worth another try, as asking and writing
 * twice does no harm: a deadlock, and a connection that was closed while idle. A server that hangs
 * is not asked twice. One that accepts connections and drops them meets the backoff. */
static void work(struct archive *a, enum archive_op op)
{
    struct archive_batch *batch = &a->batch;
    int64_t begun_us = clock_mono_us();
    bool unknown = false;
    for (int i = 0; i < TRIES_MAX && clock_mono_us() - begun_us < FAST_US && connected(a); i++) {
        archive_batch_arrange(batch);
        enum db_outcome outcome = op == ARCHIVE_ASK ? lookup_batch(&a->lookup, batch)
                                                    : journal_batch(&a->journal, batch, &unknown);
        if (outcome == DB_OK) {
            backoff_reset(&a->backoff);
            archive_batch_spread(batch);
            return;
        }
        failed(a, outcome);
        if (outcome == DB_LOST && i == 0 && begun_us - a->opened_us > IDLE_US)
            a->retry_us = 0;
    }
    archive_batch_fail(batch, unknown ? ARCHIVE_UNKNOWN : ARCHIVE_AWAY);
}

/* gather: moves the next batch of one kind out of `jobs`. */
static void gather(struct archive *a, enum archive_op op, struct mail_list *jobs)
{
    struct mail_list rest = STAILQ_HEAD_INITIALIZER(rest);
    a->batch.n = 0;
    for (struct mail *mail; (mail = STAILQ_FIRST(jobs)) != NULL;) {
        struct archive_job *job = (struct archive_job *)mail;
        STAILQ_REMOVE_HEAD(jobs, next);
        if (job->op != op || !archive_batch_add(&a->batch, job))
            STAILQ_INSERT_TAIL(&rest, mail, next);
    }
    STAILQ_CONCAT(jobs, &rest);
}

/* work_off: does all jobs of one kind, batch by batch. */
static void work_off(struct archive *a, enum archive_op op, struct mail_list *jobs)
{
    for (gather(a, op, jobs); a->batch.n > 0; gather(a, op, jobs)) {
        work(a, op);
        for (size_t i = 0; i < a->batch.n; i++)
            mailbox_put(a->done, &a->batch.jobs[i]->mail);
    }
}

/* --- the thread: its loop --- */

/* look_after: connects, or checks the connection, so that /readyz and the metrics are right even
 * without jobs. */
static void look_after(struct archive *a)
{
    if (connected(a) && db_exec(&a->lookup.db, "DO 0", NULL) == DB_LOST)
        disconnected(a, "mariadb is lost");
}

/* next_us: when to call look_after() if no jobs come. */
static int64_t next_us(const struct archive *a)
{
    return a->lookup.db.link != NULL ? clock_mono_us() + IDLE_US : a->retry_us;
}

static void *run(void *arg)
{
    struct archive *a = arg;
    mysql_thread_init();
    while (mailbox_wait(&a->jobs, next_us(a))) {
        struct mail_list jobs = STAILQ_HEAD_INITIALIZER(jobs);
        mailbox_take_all(&a->jobs, &jobs);
        if (STAILQ_EMPTY(&jobs))
            look_after(a);
        for (int op = 0; op < ARCHIVE_OPS; op++)
            work_off(a, (enum archive_op)op, &jobs);
    }
    db_close(&a->lookup.db);
    mysql_thread_end();
    return NULL;
}

/* --- the interface for the worker --- */

int archive_new(struct archive **out, const struct db_config *config, struct mailbox *done,
                const struct archive_metrics *metrics)
{
    struct archive *a = calloc(1, sizeof *a);
    if (a == NULL)
        return -ENOMEM;
    a->config = config;
    a->done = done;
    a->metrics = *metrics;
    a->backoff = (struct backoff){.first_ms = 100, .most_ms = 2000};
    mailbox_init(&a->jobs);
    journal_init(&a->journal, &a->lookup, &a->metrics);
    int r = -pthread_create(&a->thread, NULL, run, a);
    if (r == 0)
        *out = a;
    else
        free(a);
    return r;
}

struct archive *archive_free(struct archive *a)
{
    if (a == NULL)
        return NULL;
    mailbox_shut(&a->jobs);
    pthread_join(a->thread, NULL);
    mailbox_end(&a->jobs, NULL);
    free(a);
    return NULL;
}

void archive_put(struct archive *a, struct archive_job *job)
{
    mailbox_put(&a->jobs, &job->mail);
}

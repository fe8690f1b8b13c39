/* The archive's thread owns the connection, the round and the jobs it has taken; the worker's
 * thread owns all other jobs; `queue`, `done` and `stop` are guarded by the mutex. */
#include "gateway/journal/archive.h"

#include "gateway/journal/journal.h"
#include "shared/backoff.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/schema.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRIES_MAX 3
#define IDLE_US   1000000 /* between two looks at a connection that nobody uses */
#define FAST_US   500000  /* a round that took longer to fail is not tried again */
#define SAY_US    1000000 /* between two complaints about rounds */

struct archive {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct archive_list queue, done;
    bool stop;
    int done_fd;
    struct archive_metrics metrics;
    const struct db_config *config;
    struct backoff backoff;
    int64_t opened_us; /* when the last connection was made */
    int64_t retry_us;  /* not connected: when to try again */
    int64_t said_us;
    struct round round;
    struct lookup lookup;
    struct journal journal;
};

/* --- the thread: its connection --- */

/* disconnected: closes, and says so now and then. */
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

/* enter: a session that waits for nobody's gaps between rows, in a schema that fits. */
static enum db_outcome enter(struct archive *a)
{
    enum db_outcome outcome = schema_check(&a->lookup.db);
    if (outcome == DB_OK)
        outcome =
            db_exec(&a->lookup.db, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", NULL);
    return outcome;
}

/* connected: true when there is a connection; tries at most once a backoff. */
static bool connected(struct archive *a)
{
    if (a->lookup.db.link != NULL)
        return true;
    if (clock_mono_us() < a->retry_us)
        return false;
    if (db_open(&a->lookup.db, a->config) != DB_OK)
        return disconnected(a, "mariadb is away"), false;
    if (enter(a) != DB_OK)
        return disconnected(a, "mariadb is of no use"), false;
    log_info("mariadb is up", "schema=%d", schema_known());
    a->opened_us = clock_mono_us();
    metric_set(a->metrics.mariadb_up, 1);
    return true;
}

/* --- the thread: a round --- */

/* failed: what comes after a try that went wrong. */
static void failed(struct archive *a, enum db_outcome outcome)
{
    char quoted[300];
    int64_t now_us = clock_mono_us();
    if (outcome == DB_LOST) {
        disconnected(a, "mariadb is lost");
        return;
    }
    if (now_us - a->said_us < SAY_US)
        return;
    a->said_us = now_us;
    log_warning("mariadb does not take a round", "error=%s",
                log_quote(a->lookup.db.error, quoted, sizeof quoted));
}

/* work: does the round that was added. A connection that was closed while it idled fails at once,
 * and so does a deadlock: both are tried again, as asking and writing twice does no harm. A server
 * that hangs is not asked twice, and one that takes connections and drops them meets the backoff. */
static void work(struct archive *a, enum archive_op op)
{
    struct round *round = &a->round;
    int64_t begun_us = clock_mono_us();
    bool unknown = false;
    for (int i = 0; i < TRIES_MAX && clock_mono_us() - begun_us < FAST_US && connected(a); i++) {
        round_arrange(round);
        enum db_outcome outcome = op == ARCHIVE_ASK ? lookup_round(&a->lookup, round)
                                                    : journal_round(&a->journal, round, &unknown);
        if (outcome == DB_OK) {
            backoff_reset(&a->backoff);
            round_spread(round);
            return;
        }
        failed(a, outcome);
        if (outcome == DB_LOST && i == 0 && begun_us - a->opened_us > IDLE_US)
            a->retry_us = 0;
    }
    round_fail(round, unknown ? ARCHIVE_UNKNOWN : ARCHIVE_AWAY);
}

static void give_back(struct archive *a, struct archive_list *list)
{
    uint64_t one = 1;
    pthread_mutex_lock(&a->mutex);
    STAILQ_CONCAT(&a->done, list);
    pthread_mutex_unlock(&a->mutex);
    if (write(a->done_fd, &one, sizeof one) < 0)
        return; /* only when the counter is full: then the worker is to wake up already */
}

/* work_off: all jobs of one kind, round by round. */
static void work_off(struct archive *a, enum archive_op op, struct archive_list *jobs)
{
    while (!STAILQ_EMPTY(jobs)) {
        struct archive_list list = STAILQ_HEAD_INITIALIZER(list);
        a->round.n = 0;
        for (struct archive_job *job;
             (job = STAILQ_FIRST(jobs)) != NULL && round_add(&a->round, job);) {
            STAILQ_REMOVE_HEAD(jobs, next);
            STAILQ_INSERT_TAIL(&list, job, next);
        }
        work(a, op);
        give_back(a, &list);
    }
}

/* --- the thread: its loop --- */

/* take_work: waits for jobs; also returns, with an empty list, when it is time to look after the
 * connection. False: stop. */
static bool take_work(struct archive *a, struct archive_list *list)
{
    int64_t until_us = a->lookup.db.link != NULL ? clock_mono_us() + IDLE_US : a->retry_us;
    struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    bool late = false;
    pthread_mutex_lock(&a->mutex);
    while (STAILQ_EMPTY(&a->queue) && !a->stop && !late)
        late = pthread_cond_timedwait(&a->wake, &a->mutex, &until) == ETIMEDOUT;
    bool go_on = !a->stop;
    STAILQ_CONCAT(list, &a->queue);
    pthread_mutex_unlock(&a->mutex);
    return go_on;
}

/* look_after: opens the connection, or finds out whether it is still there: /readyz and the metrics
 * are to tell even when nobody asks for anything. */
static void look_after(struct archive *a)
{
    if (connected(a) && db_exec(&a->lookup.db, "DO 0", NULL) == DB_LOST)
        disconnected(a, "mariadb is lost");
}

static void *run(void *arg)
{
    struct archive *a = arg;
    mysql_thread_init();
    for (;;) {
        struct archive_list all = STAILQ_HEAD_INITIALIZER(all), lists[ARCHIVE_OPS];
        for (int op = 0; op < ARCHIVE_OPS; op++)
            STAILQ_INIT(&lists[op]);
        if (!take_work(a, &all))
            break;
        if (STAILQ_EMPTY(&all))
            look_after(a);
        for (struct archive_job *job; (job = STAILQ_FIRST(&all)) != NULL;) {
            STAILQ_REMOVE_HEAD(&all, next);
            STAILQ_INSERT_TAIL(&lists[job->op], job, next);
        }
        for (int op = 0; op < ARCHIVE_OPS; op++)
            work_off(a, (enum archive_op)op, &lists[op]);
    }
    db_close(&a->lookup.db);
    mysql_thread_end();
    return NULL;
}

/* --- what the worker calls --- */

static int start_thread(struct archive *a)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&a->wake, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&a->mutex, NULL);
    return -pthread_create(&a->thread, NULL, run, a);
}

int archive_new(struct archive **out, const struct db_config *config, int done_fd,
                const struct archive_metrics *metrics)
{
    struct archive *a = calloc(1, sizeof *a);
    if (a == NULL)
        return -ENOMEM;
    a->config = config;
    a->done_fd = done_fd;
    a->metrics = *metrics;
    a->backoff = (struct backoff){.first_ms = 100, .most_ms = 2000};
    STAILQ_INIT(&a->queue);
    STAILQ_INIT(&a->done);
    journal_init(&a->journal, &a->lookup, &a->metrics);
    int r = start_thread(a);
    if (r < 0)
        return free(a), r;
    *out = a;
    return 0;
}

struct archive *archive_free(struct archive *a)
{
    if (a == NULL)
        return NULL;
    pthread_mutex_lock(&a->mutex);
    a->stop = true;
    pthread_cond_signal(&a->wake);
    pthread_mutex_unlock(&a->mutex);
    pthread_join(a->thread, NULL);
    pthread_cond_destroy(&a->wake);
    pthread_mutex_destroy(&a->mutex);
    free(a);
    return NULL;
}

void archive_put(struct archive *a, struct archive_job *job)
{
    pthread_mutex_lock(&a->mutex);
    STAILQ_INSERT_TAIL(&a->queue, job, next);
    pthread_cond_signal(&a->wake);
    pthread_mutex_unlock(&a->mutex);
}

void archive_take(struct archive *a, struct archive_list *list)
{
    pthread_mutex_lock(&a->mutex);
    STAILQ_CONCAT(list, &a->done);
    pthread_mutex_unlock(&a->mutex);
}

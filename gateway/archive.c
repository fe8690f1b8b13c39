/* The archive's thread owns the connection and the jobs it has taken; the worker's thread owns all
 * other jobs; `queue`, `done`, `n_queue` and `stop` are guarded by the mutex. */
#include "gateway/archive.h"

#include "shared/backoff.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/schema.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define QUEUE_MAX 4096
#define CHUNK_MAX 100 /* names in one SELECT */
#define FAST_US   500000
#define SQL_SIZE  (512 + CHUNK_MAX * (2 * CAMPAIGN_NAME_MAX + 4))

struct archive {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct archive_list queue, done;
    size_t n_queue;
    bool stop;
    int done_fd;
    metric_value *up;
    const struct db_config *config;
    struct db db;
    struct backoff backoff;
    int64_t retry_us; /* not connected: when to try again */
    char sql[SQL_SIZE];
};

/* --- the thread: its connection --- */

/* disconnected: closes, and says so once. */
static void disconnected(struct archive *a, const char *what)
{
    char quoted[300];
    int64_t wait_ms = backoff_next(&a->backoff);
    if (a->backoff.tries == 1)
        log_warning(what, "error=%s retry_ms=%d", log_quote(a->db.error, quoted, sizeof quoted),
                    (int)wait_ms);
    db_close(&a->db);
    metric_set(a->up, 0);
    a->retry_us = clock_mono_us() + wait_ms * 1000;
}

/* connected: true when there is a connection to a schema that fits; tries at most once a backoff.
 */
static bool connected(struct archive *a)
{
    if (a->db.link != NULL)
        return true;
    if (clock_mono_us() < a->retry_us)
        return false;
    if (db_open(&a->db, a->config) != DB_OK)
        return disconnected(a, "mariadb is away"), false;
    if (schema_check(&a->db) != DB_OK)
        return disconnected(a, "mariadb is of no use"), false;
    log_info("mariadb is up", "schema=%d", schema_known());
    backoff_reset(&a->backoff);
    metric_set(a->up, 1);
    return true;
}

/* query: one SELECT. A connection that was closed while it idled fails at once, and is opened again
 * once: reading twice does no harm. A server that hangs is not asked twice. */
static enum db_outcome query(struct archive *a, MYSQL_RES **rows)
{
    enum db_outcome outcome = DB_LOST;
    int64_t begun_us = clock_mono_us();
    for (int i = 0; i < 2 && outcome == DB_LOST && connected(a); i++) {
        outcome = db_query(&a->db, a->sql, rows);
        if (outcome == DB_LOST)
            disconnected(a, "mariadb is lost");
        if (outcome == DB_LOST && i == 0 && clock_mono_us() - begun_us < FAST_US)
            a->retry_us = 0;
    }
    return outcome;
}

/* --- the thread: the two questions --- */

static int64_t number(const char *text)
{
    return text != NULL ? strtoll(text, NULL, 10) : 0;
}

static void take_campaign(struct archive_job *job, MYSQL_ROW row)
{
    if (campaign_state_parse(row[2], &job->state) < 0)
        return;
    job->answer = ARCHIVE_FOUND;
    job->id = number(row[0]);
    job->quota = number(row[3]);
    job->granted = number(row[4]);
    job->opens_us = number(row[5]);
    job->closes_us = number(row[6]);
}

static int write_campaign_query(struct archive *a, struct archive_job *const *jobs, size_t n)
{
    int len = snprintf(a->sql, sizeof a->sql,
                       "SELECT id, name, state, quota, granted, "
                       "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', opens_at), "
                       "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', closes_at) "
                       "FROM campaigns WHERE name IN (");
    for (size_t i = 0; i < n; i++) /* a valid name needs no escaping */
        len += snprintf(a->sql + len, sizeof a->sql - (size_t)len, "%s'%s'", i > 0 ? "," : "",
                        jobs[i]->name);
    return len + snprintf(a->sql + len, sizeof a->sql - (size_t)len, ")");
}

/* find_campaigns: one SELECT for up to CHUNK_MAX jobs. False: MariaDB does not answer. */
static bool find_campaigns(struct archive *a, struct archive_job *const *jobs, size_t n)
{
    MYSQL_RES *rows;
    write_campaign_query(a, jobs, n);
    if (query(a, &rows) != DB_OK)
        return false;
    for (size_t i = 0; i < n; i++)
        jobs[i]->answer = ARCHIVE_NOTHING;
    for (MYSQL_ROW row; (row = mysql_fetch_row(rows)) != NULL;) {
        for (size_t i = 0; i < n; i++) {
            if (strcmp(jobs[i]->name, row[1]) == 0)
                take_campaign(jobs[i], row);
        }
    }
    mysql_free_result(rows);
    return true;
}

static bool find_grant(struct archive *a, struct archive_job *job)
{
    MYSQL_RES *rows;
    snprintf(a->sql, sizeof a->sql,
             "SELECT serial, code, ticket FROM coupons WHERE campaign_id = %" PRId64
             " AND user_id = '%s'",
             job->id, job->user);
    if (query(a, &rows) != DB_OK) {
        job->answer = ARCHIVE_AWAY;
        return false;
    }
    MYSQL_ROW row = mysql_fetch_row(rows);
    job->has_grant = row != NULL;
    if (row != NULL) {
        job->serial = (uint32_t)number(row[0]);
        snprintf(job->code, sizeof job->code, "%s", row[1]);
        job->ticket = strtoull(row[2], NULL, 10);
    }
    mysql_free_result(rows);
    return true;
}

/* find_grants: of those whose campaign was found. Once MariaDB fails, the rest is not asked for. */
static bool find_grants(struct archive *a, struct archive_job *const *jobs, size_t n)
{
    bool good = true;
    for (size_t i = 0; i < n; i++) {
        if (jobs[i]->answer != ARCHIVE_FOUND || jobs[i]->user == NULL)
            continue;
        if (good)
            good = find_grant(a, jobs[i]);
        else
            jobs[i]->answer = ARCHIVE_AWAY;
    }
    return good;
}

/* work: one round. Jobs begin as ARCHIVE_AWAY, and stay so when a question before them failed: a
 * round waits for at most one that hangs. */
static void work(struct archive *a, struct archive_list *list)
{
    struct archive_job *jobs[CHUNK_MAX], *job = STAILQ_FIRST(list);
    bool good = true;
    while (job != NULL && good) {
        size_t n = 0;
        for (; job != NULL && n < CHUNK_MAX; job = STAILQ_NEXT(job, next))
            jobs[n++] = job;
        good = find_campaigns(a, jobs, n) && find_grants(a, jobs, n);
    }
}

/* --- the thread: its loop --- */

/* take_work: waits for jobs; also returns, with an empty list, when it is time to reconnect. False:
 * stop. */
static bool take_work(struct archive *a, struct archive_list *list)
{
    pthread_mutex_lock(&a->mutex);
    while (STAILQ_EMPTY(&a->queue) && !a->stop) {
        struct timespec until = {.tv_sec = a->retry_us / 1000000,
                                 .tv_nsec = a->retry_us % 1000000 * 1000};
        if (a->db.link != NULL)
            pthread_cond_wait(&a->wake, &a->mutex);
        else if (pthread_cond_timedwait(&a->wake, &a->mutex, &until) == ETIMEDOUT)
            break;
    }
    bool go_on = !a->stop;
    STAILQ_CONCAT(list, &a->queue);
    a->n_queue = 0;
    pthread_mutex_unlock(&a->mutex);
    return go_on;
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

static void *run(void *arg)
{
    struct archive *a = arg;
    mysql_thread_init();
    for (;;) {
        struct archive_list list = STAILQ_HEAD_INITIALIZER(list);
        if (!take_work(a, &list))
            break;
        connected(a);
        work(a, &list);
        if (!STAILQ_EMPTY(&list))
            give_back(a, &list);
    }
    db_close(&a->db);
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

int archive_new(struct archive **out, const struct db_config *config, int done_fd, metric_value *up)
{
    struct archive *a = calloc(1, sizeof *a);
    if (a == NULL)
        return -ENOMEM;
    a->config = config;
    a->done_fd = done_fd;
    a->up = up;
    a->backoff = (struct backoff){.first_ms = 100, .most_ms = 2000};
    STAILQ_INIT(&a->queue);
    STAILQ_INIT(&a->done);
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

int archive_put(struct archive *a, struct archive_job *job)
{
    int r = -EAGAIN;
    pthread_mutex_lock(&a->mutex);
    if (a->n_queue < QUEUE_MAX) {
        job->answer = ARCHIVE_AWAY;
        job->has_grant = false;
        STAILQ_INSERT_TAIL(&a->queue, job, next);
        a->n_queue++;
        pthread_cond_signal(&a->wake);
        r = 0;
    }
    pthread_mutex_unlock(&a->mutex);
    return r;
}

void archive_take(struct archive *a, struct archive_list *list)
{
    pthread_mutex_lock(&a->mutex);
    STAILQ_CONCAT(list, &a->done);
    pthread_mutex_unlock(&a->mutex);
}

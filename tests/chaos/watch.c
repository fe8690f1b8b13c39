/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/watch.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES_MAX 100000

struct sample {
    int64_t at_us;
    uint64_t granted, epoch;
};

struct watch {
    struct db_config config;
    char sql[256];
    pthread_t thread;
    atomic_bool stop;
    atomic_int owner;
    atomic_uint_fast64_t epoch;
    size_t n;
    struct sample samples[SAMPLES_MAX];
};

/* pid_of: the pid in "host.pid.random"; the host may contain dots. */
static int pid_of(char *owner)
{
    char *dot = strrchr(owner, '.');
    if (dot == NULL)
        return 0;
    *dot = '\0';
    dot = strrchr(owner, '.');
    return dot != NULL ? atoi(dot + 1) : 0;
}

static void note(struct watch *w, MYSQL_ROW row)
{
    enum { GRANTED, EPOCH, OWNER };
    struct sample s = {.at_us = clock_mono_us(),
                       .granted = strtoull(row[GRANTED], NULL, 10),
                       .epoch = strtoull(row[EPOCH], NULL, 10)};
    atomic_store(&w->owner, pid_of(row[OWNER]));
    atomic_store(&w->epoch, s.epoch);
    if (w->n == SAMPLES_MAX || (w->n > 0 && w->samples[w->n - 1].granted == s.granted))
        return;
    w->samples[w->n++] = s;
}

static void look(struct watch *w, struct db *db)
{
    MYSQL_RES *rows;
    if (db->link == NULL && db_open(db, &w->config) != DB_OK)
        return;
    if (db_query(db, w->sql, &rows) != DB_OK) {
        db_close(db);
        return;
    }
    MYSQL_ROW row = mysql_fetch_row(rows);
    if (row != NULL)
        note(w, row);
    mysql_free_result(rows);
}

static void *run(void *arg)
{
    struct watch *w = arg;
    struct db db = {0};
    mysql_thread_init();
    for (; !atomic_load(&w->stop); wait_a_moment())
        look(w, &db);
    db_close(&db);
    mysql_thread_end();
    return NULL;
}

struct watch *watch_start(const struct db_config *config, const char *campaign)
{
    struct watch *w = calloc(1, sizeof *w);
    if (w == NULL)
        test_fail_start("watch: out of memory");
    w->config = *config;
    snprintf(w->sql, sizeof w->sql, "SELECT granted, epoch, owner FROM campaigns WHERE name = '%s'",
             campaign);
    if (pthread_create(&w->thread, NULL, run, w) != 0)
        test_fail_start("watch: no thread");
    return w;
}

void watch_stop(struct watch *w)
{
    atomic_store(&w->stop, true);
    pthread_join(w->thread, NULL);
}

struct watch *watch_free(struct watch *w)
{
    free(w);
    return NULL;
}

pid_t watch_owner(const struct watch *w, uint64_t *epoch)
{
    *epoch = atomic_load(&w->epoch);
    return atomic_load(&w->owner);
}

int64_t watch_next_grant(const struct watch *w, int64_t after_us, uint64_t epoch)
{
    for (size_t i = 0; i < w->n; i++) {
        if (w->samples[i].at_us > after_us && w->samples[i].epoch >= epoch)
            return w->samples[i].at_us;
    }
    return -1;
}

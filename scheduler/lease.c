/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/lease.h"

#include "scheduler/metrics.h"
#include "shared/base/backoff.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/store/schema.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_MS     500
#define RENOUNCE_MAX 1024 /* per round */
#define CAMPAIGN_MAX 10000
#define STEPS_MOST   6   /* statements between two signs of life; a row takes at most four */
#define WRITES_MAX   100 /* per transaction: it locks rows that batches wait for */

/* The longest lease that can be configured. If one lasts longer, the clock has been set back since
 * it was taken. */
#define LEASE_MOST_US INT64_C(60000000)

/* MariaDB's error: it undid this statement, but not the transaction. */
#define LOCK_WAIT_TIMEOUT 1205

/* clang-format off */
/* UNIX_TIMESTAMP() ends in 2038. */
#define US(column) "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', " column ")"
#define ROWS_SQL \
    "SELECT id, name, quota, overflow, state, " US("opens_at") ", " \
    "COALESCE(" US("closes_at") ", 0), owner, epoch, " \
    "TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), lease_until), " \
    "state = 'scheduled' AND opens_at <= UTC_TIMESTAMP(6), " \
    "state <> 'closed' AND closes_at <= UTC_TIMESTAMP(6), " \
    "EXISTS (SELECT 1 FROM journal WHERE journal.campaign_id = campaigns.id), " \
    "granted, instant_wait_ms " \
    "FROM campaigns WHERE state <> 'settled' ORDER BY id LIMIT 10000"
/* The limit keeps counting cheap. */
#define JOURNAL_SQL "SELECT COUNT(*) FROM (SELECT 1 FROM journal LIMIT 100000) AS some"
/* clang-format on */

struct renounced {
    struct mail mail;
    uint32_t id;
    uint64_t epoch;
};

struct lease_keeper {
    struct db_config db_config;
    int64_t lease_us, round_us;
    const char *owner;
    void (*on_rows)(void *arg, struct lease_keeper_rows *rows);
    void *arg;
    struct mailbox renounced;
    struct mailbox rows; /* of the last round, until the loop takes them */
    pthread_t thread;
    bool started;
    _Atomic int64_t last_round_us, step_us; /* step: the thread's last sign of life */
    int64_t patience_us;

    struct db db;    /* the thread's */
    unsigned writes; /* in the transaction under way */
    struct backoff backoff;
};

/* --- a round; the lease keeper's thread --- */

/* db_do: formats and executes a statement; `changed` may be NULL. */
#define db_do(k, changed, ...)                                                                     \
    (db_format(&(k)->db, sql, sizeof sql, __VA_ARGS__) < 0 ? DB_REFUSED                            \
                                                           : db_exec(&(k)->db, sql, changed))

static enum db_outcome give_back(struct lease_keeper *k)
{
    char sql[512];
    enum db_outcome outcome = DB_OK;
    for (int i = 0; i < RENOUNCE_MAX && outcome == DB_OK; i++) {
        struct renounced *r = (struct renounced *)mailbox_take(&k->renounced);
        if (r == NULL)
            break;
        k->step_us = clock_mono_us();
        outcome = db_do(
            k, NULL, "UPDATE campaigns SET owner = '' WHERE id = %d AND owner = %s AND epoch = %d",
            (int64_t)r->id, k->owner, (int64_t)r->epoch);
        free(r);
    }
    return outcome;
}

/* A row, with what MariaDB's clock says about it. */
struct seen {
    struct campaign_row row;
    int64_t left_us; /* of the lease, whoever holds it */
    bool to_open, to_close;
};

static int parse_seen(const struct lease_keeper *k, char **v, struct seen *seen)
{
    struct campaign_row *row = &seen->row;
    memset(seen, 0, sizeof *seen);
    row->id = (uint32_t)strtoul(v[0], NULL, 10);
    snprintf(row->name, sizeof row->name, "%s", v[1]);
    row->quota = strtoll(v[2], NULL, 10);
    row->overflow = strtoll(v[3], NULL, 10);
    row->opens_us = strtoll(v[5], NULL, 10);
    row->closes_us = strtoll(v[6], NULL, 10);
    row->mine = strcmp(v[7], k->owner) == 0;
    row->epoch = strtoull(v[8], NULL, 10);
    seen->left_us = v[7][0] == '\0' ? -1 : strtoll(v[9], NULL, 10);
    seen->to_open = v[10][0] == '1';
    row->journal = v[12][0] == '1';
    row->granted = strtoll(v[13], NULL, 10);
    row->instant_wait_ms = strtoll(v[14], NULL, 10);
    seen->to_close = v[11] != NULL && v[11][0] == '1';
    return campaign_state_parse(v[4], &row->state);
}

/* write_row: runs an UPDATE in a transaction. */
#define write_row(k, changed, ...) (begin(k) != DB_OK ? DB_LOST : db_do(k, changed, __VA_ARGS__))

static enum db_outcome commit(struct lease_keeper *k)
{
    if (k->writes == 0)
        return DB_OK;
    k->writes = 0;
    return mysql_commit(k->db.link) == 0 ? DB_OK : db_fail(&k->db, NULL);
}

/* begin: opens a transaction if there is none, or if the last one is full. */
static enum db_outcome begin(struct lease_keeper *k)
{
    enum db_outcome outcome = k->writes >= WRITES_MAX ? commit(k) : DB_OK;
    if (outcome == DB_OK && k->writes == 0)
        outcome = db_exec(&k->db, "START TRANSACTION", NULL);
    k->writes++;
    return outcome;
}

/* move_state: opens or closes a campaign whose time has come. Another scheduler may have been
 * first. */
static enum db_outcome move_state(struct lease_keeper *k, struct seen *seen)
{
    char sql[512];
    enum campaign_state to = seen->to_close ? CAMPAIGN_CLOSED : CAMPAIGN_OPEN;
    if (!seen->to_close && !seen->to_open)
        return DB_OK;
    enum db_outcome outcome = write_row(
        k, NULL, "UPDATE campaigns SET state = %s WHERE id = %d AND state = %s",
        campaign_state_text(to), (int64_t)seen->row.id, campaign_state_text(seen->row.state));
    if (outcome == DB_OK) {
        log_info(seen->to_close ? "campaign closes" : "campaign opens", "name=%s", seen->row.name);
        seen->row.state = to;
    }
    return outcome;
}

/* lasts: is enough of the lease left that this round need not renew it? */
static bool lasts(const struct lease_keeper *k, const struct seen *seen)
{
    if (seen->row.mine)
        return seen->left_us > k->lease_us * 2 / 3 && seen->left_us <= k->lease_us;
    return seen->left_us >= 0 && seen->left_us <= LEASE_MOST_US;
}

/* keep: renews our lease once a third of its time has passed, and takes one that is free or
 * impossibly long. row.mine tells whether it is ours now. */
static enum db_outcome keep(struct lease_keeper *k, struct seen *seen)
{
    struct campaign_row *row = &seen->row;
    char sql[512];
    uint64_t changed = 0;
    int64_t before_us = clock_mono_us();
    if (lasts(k, seen))
        return DB_OK;
    enum db_outcome outcome =
        write_row(k, &changed,
                  "UPDATE campaigns SET owner = %s, epoch = epoch + %d, "
                  "lease_until = UTC_TIMESTAMP(6) + INTERVAL %d MICROSECOND "
                  "WHERE id = %d AND epoch = %d AND (owner = %s OR owner = '' OR "
                  "lease_until < UTC_TIMESTAMP(6) OR "
                  "lease_until > UTC_TIMESTAMP(6) + INTERVAL %d MICROSECOND)",
                  k->owner, (int64_t)(row->mine ? 0 : 1), k->lease_us, (int64_t)row->id,
                  (int64_t)row->epoch, k->owner, LEASE_MOST_US);
    if (outcome != DB_OK)
        return outcome;
    if (changed == 1 && !row->mine) {
        row->epoch++;
        metric_add(&scheduler_metrics.takeovers, 1);
    }
    row->mine = changed == 1;
    row->lease_until_us = before_us + k->lease_us;
    return DB_OK;
}

/* passed_by: is this row locked, perhaps by a scheduler that is stopped? It waits for the next
 * round; the others do not. Rows written before stay in the transaction. */
static bool passed_by(struct lease_keeper *k, enum db_outcome outcome)
{
    return outcome == DB_BUSY && k->db.link != NULL && mysql_errno(k->db.link) == LOCK_WAIT_TIMEOUT;
}

/* each_row: processes the rows. The loop gets nothing before all of it is committed. */
static enum db_outcome each_row(struct lease_keeper *k, int64_t asked_us, MYSQL_RES *from,
                                struct lease_keeper_rows *rows)
{
    enum db_outcome outcome = DB_OK;
    struct seen seen;
    k->writes = 0;
    for (MYSQL_ROW v;
         outcome == DB_OK && rows->n < CAMPAIGN_MAX && (v = mysql_fetch_row(from)) != NULL;) {
        if (parse_seen(k, v, &seen) < 0) {
            log_error("a campaign has a state that nobody knows", "id=%" PRIu32 " name=%s",
                      seen.row.id, seen.row.name);
            continue;
        }
        k->step_us = clock_mono_us();
        seen.row.lease_until_us = asked_us + seen.left_us;
        seen.row.read_us = asked_us;
        outcome = move_state(k, &seen);
        if (outcome == DB_OK)
            outcome = keep(k, &seen);
        if (passed_by(k, outcome))
            outcome = DB_OK;
        rows->rows[rows->n++] = seen.row;
    }
    return outcome == DB_OK ? commit(k) : outcome;
}

static enum db_outcome read_rows(struct lease_keeper *k, struct lease_keeper_rows **out)
{
    MYSQL_RES *from;
    int64_t asked_us = clock_mono_us();
    enum db_outcome outcome = db_query(&k->db, ROWS_SQL, &from);
    if (outcome != DB_OK)
        return outcome;
    struct lease_keeper_rows *rows =
        malloc(sizeof *rows + mysql_num_rows(from) * sizeof rows->rows[0]);
    if (rows != NULL)
        rows->n = 0;
    outcome = rows != NULL ? each_row(k, asked_us, from, rows) : DB_BUSY;
    mysql_free_result(from);
    if (outcome == DB_OK)
        *out = rows;
    else
        free(rows);
    return outcome;
}

/* count_journal: counts its rows, for the metrics. */
static enum db_outcome count_journal(struct lease_keeper *k, const struct lease_keeper_rows *rows)
{
    MYSQL_RES *from;
    MYSQL_ROW v;
    bool some = false;
    for (size_t i = 0; i < rows->n && !some; i++)
        some = rows->rows[i].journal;
    if (!some) {
        metric_set(&scheduler_metrics.journal_rows, 0);
        return DB_OK;
    }
    enum db_outcome outcome = db_query(&k->db, JOURNAL_SQL, &from);
    if (outcome != DB_OK)
        return outcome;
    if ((v = mysql_fetch_row(from)) != NULL)
        metric_set(&scheduler_metrics.journal_rows, strtoll(v[0], NULL, 10));
    mysql_free_result(from);
    return DB_OK;
}

/* hand_over: replaces rows that the loop has not taken; they are out of date. */
static void hand_over(struct lease_keeper *k, struct lease_keeper_rows *rows)
{
    free((struct lease_keeper_rows *)mailbox_take(&k->rows));
    mailbox_put(&k->rows, &rows->mail);
}

static enum db_outcome connect_keeper(struct lease_keeper *k)
{
    if (k->db.link != NULL)
        return DB_OK;
    enum db_outcome outcome = db_open(&k->db, &k->db_config);
    if (outcome == DB_OK)
        outcome = db_exec(&k->db, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", NULL);
    if (outcome == DB_OK)
        outcome = db_exec(&k->db, "SET SESSION innodb_lock_wait_timeout = 1", NULL);
    if (outcome == DB_OK)
        outcome = schema_check(&k->db);
    return outcome;
}

static enum db_outcome lease_keeper_round(struct lease_keeper *k)
{
    struct lease_keeper_rows *rows;
    enum db_outcome outcome = connect_keeper(k);
    if (outcome == DB_OK)
        outcome = give_back(k);
    if (outcome == DB_OK)
        outcome = read_rows(k, &rows);
    if (outcome != DB_OK)
        return outcome;
    outcome = count_journal(k, rows);
    hand_over(k, rows);
    return outcome;
}

/* --- the thread --- */

/* wait_for: waits until the time is over, or, if the last round succeeded, until a lease is
 * renounced. False: stop. */
static bool wait_for(struct lease_keeper *k, int64_t us)
{
    int64_t until_us = clock_mono_us() + us;
    return k->backoff.tries > 0 ? mailbox_sleep(&k->renounced, until_us)
                                : mailbox_wait(&k->renounced, until_us);
}

static int64_t after_round(struct lease_keeper *k, enum db_outcome outcome)
{
    char quoted[300];
    metric_set(&scheduler_metrics.mariadb_up, outcome == DB_OK);
    if (outcome == DB_OK) {
        backoff_reset(&k->backoff);
        k->last_round_us = clock_mono_us();
        metric_add(&scheduler_metrics.keeper_rounds, 1);
        return k->round_us;
    }
    metric_add(&scheduler_metrics.keeper_failures, 1);
    int64_t wait_ms = backoff_next(&k->backoff);
    if (backoff_is_news(&k->backoff))
        log_error("the leases cannot be kept", "error=%s retry_ms=%d",
                  log_quote(k->db.error, quoted, sizeof quoted), (int)wait_ms);
    db_close(&k->db);
    return wait_ms * 1000;
}

static void give_all_back(struct lease_keeper *k)
{
    char sql[256];
    if (connect_keeper(k) != DB_OK ||
        db_do(k, NULL, "UPDATE campaigns SET owner = '' WHERE owner = %s", k->owner) != DB_OK)
        log_warning("the leases could not be given back; they expire by themselves", "owner=%s",
                    k->owner);
}

static void *lease_keeper_main(void *arg)
{
    struct lease_keeper *k = arg;
    mysql_thread_init();
    do
        k->step_us = clock_mono_us();
    while (wait_for(k, after_round(k, lease_keeper_round(k))));
    give_all_back(k);
    db_close(&k->db);
    mysql_thread_end();
    return NULL;
}

/* --- in the loop's thread --- */

static void deliver(void *arg, struct mail *mail)
{
    struct lease_keeper *k = arg;
    k->on_rows(k->arg, (struct lease_keeper_rows *)mail);
}

void lease_keeper_renounce(struct world *world, struct campaign *campaign, uint64_t epoch)
{
    struct renounced *r = malloc(sizeof *r);
    metric_add(&scheduler_metrics.renounced, 1);
    if (r == NULL)
        return; /* tried again after the next round */
    *r = (struct renounced){.id = campaign->row.id, .epoch = epoch};
    mailbox_put(&world->lease_keeper->renounced, &r->mail);
}

bool lease_keeper_fresh(const struct lease_keeper *k)
{
    return k->last_round_us != 0 && clock_mono_us() - k->last_round_us < k->lease_us;
}

bool lease_keeper_moves(const struct lease_keeper *k)
{
    return clock_mono_us() - k->step_us < k->patience_us;
}

static int keeper_start(struct lease_keeper *k, struct event_base *base)
{
    mailbox_init(&k->renounced);
    mailbox_init(&k->rows);
    int r = mailbox_attach(&k->rows, base, deliver, k);
    if (r == 0)
        r = -pthread_create(&k->thread, NULL, lease_keeper_main, k);
    k->started = r == 0;
    return r;
}

int lease_keeper_new(struct lease_keeper **out, struct event_base *base,
                     const struct scheduler_config *config, const char *owner,
                     void (*on_rows)(void *arg, struct lease_keeper_rows *rows), void *arg)
{
    struct lease_keeper *k = calloc(1, sizeof *k);
    if (k == NULL)
        return -ENOMEM;
    k->db_config = config->mariadb;
    k->lease_us = config->lease_ms * 1000;
    k->round_us = config->lease_ms / 4 < ROUND_MS ? config->lease_ms * 250 : ROUND_MS * 1000;
    k->step_us = clock_mono_us();
    k->patience_us = (config->mariadb.connect_timeout_ms +
                      STEPS_MOST * (config->mariadb.query_timeout_ms + 1000)) *
                     1000; /* the socket's deadlines are whole seconds */
    k->owner = owner;
    k->on_rows = on_rows;
    k->arg = arg;
    k->backoff = (struct backoff){.first_ms = 50, .most_ms = 1000};
    int r = keeper_start(k, base);
    if (r == 0)
        *out = k;
    else
        lease_keeper_free(k);
    return r;
}

/* end_box: all that lies in it begins with its mail. */
static void end_box(struct mailbox *box)
{
    for (struct mail *mail; (mail = mailbox_take(box)) != NULL;)
        free(mail);
    mailbox_end(box);
}

struct lease_keeper *lease_keeper_free(struct lease_keeper *k)
{
    if (k == NULL)
        return NULL;
    mailbox_shut(&k->renounced);
    if (k->started)
        pthread_join(k->thread, NULL);
    end_box(&k->renounced);
    end_box(&k->rows);
    free(k);
    return NULL;
}

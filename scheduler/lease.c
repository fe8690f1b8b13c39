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
#include <stdlib.h>
#include <string.h>

#define ROUND_MS     500
#define RENOUNCE_MAX 1024 /* per round */
#define STEPS_MOST   6    /* statements between two signs of life; a row takes at most four */
#define WRITES_MAX   100  /* per transaction: it locks rows that batches wait for */

/* The longest lease that can be configured. If one lasts longer, the clock has been set back since
 * it was taken. */
#define LEASE_MOST_US INT64_C(60000000)

/* MariaDB's error: it undid this statement, but not the transaction. */
#define LOCK_WAIT_TIMEOUT 1205

#define ROWS_SQL CAMPAIGN_ROW_SELECT_JOURNAL " WHERE state <> 'settled' ORDER BY id LIMIT 10000"
/* The limit keeps counting cheap. */
#define JOURNAL_SQL "SELECT COUNT(*) FROM (SELECT 1 FROM journal LIMIT 100000) AS some"

struct renounced {
    struct mail mail;
    int64_t id;
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

static enum db_outcome give_back(struct lease_keeper *k)
{
    enum db_outcome outcome = DB_OK;
    for (int i = 0; i < RENOUNCE_MAX && outcome == DB_OK; i++) {
        struct renounced *r = (struct renounced *)mailbox_take(&k->renounced);
        if (r == NULL)
            break;
        k->step_us = clock_mono_us();
        outcome = db_execf(&k->db, NULL,
                           "UPDATE campaigns SET owner = '' WHERE id = %" PRId64
                           " AND owner = %s AND epoch = %" PRIu64,
                           r->id, k->owner, r->epoch);
        free(r);
    }
    return outcome;
}

static enum db_outcome commit(struct lease_keeper *k)
{
    if (k->writes == 0)
        return DB_OK;
    k->writes = 0;
    return mysql_commit(k->db.link) == 0 ? DB_OK : db_fail(&k->db, NULL);
}

/* begin: opens a transaction if there is none, or if the last one is full. Returns DB_OK or
 * DB_LOST: the rows written so far may be undone. */
static enum db_outcome begin(struct lease_keeper *k)
{
    enum db_outcome outcome = k->writes >= WRITES_MAX ? commit(k) : DB_OK;
    if (outcome == DB_OK && k->writes == 0)
        outcome = db_exec(&k->db, "START TRANSACTION", NULL);
    k->writes++;
    return outcome == DB_OK ? DB_OK : DB_LOST;
}

/* move_state: opens or closes a campaign whose time has come. Another scheduler may have been
 * first. */
static enum db_outcome move_state(struct lease_keeper *k, struct campaign_row *row)
{
    bool closes = row->closes_us != 0 && row->closes_us <= row->now_us;
    enum campaign_state from = row->state, to = closes ? CAMPAIGN_CLOSED : CAMPAIGN_OPEN;
    bool opens = from == CAMPAIGN_SCHEDULED && row->opens_us <= row->now_us;
    if (from == CAMPAIGN_CLOSED || (!closes && !opens))
        return DB_OK;
    enum db_outcome outcome = begin(k);
    if (outcome == DB_OK)
        outcome = db_execf(&k->db, NULL,
                           "UPDATE campaigns SET state = %s WHERE id = %" PRId64 " AND state = %s",
                           campaign_state_text(to), row->id, campaign_state_text(from));
    if (outcome == DB_OK) {
        log_info(closes ? "campaign closes" : "campaign opens", "name=%s", row->name);
        row->state = to;
    }
    return outcome;
}

/* lasts: is enough of the lease left that this round need not renew it? */
static bool lasts(const struct lease_keeper *k, const struct campaign_row *row, bool mine)
{
    int64_t left_us = row->lease_us - row->now_us;
    if (mine)
        return left_us > k->lease_us * 2 / 3 && left_us <= k->lease_us;
    return row->owner[0] != '\0' && left_us >= 0 && left_us <= LEASE_MOST_US;
}

/* keep: renews our lease once a third of its time has passed, and takes one that is free or
 * impossibly long. lease->mine tells whether it is ours now. */
static enum db_outcome keep(struct lease_keeper *k, struct campaign_row *row, struct lease *lease)
{
    uint64_t changed = 0;
    int64_t before_us = clock_mono_us();
    if (lasts(k, row, lease->mine))
        return DB_OK;
    enum db_outcome outcome = begin(k);
    if (outcome == DB_OK)
        outcome = db_execf(&k->db, &changed,
                           "UPDATE campaigns SET owner = %s, epoch = epoch + %d, "
                           "lease_until = UTC_TIMESTAMP(6) + INTERVAL %" PRId64 " MICROSECOND "
                           "WHERE id = %" PRId64 " AND epoch = %" PRIu64
                           " AND (owner = %s OR owner = '' OR lease_until < UTC_TIMESTAMP(6) OR "
                           "lease_until > UTC_TIMESTAMP(6) + INTERVAL %" PRId64 " MICROSECOND)",
                           k->owner, lease->mine ? 0 : 1, k->lease_us, row->id, row->epoch,
                           k->owner, LEASE_MOST_US);
    if (outcome != DB_OK)
        return outcome;
    if (changed == 1 && !lease->mine) {
        row->epoch++;
        metric_add(&scheduler_metrics.takeovers, 1);
    }
    lease->mine = changed == 1;
    lease->until_us = before_us + k->lease_us;
    return DB_OK;
}

/* passed_by: is this row locked, perhaps by a scheduler that is stopped? It waits for the next
 * round; the others do not. Rows written before stay in the transaction. */
static bool passed_by(struct lease_keeper *k, enum db_outcome outcome)
{
    return outcome == DB_BUSY && k->db.link != NULL && mysql_errno(k->db.link) == LOCK_WAIT_TIMEOUT;
}

/* keep_row: does what is due to a campaign. */
static enum db_outcome keep_row(struct lease_keeper *k, struct leased_row *r, int64_t asked_us)
{
    struct campaign_row *row = &r->row;
    k->step_us = clock_mono_us();
    r->lease = (struct lease){.mine = strcmp(row->owner, k->owner) == 0,
                              .until_us = asked_us + row->lease_us - row->now_us,
                              .read_us = asked_us};
    enum db_outcome outcome = move_state(k, row);
    if (outcome == DB_OK)
        outcome = keep(k, row, &r->lease);
    return passed_by(k, outcome) ? DB_OK : outcome;
}

/* each_row: processes the rows. The loop gets nothing before all of it is committed. */
static enum db_outcome each_row(struct lease_keeper *k, int64_t asked_us, MYSQL_RES *from,
                                struct lease_keeper_rows *rows)
{
    enum db_outcome outcome = DB_OK;
    k->writes = 0;
    for (MYSQL_ROW cells; outcome == DB_OK && (cells = mysql_fetch_row(from)) != NULL;) {
        struct leased_row *r = &rows->rows[rows->n];
        if (campaign_row_read(cells, &r->row) < 0) {
            log_error("a campaign has a state that nobody knows", "id=%" PRId64 " name=%s",
                      r->row.id, r->row.name);
            continue;
        }
        rows->n++;
        outcome = keep_row(k, r, asked_us);
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
    int64_t n = 0;
    bool some = false;
    for (size_t i = 0; i < rows->n && !some; i++)
        some = rows->rows[i].row.journal;
    enum db_outcome outcome = some ? db_number(&k->db, &n, JOURNAL_SQL) : DB_OK;
    if (outcome == DB_OK)
        metric_set(&scheduler_metrics.journal_rows, n);
    return outcome;
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
    if (connect_keeper(k) != DB_OK ||
        db_execf(&k->db, NULL, "UPDATE campaigns SET owner = '' WHERE owner = %s", k->owner) !=
            DB_OK)
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
    mailbox_init(&k->renounced);
    mailbox_init(&k->rows);
    int r = mailbox_attach(&k->rows, base, deliver, k);
    if (r == 0)
        r = -pthread_create(&k->thread, NULL, lease_keeper_main, k);
    k->started = r == 0;
    if (r == 0)
        *out = k;
    else
        lease_keeper_free(k);
    return r;
}

struct lease_keeper *lease_keeper_free(struct lease_keeper *k)
{
    if (k == NULL)
        return NULL;
    mailbox_shut(&k->renounced);
    if (k->started)
        pthread_join(k->thread, NULL);
    mailbox_end(&k->renounced, free);
    mailbox_end(&k->rows, free);
    free(k);
    return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal.h"

#include "shared/base/clock.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* name_gateway: host.pid, with only letters that are safe in SQL. */
static void name_gateway(char name[GATEWAY_NAME_MAX + 1])
{
    char host[48] = "";
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0')
        strcpy(host, "gateway");
    for (char *p = host; *p != '\0'; p++) {
        if (strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == 0)
            *p = '-';
    }
    snprintf(name, GATEWAY_NAME_MAX + 1, "%s.%d", host, (int)getpid());
}

void journal_init(struct journal *j, struct lookup *lookup, const struct archive_metrics *metrics)
{
    j->lookup = lookup;
    j->metrics = metrics;
    name_gateway(j->gateway);
}

/* --- who is admitted --- */

static int by_arrival(const void *a, const void *b)
{
    const struct archive_job *x = *(struct archive_job *const *)a;
    const struct archive_job *y = *(struct archive_job *const *)b;
    return (x->arrival_us > y->arrival_us) - (x->arrival_us < y->arrival_us);
}

static void tell_all(struct archive_job **jobs, size_t n, enum request_kind kind, int64_t opens_us)
{
    for (size_t i = 0; i < n; i++)
        jobs[i]->known = (struct request_state){.kind = kind, .opens_us = opens_us};
}

/* admit: admits as many of the `n` users in j->unknown as the bound allows, those who came first.
 * The others are told to come again. "Sold out" might be false: without Redis nobody knows how many
 * of the journalled users are in the queue already. */
static enum db_outcome admit(struct journal *j, const struct campaign_row *row, size_t n)
{
    struct journal_bound *bound = journal_bound_of(j->bounds, row->id);
    int64_t limit = journal_limit(row), now_us = clock_mono_us(), count;
    if (journal_bound_stale(bound, limit, (int64_t)n, now_us)) {
        enum db_outcome outcome =
            db_number(&j->lookup->db, &count,
                      "SELECT COUNT(*) FROM journal WHERE campaign_id = %" PRId64, row->id);
        if (outcome != DB_OK)
            return outcome;
        journal_bound_count(bound, count, now_us);
    }
    size_t in = (size_t)journal_bound_take(bound, limit, (int64_t)n);
    if (in < n)
        qsort(j->unknown, n, sizeof j->unknown[0], by_arrival);
    tell_all(j->unknown, in, REQUEST_WAITING, 0);
    tell_all(j->unknown + in, n - in, REQUEST_NONE, 0);
    return DB_OK;
}

/* judge: decides for each user of a locked campaign. Whatever the campaign's state, users learn of
 * their coupons, and journalled users keep their places. */
static enum db_outcome judge(struct journal *j, struct archive_group *group)
{
    const struct campaign_row *row = &group->row;
    enum request_kind gate = journal_gate(row);
    enum db_outcome outcome = DB_OK;
    if (row->granted > 0)
        outcome = lookup_grants(j->lookup, row->id, group->firsts, group->n);
    size_t n = archive_batch_unknown(group->firsts, group->n, j->unknown);
    bool roomy =
        journal_bound_roomy(journal_bound_of(j->bounds, row->id), journal_limit(row), (int64_t)n);
    if (outcome == DB_OK && (gate != REQUEST_NONE || !roomy)) {
        outcome = lookup_journal(j->lookup, row->id, j->unknown, n);
        n = archive_batch_unknown(group->firsts, group->n, j->unknown);
    }
    if (outcome != DB_OK)
        return outcome;
    if (gate == REQUEST_NONE)
        return admit(j, row, n);
    tell_all(j->unknown, n, gate, row->opens_us);
    return DB_OK;
}

/* --- writing --- */

/* flush: writes the collected rows. */
static enum db_outcome flush(struct journal *j)
{
    uint64_t changed = 0;
    if (j->n_rows == 0)
        return DB_OK;
    enum db_outcome outcome = db_exec(&j->lookup->db, j->sql, &changed);
    j->written += (int64_t)changed;
    j->n_rows = 0;
    return outcome;
}

/* add: adds a row to an INSERT of many rows. Bulk array binding would lose rows: MariaDB (10.11)
 * executes the array row by row. When it meets a duplicate that another transaction is writing,
 * INSERT IGNORE silently drops the rows before it, and still reports success. */
static enum db_outcome add(struct journal *j, const struct campaign_row *row,
                           const struct archive_job *job)
{
    if (j->n_rows == 0)
        j->len =
            (size_t)sprintf(j->sql, "INSERT IGNORE INTO journal "
                                    "(campaign_id, user_id, ticket, gateway, granted) VALUES ");
    j->len += (size_t)snprintf(j->sql + j->len, sizeof j->sql - j->len,
                               "%s(%" PRId64 ",'%s',%" PRIu64 ",'%s',%" PRId64 ")",
                               j->n_rows > 0 ? "," : "", row->id, job->user, job->arrival_us,
                               j->gateway, row->granted);
    assert(j->len < sizeof j->sql);
    return ++j->n_rows < JOURNAL_ROWS_MAX ? DB_OK : flush(j);
}

/* write_group: writes all users that wait, even those already in the journal. */
static enum db_outcome write_group(struct journal *j, const struct archive_group *group)
{
    enum db_outcome outcome = DB_OK;
    for (size_t i = 0; i < group->n && outcome == DB_OK; i++) {
        if (group->firsts[i]->known.kind == REQUEST_WAITING)
            outcome = add(j, &group->row, group->firsts[i]);
    }
    return outcome;
}

static enum db_outcome write_batch(struct journal *j, struct archive_batch *batch)
{
    enum db_outcome outcome = lookup_campaigns(j->lookup, batch, true);
    for (size_t i = 0; i < batch->n_groups && outcome == DB_OK; i++) {
        if (!batch->groups[i].found)
            continue;
        outcome = judge(j, &batch->groups[i]);
        if (outcome == DB_OK)
            outcome = write_group(j, &batch->groups[i]);
    }
    return outcome == DB_OK ? flush(j) : outcome;
}

enum db_outcome journal_batch(struct journal *j, struct archive_batch *batch, bool *unknown)
{
    struct db *db = &j->lookup->db;
    int64_t begun_us = clock_mono_us();
    j->n_rows = 0;
    j->written = 0;
    enum db_outcome outcome = db_exec(db, "START TRANSACTION", NULL);
    if (outcome == DB_OK)
        outcome = write_batch(j, batch);
    if (outcome == DB_OK && mysql_commit(db->link) != 0) {
        outcome = db_fail(db, NULL);
        *unknown = true;
    }
    if (outcome == DB_OK) {
        metric_add(j->metrics->batches, 1);
        metric_add(j->metrics->rows, j->written);
        metric_observe(j->metrics->time, clock_mono_us() - begun_us);
    } else if (outcome != DB_LOST && mysql_rollback(db->link) != 0) {
        outcome = DB_LOST; /* an error may have undone only its own statement */
    }
    return outcome;
}

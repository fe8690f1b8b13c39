#include "gateway/journal.h"

#include "gateway/metrics.h"
#include "shared/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* name_gateway: host.pid. Only letters that may stand in SQL. */
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

void journal_init(struct journal *j, struct lookup *lookup, struct gateway_metrics *metrics)
{
    j->lookup = lookup;
    j->metrics = metrics;
    name_gateway(j->gateway);
}

void journal_close(struct journal *j)
{
    if (j->insert != NULL)
        mysql_stmt_close(j->insert);
    j->insert = NULL;
}

/* prepare: the INSERT, when this connection has not seen it yet. */
static enum db_outcome prepare(struct journal *j)
{
    char sql[256];
    if (j->insert != NULL)
        return DB_OK;
    snprintf(sql, sizeof sql,
             "INSERT INTO journal (campaign_id, user_id, ticket, gateway) "
             "VALUES (?, ?, ?, '%s') ON DUPLICATE KEY UPDATE id = id",
             j->gateway);
    MYSQL_STMT *stmt = mysql_stmt_init(j->lookup->db.link);
    if (stmt == NULL)
        return db_fail(&j->lookup->db, NULL);
    if (mysql_stmt_prepare(stmt, sql, strlen(sql)) != 0) {
        enum db_outcome outcome = db_fail(&j->lookup->db, stmt);
        mysql_stmt_close(stmt);
        return outcome;
    }
    j->insert = stmt;
    return DB_OK;
}

/* --- who gets in --- */

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

/* admit: lets in as many as the bound allows, those who came first; the others are told that it is
 * full. `n` unknown ones are in j->unknown. */
static enum db_outcome admit(struct journal *j, const struct archive_row *row, size_t n)
{
    struct journal_bound *bound = journal_bound_of(j->bounds, row->id);
    int64_t limit = journal_limit(row), now_us = clock_mono_us(), count;
    if (journal_bound_stale(bound, limit, (int64_t)n, now_us)) {
        enum db_outcome outcome = lookup_journalled(j->lookup, row->id, &count);
        if (outcome != DB_OK)
            return outcome;
        journal_bound_count(bound, count, now_us);
    }
    size_t in = (size_t)journal_bound_take(bound, limit, (int64_t)n);
    if (in < n)
        qsort(j->unknown, n, sizeof j->unknown[0], by_arrival);
    tell_all(j->unknown, in, REQUEST_WAITING, 0);
    tell_all(j->unknown + in, n - in, REQUEST_FULL, 0);
    return DB_OK;
}

/* judge: decides for every user of a campaign that is locked. Who has a coupon is told so, and who
 * is in the journal keeps his place, whatever the campaign's state. */
static enum db_outcome judge(struct journal *j, struct round_group *group)
{
    const struct archive_row *row = &group->row;
    enum request_kind gate = journal_gate(row);
    enum db_outcome outcome = DB_OK;
    if (row->granted > 0)
        outcome = lookup_grants(j->lookup, row->id, group->firsts, group->n);
    size_t n = round_unknown(group->firsts, group->n, j->unknown);
    bool roomy =
        journal_bound_roomy(journal_bound_of(j->bounds, row->id), journal_limit(row), (int64_t)n);
    if (outcome == DB_OK && (gate != REQUEST_NONE || !roomy)) {
        outcome = lookup_journal(j->lookup, row->id, j->unknown, n);
        n = round_unknown(group->firsts, group->n, j->unknown);
    }
    if (outcome != DB_OK)
        return outcome;
    if (gate == REQUEST_NONE)
        return admit(j, row, n);
    tell_all(j->unknown, n, gate, row->opens_us);
    return DB_OK;
}

/* --- writing --- */

/* collect: the rows of all that wait, also of those that are there already. */
static size_t collect(struct journal *j, const struct round *round)
{
    size_t n = 0;
    for (size_t i = 0; i < round->n_groups; i++) {
        const struct round_group *group = &round->groups[i];
        for (size_t k = 0; k < group->n; k++) {
            const struct archive_job *job = group->firsts[k];
            struct journal_row *row = &j->rows[n];
            if (job->known.kind != REQUEST_WAITING)
                continue;
            row->campaign_id = (uint32_t)group->row.id;
            row->ticket = job->arrival_us;
            row->user_len = strlen(job->user);
            memcpy(row->user, job->user, row->user_len + 1);
            n++;
        }
    }
    return n;
}

/* insert: all rows in one round trip. Row-wise bulk binding: each bind points into the first row,
 * and the library steps by the size of a row. */
static enum db_outcome insert(struct journal *j, size_t rows)
{
    struct journal_row *first = j->rows;
    unsigned int n = (unsigned int)rows;
    size_t row_size = sizeof *first;
    MYSQL_BIND bind[] = {
        {.buffer_type = MYSQL_TYPE_LONG, .buffer = &first->campaign_id, .is_unsigned = 1},
        {.buffer_type = MYSQL_TYPE_STRING, .buffer = first->user, .length = &first->user_len},
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &first->ticket, .is_unsigned = 1},
    };
    mysql_stmt_attr_set(j->insert, STMT_ATTR_ARRAY_SIZE, &n);
    mysql_stmt_attr_set(j->insert, STMT_ATTR_ROW_SIZE, &row_size);
    if (mysql_stmt_bind_param(j->insert, bind) != 0 || mysql_stmt_execute(j->insert) != 0)
        return fprintf(stderr,"YYY %s\n", mysql_stmt_error(j->insert)), db_fail(&j->lookup->db, j->insert);
    j->written = (int64_t)mysql_stmt_affected_rows(j->insert);
    if (!(j->lookup->db.link->server_status & SERVER_STATUS_IN_TRANS)) fprintf(stderr, "XXX not in trans\n");
    return DB_OK;
}

static enum db_outcome write_rows(struct journal *j, struct round *round)
{
    enum db_outcome outcome = lookup_campaigns(j->lookup, round, true);
    for (size_t i = 0; i < round->n_groups && outcome == DB_OK; i++) {
        if (round->groups[i].found)
            outcome = judge(j, &round->groups[i]);
    }
    if (outcome != DB_OK)
        return outcome;
    size_t n = collect(j, round);
    return n > 0 ? insert(j, n) : DB_OK;
}

enum db_outcome journal_round(struct journal *j, struct round *round, bool *unknown)
{
    struct db *db = &j->lookup->db;
    int64_t begun_us = clock_mono_us();
    j->written = 0;
    enum db_outcome outcome = prepare(j);
    if (outcome == DB_OK)
        outcome = db_exec(db, "START TRANSACTION", NULL);
    if (outcome == DB_OK)
        outcome = write_rows(j, round);
    if (outcome == DB_OK && mysql_commit(db->link) != 0) {
        outcome = db_fail(db, NULL);
        *unknown = true;
    }
    if (outcome == DB_OK) {
        metric_add(&j->metrics->journal_batches, 1);
        metric_add(&j->metrics->journal_rows, j->written);
        metric_observe(&j->metrics->journal_time, clock_mono_us() - begun_us);
    } else if (outcome != DB_LOST && mysql_rollback(db->link) != 0) {
        outcome = DB_LOST; /* an error may have undone only its own statement */
    }
    return outcome;
}

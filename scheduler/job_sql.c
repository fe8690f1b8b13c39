/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/job_sql.h"

#include "scheduler/coupon_code.h"
#include "scheduler/fault_point.h"
#include "shared/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <mariadb/mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSERT_SQL                                                                                 \
    "INSERT INTO coupons (campaign_id, serial, user_id, code, ticket) VALUES (?, ?, ?, ?, ?)"
#define GUARD_SQL                                                                                  \
    "UPDATE campaigns SET granted = granted + ?, watermark = GREATEST(watermark, ?) "              \
    "WHERE id = ? AND owner = ? AND epoch = ? AND granted + ? <= quota"
#define PAGE_ROWS    5000
#define JOURNAL_ROWS 1000

/* --- the connection --- */

enum db_outcome job_sql_open(struct job_sql *s, const struct db_config *config)
{
    enum db_outcome outcome = db_open(&s->db, config);
    if (outcome != DB_OK)
        return outcome;
    s->insert = db_prepare(&s->db, INSERT_SQL);
    s->guard = db_prepare(&s->db, GUARD_SQL);
    if (s->insert != NULL && s->guard != NULL)
        return DB_OK;
    job_sql_close(s);
    return DB_REFUSED;
}

void job_sql_close(struct job_sql *s)
{
    if (s->insert != NULL)
        mysql_stmt_close(s->insert);
    if (s->guard != NULL)
        mysql_stmt_close(s->guard);
    s->insert = s->guard = NULL;
    db_close(&s->db);
}

static enum job_outcome job_outcome_of(enum db_outcome outcome)
{
    static const enum job_outcome meaning[] = {[DB_OK] = JOB_DONE,
                                               [DB_DUPLICATE] = JOB_CLASH,
                                               [DB_BUSY] = JOB_BUSY,
                                               [DB_REFUSED] = JOB_REFUSED,
                                               [DB_LOST] = JOB_UNKNOWN};
    return meaning[outcome];
}

/* read_outcome_of: as above, for a statement that only reads. It may be repeated when refused. */
static enum job_outcome read_outcome_of(enum db_outcome outcome)
{
    return outcome == DB_REFUSED ? JOB_BUSY : job_outcome_of(outcome);
}

/* --- JOB_COMMIT --- */

static void make_codes(struct batch *batch)
{
    struct code_source source = {.left = 0};
    for (size_t i = 0; i < batch->n; i++) {
        coupon_code_make(&source, batch->rows[i].code);
        batch->rows[i].code_len = COUPON_CODE_LEN;
    }
    explicit_bzero(&source, sizeof source);
}

/* insert: inserts all rows in one round trip, by row-wise bulk binding. Each bind points into the
 * first row, and the library advances by the size of a row (mysql_stmt_attr_set(3),
 * STMT_ATTR_ROW_SIZE). */
static enum db_outcome insert(struct job_sql *s, struct batch *batch)
{
    struct grant *first = batch->rows;
    unsigned int n = (unsigned int)batch->n;
    size_t row_size = sizeof *first;
    MYSQL_BIND bind[] = {
        {.buffer_type = MYSQL_TYPE_LONG, .buffer = &first->campaign_id, .is_unsigned = 1},
        {.buffer_type = MYSQL_TYPE_LONG, .buffer = &first->serial, .is_unsigned = 1},
        {.buffer_type = MYSQL_TYPE_STRING, .buffer = first->user, .length = &first->user_len},
        {.buffer_type = MYSQL_TYPE_STRING, .buffer = first->code, .length = &first->code_len},
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &first->ticket, .is_unsigned = 1},
    };
    mysql_stmt_attr_set(s->insert, STMT_ATTR_ARRAY_SIZE, &n);
    mysql_stmt_attr_set(s->insert, STMT_ATTR_ROW_SIZE, &row_size);
    if (mysql_stmt_bind_param(s->insert, bind) != 0 || mysql_stmt_execute(s->insert) != 0)
        return db_fail(&s->db, s->insert);
    return DB_OK;
}

static uint64_t highest_ticket(const struct batch *batch)
{
    uint64_t highest = 0;
    for (size_t i = 0; i < batch->n; i++)
        highest = batch->rows[i].ticket > highest ? batch->rows[i].ticket : highest;
    return highest;
}

/* guard: checks quota and fence in one statement. *changed: both hold. */
static enum db_outcome guard(struct job_sql *s, const struct job *job, bool *changed)
{
    uint64_t n = job->batch->n, watermark = highest_ticket(job->batch), epoch = job->epoch;
    uint32_t id = job->campaign_id;
    unsigned long owner_len = strlen(job->owner);
    MYSQL_BIND bind[] = {
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &n, .is_unsigned = 1},
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &watermark, .is_unsigned = 1},
        {.buffer_type = MYSQL_TYPE_LONG, .buffer = &id, .is_unsigned = 1},
        {.buffer_type = MYSQL_TYPE_STRING, .buffer = (char *)job->owner, .length = &owner_len},
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &epoch, .is_unsigned = 1},
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &n, .is_unsigned = 1},
    };
    if (mysql_stmt_bind_param(s->guard, bind) != 0 || mysql_stmt_execute(s->guard) != 0)
        return db_fail(&s->db, s->guard);
    *changed = mysql_stmt_affected_rows(s->guard) == 1;
    return DB_OK;
}

/* commit: after any error here, it may have been done. */
static enum db_outcome commit(struct job_sql *s)
{
    if (mysql_commit(s->db.link) == 0)
        return DB_OK;
    db_fail(&s->db, NULL);
    return DB_LOST;
}

/* roll_back: undoes all that was not committed; an error may have undone only its own statement. */
static void roll_back(struct job_sql *s, struct job *job)
{
    if (job->outcome != JOB_DONE && job->outcome != JOB_UNKNOWN && mysql_rollback(s->db.link) != 0)
        job->outcome = JOB_UNKNOWN;
}

static void run_commit(struct job_sql *s, struct job *job)
{
    bool changed = true;
    make_codes(job->batch);
    enum db_outcome outcome = db_exec(&s->db, "START TRANSACTION", NULL);
    fault_point("before-insert");
    if (outcome == DB_OK)
        outcome = insert(s, job->batch);
    fault_point("after-insert");
    if (outcome == DB_OK)
        outcome = guard(s, job, &changed);
    fault_point("after-guard");
    if (outcome == DB_OK && changed)
        outcome = commit(s);
    fault_point("after-commit");
    job->outcome = changed ? job_outcome_of(outcome) : JOB_FENCED;
    roll_back(s, job);
}

/* --- reading rows --- */

/* The columns of a query for grants. */
#define GRANT_COLUMNS "serial, user_id, code, ticket"
enum { SERIAL, USER, CODE, TICKET };

static void add_found(struct job *job, MYSQL_ROW row)
{
    struct grant grant = {.campaign_id = job->campaign_id, .code_len = COUPON_CODE_LEN};
    grant.serial = (uint32_t)strtoul(row[SERIAL], NULL, 10);
    grant.user_len = (unsigned long)snprintf(grant.user, sizeof grant.user, "%s", row[USER]);
    snprintf(grant.code, sizeof grant.code, "%s", row[CODE]);
    grant.ticket = strtoull(row[TICKET], NULL, 10);
    batch_add(job->found, &grant);
}

/* take_found: moves the rows of a query of GRANT_COLUMNS into job->found. */
static void take_found(struct job *job, enum db_outcome outcome, MYSQL_RES *rows)
{
    job->outcome = read_outcome_of(outcome);
    if (outcome != DB_OK)
        return;
    job->found = batch_new(mysql_num_rows(rows));
    for (MYSQL_ROW row; job->found != NULL && (row = mysql_fetch_row(rows)) != NULL;)
        add_found(job, row);
    mysql_free_result(rows);
    if (job->found == NULL)
        job->outcome = JOB_BUSY;
}

/* put_text: quotes and escapes it; it may be any bytes, at most TEXT_MAX. */
#define TEXT_MAX (DETAIL_MAX > USER_ID_MAX ? DETAIL_MAX : USER_ID_MAX)
static void put_text(struct job_sql *s, FILE *out, const char *text, size_t len)
{
    char escaped[2 * TEXT_MAX + 1];
    mysql_real_escape_string(s->db.link, escaped, text, len);
    fprintf(out, "'%s'", escaped);
}

/* append_users: returns `<head><campaign> AND user_id IN (<users of the batch>)`, which the caller
 * frees. NULL: out of memory. */
static char *append_users(struct job_sql *s, const struct job *job, const char *head)
{
    char *sql = NULL;
    size_t size;
    FILE *out = open_memstream(&sql, &size);
    if (out == NULL)
        return NULL;
    fprintf(out, "%s%" PRIu32 " AND user_id IN (''", head, job->campaign_id);
    for (size_t i = 0; i < job->batch->n; i++) {
        fputc(',', out);
        put_text(s, out, job->batch->rows[i].user, job->batch->rows[i].user_len);
    }
    fputc(')', out);
    if (fclose(out) == 0)
        return sql;
    free(sql);
    return NULL;
}

static void run_read_back(struct job_sql *s, struct job *job)
{
    MYSQL_RES *rows = NULL;
    char *sql = append_users(s, job, "SELECT " GRANT_COLUMNS " FROM coupons WHERE campaign_id = ");
    enum db_outcome outcome = sql != NULL ? db_query(&s->db, sql, &rows) : DB_BUSY;
    take_found(job, outcome, rows);
    free(sql);
}

static void run_page(struct job_sql *s, struct job *job)
{
    MYSQL_RES *rows = NULL;
    enum db_outcome outcome =
        db_queryf(&s->db, &rows,
                  "SELECT " GRANT_COLUMNS " FROM coupons WHERE campaign_id = %" PRIu32
                  " AND serial > %" PRIu32 " ORDER BY serial LIMIT %d",
                  job->campaign_id, job->after, PAGE_ROWS);
    take_found(job, outcome, rows);
    fault_point("after-page");
    if (job->outcome == JOB_DONE)
        job->found->verdict = VERDICT_GRANTED;
}

/* --- the campaign's row, under our epoch --- */

static enum job_outcome read_row(struct job_sql *s, struct job *job)
{
    enum { QUOTA, GRANTED, WATERMARK };
    MYSQL_RES *rows;
    enum db_outcome outcome =
        db_queryf(&s->db, &rows,
                  "SELECT quota, granted, watermark FROM campaigns WHERE id = %" PRIu32
                  " AND owner = %s AND epoch = %" PRIu64,
                  job->campaign_id, job->owner, job->epoch);
    if (outcome != DB_OK)
        return read_outcome_of(outcome);
    MYSQL_ROW row = mysql_fetch_row(rows);
    if (row != NULL) {
        job->quota = (uint32_t)strtoul(row[QUOTA], NULL, 10);
        job->granted = (uint32_t)strtoul(row[GRANTED], NULL, 10);
        job->watermark = strtoull(row[WATERMARK], NULL, 10);
    }
    mysql_free_result(rows);
    return row != NULL ? JOB_DONE : JOB_FENCED;
}

static void run_confirm(struct job_sql *s, struct job *job)
{
    run_read_back(s, job);
    if (job->outcome == JOB_DONE)
        job->outcome = read_row(s, job);
}

/* --- JOB_LOAD --- */

/* read_serials: row by row, because there may be millions. */
static enum job_outcome read_serials(struct job_sql *s, struct job *job)
{
    int r = 0;
    char sql[128];
    snprintf(sql, sizeof sql,
             "SELECT serial FROM coupons WHERE campaign_id = %" PRIu32 " ORDER BY serial",
             job->campaign_id);
    if (mysql_query(s->db.link, sql) != 0)
        return read_outcome_of(db_fail(&s->db, NULL));
    MYSQL_RES *rows = mysql_use_result(s->db.link);
    if (rows == NULL)
        return read_outcome_of(db_fail(&s->db, NULL));
    ledger_open(&job->ledger, job->quota);
    for (MYSQL_ROW row; r == 0 && (row = mysql_fetch_row(rows)) != NULL;)
        r = ledger_granted(&job->ledger, (uint32_t)strtoul(row[0], NULL, 10));
    bool whole = mysql_errno(s->db.link) == 0;
    mysql_free_result(rows); /* reads what is left */
    if (!whole)
        return read_outcome_of(db_fail(&s->db, NULL));
    return r == 0 ? JOB_DONE : JOB_BUSY;
}

static void run_load(struct job_sql *s, struct job *job)
{
    job->outcome = read_row(s, job);
    if (job->outcome == JOB_DONE)
        job->outcome = read_serials(s, job);
    size_t coupons = job->ledger.next - 1 - job->ledger.n_freed;
    if (job->outcome == JOB_DONE && coupons != job->granted)
        log_error(
            "campaigns.granted is not the number of coupons: somebody changed the tables by hand",
            "campaign_id=%" PRIu32 " granted=%" PRIu32 " coupons=%zu", job->campaign_id,
            job->granted, coupons);
}

/* --- JOB_JOURNAL, JOB_UNJOURNAL --- */

static void run_journal(struct job_sql *s, struct job *job)
{
    MYSQL_RES *rows = NULL;
    enum db_outcome outcome =
        db_queryf(&s->db, &rows,
                  "SELECT 0, user_id, '', ticket FROM journal WHERE campaign_id = %" PRIu32
                  " ORDER BY ticket, id LIMIT %d",
                  job->campaign_id, JOURNAL_ROWS);
    take_found(job, outcome, rows);
    job->last = job->outcome == JOB_DONE && job->found->n < JOURNAL_ROWS;
    if (job->outcome == JOB_DONE && job->found->n > 0)
        fault_point("after-journal");
}

#define KEEP_SQL                                                                                   \
    "INSERT IGNORE INTO journalled "                                                               \
    "(campaign_id, user_id, ticket, granted, drained, decided_to, batches) "                       \
    "SELECT campaign_id, user_id, ticket, j.granted, c.granted, %" PRIu64 ", %" PRIu32 " FROM "    \
    "journal j JOIN campaigns c ON c.id = campaign_id AND c.owner = %s AND c.epoch = %" PRIu64 " " \
    "WHERE campaign_id = "
#define DELETE_SQL                                                                                 \
    "DELETE FROM journal WHERE EXISTS (SELECT 1 FROM campaigns WHERE id = %" PRIu32                \
    " AND owner = %s AND epoch = %" PRIu64 ") AND campaign_id = "

/* exec_users: runs a statement about the users of the batch. `head` ends before the campaign. */
static enum db_outcome exec_users(struct job_sql *s, const struct job *job, const char *head)
{
    char *sql = append_users(s, job, head);
    enum db_outcome outcome = sql != NULL ? db_exec(&s->db, sql, NULL) : DB_BUSY;
    free(sql);
    return outcome;
}

/* denied: is it this account that must not write there (an upgrade forgot a GRANT)? That must not
 * stop a campaign; it is logged. */
static bool denied(struct job_sql *s, enum db_outcome outcome)
{
    unsigned number = outcome == DB_BUSY ? mysql_errno(s->db.link) : 0;
    return number == ER_TABLEACCESS_DENIED_ERROR || number == ER_COLUMNACCESS_DENIED_ERROR;
}

/* keep: copies the rows for the audit. A user drained twice keeps the first row. */
static enum db_outcome keep(struct job_sql *s, const struct job *job)
{
    char head[512];
    if (db_format(&s->db, head, sizeof head, KEEP_SQL, job->decided_to, job->batches, job->owner,
                  job->epoch) < 0)
        return DB_REFUSED;
    return exec_users(s, job, head);
}

static enum db_outcome delete_journal(struct job_sql *s, const struct job *job)
{
    char head[512];
    if (db_format(&s->db, head, sizeof head, DELETE_SQL, job->campaign_id, job->owner, job->epoch) <
        0)
        return DB_REFUSED;
    return exec_users(s, job, head);
}

/* run_unjournal: is fenced. A scheduler that slept after filling the queue could otherwise delete
 * rows that are needed again: Redis may have lost that queue, and gateways may have answered 202
 * anew. */
static void run_unjournal(struct job_sql *s, struct job *job)
{
    enum db_outcome outcome = db_exec(&s->db, "START TRANSACTION", NULL);
    if (outcome == DB_OK)
        outcome = keep(s, job);
    if (denied(s, outcome)) {
        log_error("what leaves the journal is not kept for the audit: GRANT INSERT ON journalled",
                  "campaign_id=%" PRIu32, job->campaign_id);
        outcome = DB_OK;
    }
    if (outcome == DB_OK)
        outcome = delete_journal(s, job);
    fault_point("before-unjournal");
    if (outcome == DB_OK)
        outcome = commit(s);
    fault_point("after-unjournal");
    job->outcome = job_outcome_of(outcome);
    roll_back(s, job);
}

/* --- JOB_REFUSE --- */

#define REFUSE_SQL "INSERT INTO refused (campaign_id, member, ticket, reason, detail) VALUES "
#define REFUSE_AGAIN_SQL                                                                           \
    " ON DUPLICATE KEY UPDATE ticket = VALUES(ticket), reason = VALUES(reason), "                  \
    "detail = VALUES(detail), refused_at = CURRENT_TIMESTAMP(6)"

/* run_refuse: writes a note for people, not a state. So it has no fence, and a later grant stays
 * valid. Members may be any bytes. */
static void run_refuse(struct job_sql *s, struct job *job)
{
    const struct batch *batch = job->batch;
    char *sql = NULL;
    size_t size;
    FILE *out = open_memstream(&sql, &size);
    job->outcome = JOB_BUSY;
    if (out == NULL)
        return;
    fputs(REFUSE_SQL, out);
    for (size_t i = 0; i < batch->n; i++) {
        const struct grant *row = &batch->rows[i];
        fprintf(out, "%s(%" PRIu32 ",", i > 0 ? "," : "", job->campaign_id);
        put_text(s, out, row->user, row->user_len);
        fprintf(out, ",%" PRIu64 ",'%s',", row->ticket, batch->reason);
        put_text(s, out, batch->detail, strlen(batch->detail));
        fputc(')', out);
    }
    fputs(REFUSE_AGAIN_SQL, out);
    if (fclose(out) == 0) {
        enum db_outcome outcome = db_exec(&s->db, sql, NULL);
        job->outcome = denied(s, outcome) ? JOB_REFUSED : job_outcome_of(outcome);
    }
    free(sql);
}

/* --- JOB_FINISH --- */

/* run_finish: once the campaign's row is locked, no gateway can add to its journal. */
static void run_finish(struct job_sql *s, struct job *job)
{
    uint64_t changed = 0;
    int64_t left = 0; /* the id of a row in the journal; 0: there is none */
    enum db_outcome outcome = db_exec(&s->db, "START TRANSACTION", NULL);
    if (outcome == DB_OK)
        outcome = db_execf(&s->db, &changed,
                           "UPDATE campaigns SET state = 'settled' WHERE id = %" PRIu32
                           " AND owner = %s AND epoch = %" PRIu64 " AND state = 'closed'",
                           job->campaign_id, job->owner, job->epoch);
    if (outcome == DB_OK)
        outcome =
            db_number(&s->db, &left,
                      "SELECT id FROM journal WHERE campaign_id = %" PRIu32 " LIMIT 1 FOR UPDATE",
                      job->campaign_id);
    fault_point("before-finish");
    if (outcome == DB_OK && changed == 1 && left == 0)
        outcome = commit(s);
    fault_point("after-finish");
    if (outcome != DB_OK)
        job->outcome = job_outcome_of(outcome);
    else if (changed != 1)
        job->outcome = JOB_FENCED;
    else
        job->outcome = left == 0 ? JOB_DONE : JOB_CLASH;
    roll_back(s, job);
}

/* --- all jobs --- */

static void (*const runners[])(struct job_sql *, struct job *) = {
    [JOB_LOAD] = run_load,           [JOB_COMMIT] = run_commit, [JOB_READ_BACK] = run_read_back,
    [JOB_CONFIRM] = run_confirm,     [JOB_PAGE] = run_page,     [JOB_JOURNAL] = run_journal,
    [JOB_UNJOURNAL] = run_unjournal, [JOB_FINISH] = run_finish, [JOB_REFUSE] = run_refuse,
};

static const char *const kinds[] = {
    [JOB_LOAD] = "load",           [JOB_COMMIT] = "commit", [JOB_READ_BACK] = "read_back",
    [JOB_CONFIRM] = "confirm",     [JOB_PAGE] = "page",     [JOB_JOURNAL] = "journal",
    [JOB_UNJOURNAL] = "unjournal", [JOB_REFUSE] = "refuse", [JOB_FINISH] = "finish",
};

static const char *const outcomes[] = {
    [JOB_DONE] = "done", [JOB_FENCED] = "fenced",   [JOB_CLASH] = "clash",
    [JOB_BUSY] = "busy", [JOB_REFUSED] = "refused", [JOB_UNKNOWN] = "unknown",
};

static void log_failed(struct job_sql *s, const struct job *job)
{
    char quoted[300];
    if (job->outcome == JOB_CLASH) /* the error names the key, which may be a coupon code */
        s->db.error[0] = '\0';
    log_warning("mariadb did not do a job", "job=%s outcome=%s campaign_id=%u rows=%zu error=%s",
                kinds[job->kind], outcomes[job->outcome], (unsigned)job->campaign_id,
                job->batch != NULL ? job->batch->n : 0,
                log_quote(s->db.error, quoted, sizeof quoted));
}

void job_sql_run(struct job_sql *s, struct job *job)
{
    s->db.error[0] = '\0';
    runners[job->kind](s, job);
    if (job->outcome != JOB_DONE)
        log_failed(s, job);
    if (job->outcome == JOB_REFUSED)
        snprintf(job->error, sizeof job->error, "%.*s", DETAIL_MAX, s->db.error);
    if (job->outcome == JOB_UNKNOWN)
        job_sql_close(s);
}

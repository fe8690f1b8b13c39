/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the audit that reads MariaDB: the campaign and its grants, in one snapshot. */
#include "ctl/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool note_code(struct audit *a, uint64_t hash)
{
    if (!audit_reserve((void **)&a->codes, &a->room_codes, a->n_codes, sizeof a->codes[0]))
        return false;
    a->codes[a->n_codes++] = hash;
    return true;
}

/* Records a row of a result. Returns false if there is no memory. */
typedef bool note_fn(struct audit *a, MYSQL_ROW cells, const unsigned long *lengths);

/* read_rows: records each row of a query, which ends before the campaign; `order` follows. */
static int read_rows(struct ctl *ctl, struct audit *a, const char *query, const char *order,
                     const char *what, note_fn *note)
{
    char sql[256];
    snprintf(sql, sizeof sql, "%s%" PRId64 "%s", query, a->row.id, order);
    MYSQL_RES *rows = mysql_query(ctl->db.link, sql) == 0 ? mysql_use_result(ctl->db.link) : NULL;
    if (rows == NULL)
        return stores_db_failed(ctl, db_fail(&ctl->db, NULL), what);
    bool room = true;
    for (MYSQL_ROW cells; room && (cells = mysql_fetch_row(rows)) != NULL;)
        room = note(a, cells, mysql_fetch_lengths(rows));
    bool broken = room && mysql_errno(ctl->db.link) != 0;
    enum db_outcome outcome = broken ? db_fail(&ctl->db, NULL) : DB_OK;
    mysql_free_result(rows);
    if (!room)
        return ctl_error(CTL_FAILED, "not enough memory for the requests of this campaign");
    return broken ? stores_db_failed(ctl, outcome, what) : 0;
}

/* note_serial: rows come in order of serials. */
static void note_serial(struct audit *a, int64_t serial, uint64_t ticket)
{
    a->rows++;
    a->double_serials += serial == a->highest_serial;
    a->beyond_quota += serial > a->row.quota;
    a->serial_inversions += ticket <= a->ticket_before;
    a->highest_serial = serial;
    a->last_ticket = ticket > a->last_ticket ? ticket : a->last_ticket;
    a->ticket_before = ticket;
}

/* batch_of: one statement inserts all rows of a batch, so they have the same time. */
static uint32_t batch_of(struct audit *a, const char *granted_at, size_t len)
{
    uint64_t time = audit_hash(granted_at, len);
    a->n_batches += a->n_batches == 0 || time != a->batch_time;
    a->batch_time = time;
    return a->n_batches;
}

static bool note_grant(struct audit *a, MYSQL_ROW cells, const unsigned long *lengths)
{
    enum { SERIAL, USER, CODE, TICKET, GRANTED_AT };
    uint32_t serial = (uint32_t)strtoul(cells[SERIAL], NULL, 10);
    uint64_t ticket = strtoull(cells[TICKET], NULL, 10);
    uint64_t code_hash = audit_hash(cells[CODE], lengths[CODE]);
    struct audit_user *user = audit_users_of(&a->users, cells[USER], lengths[USER]);
    if (user == NULL || !note_code(a, code_hash))
        return false;
    uint32_t batch = batch_of(a, cells[GRANTED_AT], lengths[GRANTED_AT]);
    if (!arrivals_grant(&a->arrivals, ticket, serial, batch, (uint32_t)(user - a->users.all)))
        return false;
    note_serial(a, serial, ticket);
    if (user->row_serial != 0) {
        a->double_users++;
        return true;
    }
    user->row_serial = serial;
    user->row_ticket = ticket;
    user->row_code_hash = code_hash;
    return true;
}

static bool note_waiting(struct audit *a, MYSQL_ROW cells, const unsigned long *lengths)
{
    (void)lengths;
    a->journalled = strtoll(cells[0], NULL, 10);
    return true;
}

static bool note_request(struct audit *a, MYSQL_ROW cells, const unsigned long *lengths)
{
    enum { USER, TICKET, GRANTED, DRAINED, DECIDED_TO, BATCHES };
    const struct audit_user *user = audit_users_of(&a->users, cells[USER], lengths[USER]);
    if (user == NULL)
        return false;
    struct arrivals_request request = {
        .user = (uint32_t)(user - a->users.all),
        .arrival = strtoull(cells[TICKET], NULL, 10),
        .granted = cells[GRANTED] != NULL ? strtoll(cells[GRANTED], NULL, 10) : -1,
        .drained = strtoll(cells[DRAINED], NULL, 10),
        .decided_to = strtoull(cells[DECIDED_TO], NULL, 10),
        .batches = (uint32_t)strtoul(cells[BATCHES], NULL, 10)};
    return arrivals_request(&a->arrivals, &request);
}

static bool note_refused(struct audit *a, MYSQL_ROW cells, const unsigned long *lengths)
{
    struct audit_user *user = audit_users_of(&a->users, cells[0], lengths[0]);
    if (user == NULL)
        return false;
    user->noted = true;
    a->arrivals.refused++;
    return true;
}

/* reads: the queries of an audit, in order. The functions name the columns. */
static const struct {
    const char *query, *order, *what;
    note_fn *note;
} reads[] = {
    {"SELECT serial, user_id, code, ticket, granted_at FROM coupons WHERE campaign_id = ",
     " ORDER BY serial", "reading the grants", note_grant},
    {"SELECT COUNT(*) FROM journal WHERE campaign_id = ", "", "reading the journal", note_waiting},
    {"SELECT user_id, ticket, granted, drained, decided_to, batches FROM journalled "
     "WHERE campaign_id = ",
     "", "reading who was journalled", note_request},
    {"SELECT member FROM refused WHERE campaign_id = ", "", "reading who was refused",
     note_refused},
};

static int by_value(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static void count_double_codes(struct audit *a)
{
    if (a->n_codes > 1)
        qsort(a->codes, a->n_codes, sizeof *a->codes, by_value);
    for (size_t i = 1; i < a->n_codes; i++)
        a->double_codes += a->codes[i] == a->codes[i - 1];
}

int audit_mariadb_read(struct ctl *ctl, struct audit *audit)
{
    static const char *const begin[] = {"SET max_statement_time = 0",
                                        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                                        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"};
    for (size_t i = 0; i < sizeof begin / sizeof begin[0]; i++) {
        enum db_outcome outcome = db_exec(&ctl->db, begin[i], NULL);
        if (outcome != DB_OK)
            return stores_db_failed(ctl, outcome, "beginning the audit");
    }
    int r = campaign_row_find(ctl, audit->name, false, &audit->row);
    for (size_t i = 0; r == 0 && i < sizeof reads / sizeof reads[0]; i++)
        r = read_rows(ctl, audit, reads[i].query, reads[i].order, reads[i].what, reads[i].note);
    if (r == 0) {
        count_double_codes(audit);
        arrivals_seal(&audit->arrivals);
    }
    db_exec(&ctl->db, "ROLLBACK", NULL);
    return r;
}

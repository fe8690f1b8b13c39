/* The part of the audit that MariaDB answers: the campaign and its grants, in one snapshot. */
#include "ctl/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool note_code(struct audit *a, uint64_t hash)
{
    if (a->n_codes == a->room_codes) {
        size_t room = a->room_codes > 0 ? 2 * a->room_codes : 1024;
        uint64_t *codes = realloc(a->codes, room * sizeof *codes);
        if (codes == NULL)
            return false;
        a->codes = codes;
        a->room_codes = room;
    }
    a->codes[a->n_codes++] = hash;
    return true;
}

/* note_row: the rows come in the order of their serials. */
static bool note_row(struct audit *a, uint64_t *ticket_before, MYSQL_ROW cells,
                     const unsigned long *lengths)
{
    int64_t serial = strtoll(cells[0], NULL, 10);
    uint64_t ticket = strtoull(cells[3], NULL, 10);
    uint64_t code_hash = audit_hash(cells[2], lengths[2]);
    struct audit_user *user = audit_users_of(&a->users, cells[1], lengths[1]);
    if (user == NULL || !note_code(a, code_hash))
        return false;
    a->rows++;
    a->double_serials += serial == a->highest_serial;
    a->beyond_quota += serial > a->row.quota;
    a->serial_inversions += ticket <= *ticket_before;
    a->highest_serial = serial;
    a->last_ticket = ticket > a->last_ticket ? ticket : a->last_ticket;
    *ticket_before = ticket;
    if (user->row_serial != 0)
        return a->double_users++, true;
    user->row_serial = (uint32_t)serial;
    user->row_ticket = ticket;
    user->row_code_hash = code_hash;
    return true;
}

static int read_grants(struct ctl *ctl, struct audit *a)
{
    char sql[160];
    uint64_t ticket_before = 0;
    db_format(&ctl->db, sql, sizeof sql,
              "SELECT serial, user_id, code, ticket FROM coupons WHERE campaign_id = %d "
              "ORDER BY serial",
              a->row.id);
    MYSQL_RES *rows = mysql_query(ctl->db.link, sql) == 0 ? mysql_use_result(ctl->db.link) : NULL;
    if (rows == NULL)
        return stores_db_failed(ctl, db_fail(&ctl->db, NULL), "reading the grants");
    bool room = true;
    for (MYSQL_ROW cells; room && (cells = mysql_fetch_row(rows)) != NULL;)
        room = note_row(a, &ticket_before, cells, mysql_fetch_lengths(rows));
    bool broken = room && mysql_errno(ctl->db.link) != 0;
    enum db_outcome outcome = broken ? db_fail(&ctl->db, NULL) : DB_OK;
    mysql_free_result(rows);
    if (!room)
        return ctl_error(CTL_FAILED, "not enough memory for the grants of this campaign");
    return broken ? stores_db_failed(ctl, outcome, "reading the grants") : 0;
}

static int read_journal(struct ctl *ctl, struct audit *a)
{
    char sql[96];
    MYSQL_RES *rows;
    db_format(&ctl->db, sql, sizeof sql, "SELECT COUNT(*) FROM journal WHERE campaign_id = %d",
              a->row.id);
    enum db_outcome outcome = db_query(&ctl->db, sql, &rows);
    if (outcome != DB_OK)
        return stores_db_failed(ctl, outcome, "reading the journal");
    MYSQL_ROW cells = mysql_fetch_row(rows);
    a->journalled = cells != NULL ? strtoll(cells[0], NULL, 10) : 0;
    mysql_free_result(rows);
    return 0;
}

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
    if (r == 0)
        r = read_grants(ctl, audit);
    if (r == 0)
        r = read_journal(ctl, audit);
    if (r == 0)
        count_double_codes(audit);
    db_exec(&ctl->db, "ROLLBACK", NULL);
    return r;
}

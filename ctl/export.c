/* SPDX-License-Identifier: Apache-2.0 */
/* onrushctl export: the grants of a campaign, by serial. */
#include "ctl/campaign_row.h"
#include "ctl/commands.h"
#include "ctl/stores.h"
#include "shared/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT };

/* Users, codes and numbers contain nothing that CSV or JSON must quote. */
static void print_row(bool json, bool first, MYSQL_ROW cells)
{
    char at[CLOCK_TEXT_SIZE];
    clock_format(strtoll(cells[4], NULL, 10), at);
    if (json)
        printf("%s\n{\"serial\":%s,\"user_id\":\"%s\",\"code\":\"%s\",\"ticket\":%s,"
               "\"granted_at\":\"%s\"}",
               first ? "[" : ",", cells[0], cells[1], cells[2], cells[3], at);
    else
        printf("%s,%s,%s,%s,%s\n", cells[0], cells[1], cells[2], cells[3], at);
}

/* print_rows: streams the rows, so memory does not grow with the campaign. */
static int print_rows(struct ctl *ctl, bool json)
{
    bool first = true;
    MYSQL_RES *rows = mysql_use_result(ctl->db.link);
    if (rows == NULL)
        return stores_db_failed(ctl, db_fail(&ctl->db, NULL), "reading the grants");
    if (!json)
        printf("serial,user_id,code,ticket,granted_at\n");
    MYSQL_ROW cells;
    for (; !ferror(stdout) && (cells = mysql_fetch_row(rows)) != NULL; first = false)
        print_row(json, first, cells);
    bool broken = mysql_errno(ctl->db.link) != 0;
    enum db_outcome outcome = broken ? db_fail(&ctl->db, NULL) : DB_OK;
    if (!broken && json)
        printf("%s\n]\n", first ? "[" : "");
    if (ferror(stdout)) {
        db_close(&ctl->db); /* main() prints why; skips the rest of the rows */
        return CTL_IO;
    }
    mysql_free_result(rows);
    return broken ? stores_db_failed(ctl, outcome, "the export is incomplete") : CTL_OK;
}

static int run(struct ctl *ctl, char **args, const char *const *values)
{
    char sql[256];
    struct campaign_row row;
    const char *format = values[FORMAT] != NULL ? values[FORMAT] : ctl->json ? "json" : "csv";
    if (strcmp(format, "csv") != 0 && strcmp(format, "json") != 0)
        return ctl_error(CTL_USAGE, "--format: \"%s\" is neither csv nor json", format);
    int r = campaign_row_open(ctl, args[0], &row);
    if (r != 0)
        return r;
    db_format(&ctl->db, sql, sizeof sql,
              "SELECT serial, user_id, code, ticket, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', "
              "granted_at) FROM coupons WHERE campaign_id = %" PRId64 " ORDER BY serial",
              row.id);
    enum db_outcome outcome = db_exec(&ctl->db, "SET max_statement_time = 0", NULL);
    if (outcome == DB_OK && mysql_query(ctl->db.link, sql) != 0)
        outcome = db_fail(&ctl->db, NULL);
    if (outcome != DB_OK)
        return stores_db_failed(ctl, outcome, "reading the grants");
    return print_rows(ctl, strcmp(format, "json") == 0);
}

const struct ctl_command command_export = {
    .name = "export",
    .args = "NAME",
    .n_args = 1,
    .summary = "Prints the grants of a campaign, in the order of their serials",
    .details = "Columns: serial, user_id, code, ticket, granted_at. The codes are worth money: "
               "mind where\nthe output goes.",
    .example = "export noon --format csv",
    .options = {[FORMAT] = {"format", "csv|json", "csv (the default) or one JSON array"}},
    .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/campaign_row.h"

#include "ctl/output.h"
#include "ctl/stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* US: a DATETIME(6) as µs since the epoch. UNIX_TIMESTAMP ends in 2038, TIMESTAMPDIFF does not. */
#define US(column) "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', " column ")"
#define TIMES      US("opens_at") ", " US("closes_at") ", " US("lease_until") ", " US("created_at")
#define SELECT                                                                                     \
    "SELECT id, quota, overflow, instant_wait_ms, granted, epoch, watermark, " TIMES               \
    ", name, state, owner FROM campaigns"

int campaign_name_check(const char *name)
{
    if (campaign_name_valid(name, strlen(name)))
        return 0;
    return ctl_error(CTL_USAGE,
                     "\"%s\" is not a campaign name: 1 to %d letters, digits, or . _ - and the "
                     "first one a letter or digit",
                     name, CAMPAIGN_NAME_MAX);
}

static void read_row(MYSQL_ROW cells, struct campaign_row *row)
{
    int64_t *const numbers[] = {
        &row->id,        &row->quota,    &row->overflow,  &row->instant_wait_ms,
        &row->granted,   &row->epoch,    &row->watermark, &row->opens_us,
        &row->closes_us, &row->lease_us, &row->created_us};
    size_t n = sizeof numbers / sizeof numbers[0];
    for (size_t i = 0; i < n; i++)
        *numbers[i] = cells[i] != NULL ? strtoll(cells[i], NULL, 10) : 0;
    snprintf(row->name, sizeof row->name, "%s", cells[n]);
    snprintf(row->state, sizeof row->state, "%s", cells[n + 1]);
    snprintf(row->owner, sizeof row->owner, "%s", cells[n + 2]);
}

int campaign_row_find(struct ctl *ctl, const char *name, bool lock, struct campaign_row *row)
{
    char sql[1024];
    MYSQL_RES *rows;
    db_format(&ctl->db, sql, sizeof sql,
              lock ? SELECT " WHERE name = %s FOR UPDATE" : SELECT " WHERE name = %s", name);
    int r = stores_query(ctl, sql, "reading the campaign", &rows);
    if (r != 0)
        return r;
    MYSQL_ROW cells = mysql_fetch_row(rows);
    if (cells != NULL)
        read_row(cells, row);
    mysql_free_result(rows);
    if (cells == NULL)
        return ctl_error(CTL_NOT_FOUND,
                         "there is no campaign %s; `onrushctl campaign list` shows them", name);
    return 0;
}

int campaign_row_open(struct ctl *ctl, const char *name, struct campaign_row *row)
{
    int r = campaign_name_check(name);
    if (r == 0)
        r = stores_db(ctl);
    return r == 0 ? campaign_row_find(ctl, name, false, row) : r;
}

int campaign_row_list(struct ctl *ctl, json_t *list)
{
    MYSQL_RES *rows;
    struct campaign_row row;
    int r = stores_query(ctl, SELECT " ORDER BY id", "reading the campaigns", &rows);
    if (r != 0)
        return r;
    for (MYSQL_ROW cells; (cells = mysql_fetch_row(rows)) != NULL;) {
        read_row(cells, &row);
        json_array_append_new(list, campaign_row_json(&row));
    }
    mysql_free_result(rows);
    return CTL_OK;
}

json_t *campaign_row_json(const struct campaign_row *r)
{
    return json_pack(
        "{s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:s, s:I, s:o, s:I}", "id", r->id,
        "name", r->name, "state", r->state, "quota", r->quota, "granted", r->granted, "remaining",
        r->quota - r->granted, "overflow", r->overflow, "instant_wait_ms", r->instant_wait_ms,
        "opens_at", output_time(r->opens_us), "closes_at", output_time(r->closes_us), "created_at",
        output_time(r->created_us), "owner", r->owner, "epoch", r->epoch, "lease_until",
        output_time(r->owner[0] != '\0' ? r->lease_us : 0), "watermark", r->watermark);
}

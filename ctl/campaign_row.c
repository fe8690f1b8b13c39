/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/campaign_row.h"

#include "ctl/output.h"
#include "ctl/stores.h"

#include <string.h>

int campaign_name_check(const char *name)
{
    if (campaign_name_valid(name, strlen(name)))
        return 0;
    return ctl_error(CTL_USAGE,
                     "\"%s\" is not a campaign name: 1 to %d letters, digits, or . _ - and the "
                     "first one a letter or digit",
                     name, CAMPAIGN_NAME_MAX);
}

/* read_row: returns 0, or an exit code after printing the error. */
static int read_row(MYSQL_ROW cells, struct campaign_row *row)
{
    if (campaign_row_read(cells, row) == 0)
        return 0;
    return ctl_error(CTL_FAILED, "campaign %s has a state that nobody knows", row->name);
}

int campaign_row_find(struct ctl *ctl, const char *name, bool lock, struct campaign_row *row)
{
    MYSQL_RES *rows;
    enum db_outcome outcome = db_queryf(&ctl->db, &rows,
                                        lock ? CAMPAIGN_ROW_SELECT " WHERE name = %s FOR UPDATE"
                                             : CAMPAIGN_ROW_SELECT " WHERE name = %s",
                                        name);
    if (outcome != DB_OK)
        return stores_db_failed(ctl, outcome, "reading the campaign");
    MYSQL_ROW cells = mysql_fetch_row(rows);
    int r = cells != NULL ? read_row(cells, row) : CTL_NOT_FOUND;
    mysql_free_result(rows);
    if (cells == NULL)
        ctl_error(CTL_NOT_FOUND, "there is no campaign %s; `onrushctl campaign list` shows them",
                  name);
    return r;
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
    int r = CTL_OK;
    enum db_outcome outcome = db_query(&ctl->db, CAMPAIGN_ROW_SELECT " ORDER BY id", &rows);
    if (outcome != DB_OK)
        return stores_db_failed(ctl, outcome, "reading the campaigns");
    for (MYSQL_ROW cells; (cells = mysql_fetch_row(rows)) != NULL;) {
        int unreadable = read_row(cells, &row);
        if (unreadable == 0)
            json_array_append_new(list, campaign_row_json(&row));
        else
            r = unreadable;
    }
    mysql_free_result(rows);
    return r;
}

json_t *campaign_row_json(const struct campaign_row *r)
{
    return json_pack("{s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:s, s:I, s:o, s:I}",
                     "id", r->id, "name", r->name, "state", campaign_state_text(r->state), "quota",
                     r->quota, "granted", r->granted, "remaining", r->quota - r->granted,
                     "overflow", r->overflow, "instant_wait_ms", r->instant_wait_ms, "opens_at",
                     output_time(r->opens_us), "closes_at", output_time(r->closes_us), "created_at",
                     output_time(r->created_us), "owner", r->owner, "epoch", (json_int_t)r->epoch,
                     "lease_until", output_time(r->owner[0] != '\0' ? r->lease_us : 0), "watermark",
                     r->watermark);
}

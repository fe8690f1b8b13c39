/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/refused.h"

#include "ctl/output.h"
#include "ctl/stores.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 1024

/* OF_CAMPAIGN: excludes users who got a coupon later. */
#define OF_CAMPAIGN                                                                                \
    " FROM refused WHERE campaign_id = %d AND NOT EXISTS (SELECT 1 FROM coupons WHERE "            \
    "coupons.campaign_id = refused.campaign_id AND "                                               \
    "coupons.user_id = CONVERT(refused.member USING ascii))"

/* printable: a member may have any bytes; prints those outside plain ASCII as \xNN. */
static json_t *printable(const char *bytes, unsigned long len)
{
    char text[TEXT_MAX];
    size_t n = 0;
    for (unsigned long i = 0; i < len && n + 5 < sizeof text; i++) {
        unsigned char c = (unsigned char)bytes[i];
        n +=
            (size_t)snprintf(text + n, sizeof text - n, c >= ' ' && c <= '~' ? "%c" : "\\x%02x", c);
    }
    return json_stringn(text, n);
}

static json_t *row_json(MYSQL_ROW cells, const unsigned long *lengths)
{
    enum { MEMBER, TICKET, REASON, DETAIL, REFUSED_AT };
    int64_t ticket = strtoll(cells[TICKET], NULL, 10);
    int64_t refused_us = strtoll(cells[REFUSED_AT], NULL, 10);
    return json_pack("{s:o, s:o, s:s, s:o, s:o}", "user", printable(cells[MEMBER], lengths[MEMBER]),
                     "ticket", ticket > 0 ? json_integer(ticket) : json_null(), "reason",
                     cells[REASON], "detail", printable(cells[DETAIL], lengths[DETAIL]),
                     "refused_at", output_time(refused_us));
}

static int query(struct ctl *ctl, const char *format, int64_t campaign_id, int64_t limit,
                 MYSQL_RES **rows)
{
    char sql[1024];
    db_format(&ctl->db, sql, sizeof sql, format, campaign_id, limit);
    return stores_query(ctl, sql, "reading the refused requests", rows);
}

int refused_add(struct ctl *ctl, int64_t campaign_id, json_t *object)
{
    MYSQL_RES *rows;
    int r = query(ctl, "SELECT COUNT(*)" OF_CAMPAIGN " LIMIT %d", campaign_id, 1, &rows);
    if (r != 0)
        return r;
    int64_t total = strtoll(mysql_fetch_row(rows)[0], NULL, 10);
    mysql_free_result(rows);
    r = query(ctl,
              "SELECT member, ticket, reason, detail, "
              "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', refused_at)" OF_CAMPAIGN
              " ORDER BY refused_at DESC, member LIMIT %d",
              campaign_id, REFUSED_SHOWN, &rows);
    if (r != 0)
        return r;
    json_t *list = json_array();
    for (MYSQL_ROW cells; (cells = mysql_fetch_row(rows)) != NULL;)
        json_array_append_new(list, row_json(cells, mysql_fetch_lengths(rows)));
    mysql_free_result(rows);
    json_object_set_new(object, "refused_total", json_integer(total));
    json_object_set_new(object, "refused", list);
    return 0;
}

void refused_print(const json_t *object)
{
    static const struct output_column columns[] = {{"user", "USER"},
                                                   {"ticket", "TICKET"},
                                                   {"reason", "REASON"},
                                                   {"refused_at", "REFUSED AT"},
                                                   {"detail", "DETAIL"}};
    const json_t *list = json_object_get(object, "refused");
    int64_t total = json_integer_value(json_object_get(object, "refused_total"));
    if (json_array_size(list) == 0)
        return;
    printf("\nThe newest %zu of %" PRId64 " refused requests:\n", json_array_size(list), total);
    output_table(list, columns, sizeof columns / sizeof columns[0]);
}

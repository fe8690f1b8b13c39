/* SPDX-License-Identifier: Apache-2.0 */
/* onrushctl campaign show. */
#include "ctl/campaign_row.h"
#include "ctl/commands.h"
#include "ctl/output.h"
#include "ctl/stores.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX      1024
#define REFUSED_SHOWN 20

/* --- what Redis has --- */

static json_t *head_json(const struct campaign_head *h)
{
    return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I}", "state",
                     campaign_state_text(h->state), "quota", h->quota, "admit_limit",
                     output_count(h->admit_limit), "epoch", output_count(h->epoch), "admitted",
                     output_count(h->admitted), "granted", output_count(h->granted), "sold_out",
                     output_count(h->sold_out), "refused", output_count(h->refused), "watermark",
                     output_count(h->watermark), "queued", h->queued, "claimed", h->claimed);
}

/* add_head: adds the head as "redis", or null and the reason as "redis_state". */
static void add_head(struct ctl *ctl, json_t *object, const char *name)
{
    static const char *const texts[] = {
        [STORES_ANSWER] = "ready",
        [STORES_ABSENT] = "not published, or expired",
        [STORES_UNREADY] = "being rebuilt",
        [STORES_ERROR] = "not reachable: `onrushctl audit` says why",
    };
    struct campaign_head head;
    enum stores_answer answer = stores_head(ctl, name, &head);
    json_object_set_new(object, "redis", answer == STORES_ANSWER ? head_json(&head) : json_null());
    json_object_set_new(object, "redis_state", json_string(texts[answer]));
}

/* --- the requests that were refused for good, from the table `refused` --- */

/* OF_CAMPAIGN: excludes users who got a coupon later. */
#define OF_CAMPAIGN                                                                                \
    " FROM refused WHERE campaign_id = %" PRId64 " AND NOT EXISTS (SELECT 1 FROM coupons WHERE "   \
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

/* refused_add: adds "refused_total" and "refused" (the REFUSED_SHOWN newest: user, ticket, reason,
 * detail, refused_at) to `object`. Returns 0, or an exit code after printing why. */
static int refused_add(struct ctl *ctl, int64_t campaign_id, json_t *object)
{
    MYSQL_RES *rows;
    int64_t total;
    enum db_outcome outcome =
        db_number(&ctl->db, &total, "SELECT COUNT(*)" OF_CAMPAIGN " LIMIT 1", campaign_id);
    if (outcome == DB_OK)
        outcome = db_queryf(&ctl->db, &rows,
                            "SELECT member, ticket, reason, detail, "
                            "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', refused_at)" OF_CAMPAIGN
                            " ORDER BY refused_at DESC, member LIMIT %d",
                            campaign_id, REFUSED_SHOWN);
    if (outcome != DB_OK)
        return stores_db_failed(ctl, outcome, "reading the refused requests");
    json_t *list = json_array();
    for (MYSQL_ROW cells; (cells = mysql_fetch_row(rows)) != NULL;)
        json_array_append_new(list, row_json(cells, mysql_fetch_lengths(rows)));
    mysql_free_result(rows);
    json_object_set_new(object, "refused_total", json_integer(total));
    json_object_set_new(object, "refused", list);
    return 0;
}

/* refused_print: prints their number, and that list as a table unless it is empty. */
static void refused_print(const json_t *object)
{
    static const struct output_column number = {"refused_total", "refused"};
    static const struct output_column columns[] = {{"user", "USER"},
                                                   {"ticket", "TICKET"},
                                                   {"reason", "REASON"},
                                                   {"refused_at", "REFUSED AT"},
                                                   {"detail", "DETAIL"}};
    const json_t *list = json_object_get(object, "refused");
    output_pairs(object, &number, 1);
    int64_t total = json_integer_value(json_object_get(object, "refused_total"));
    if (json_array_size(list) == 0)
        return;
    printf("\nThe newest %zu of %" PRId64 " refused requests:\n", json_array_size(list), total);
    output_table(list, columns, sizeof columns / sizeof columns[0]);
}

/* --- the command --- */

static const struct output_column show_columns[] = {
    {"name", "name"},
    {"state", "state"},
    {"quota", "quota"},
    {"granted", "granted"},
    {"remaining", "remaining"},
    {"overflow", "overflow"},
    {"instant_wait_ms", "instant wait, ms"},
    {"opens_at", "opens at"},
    {"closes_at", "closes at"},
    {"created_at", "created at"},
    {"owner", "lease owner"},
    {"lease_until", "lease until"},
    {"epoch", "epoch"},
    {"redis_state", "redis"},
};

static const struct output_column redis_columns[] = {
    {"state", "redis state"},       {"quota", "redis quota"},     {"epoch", "redis epoch"},
    {"admitted", "redis admitted"}, {"granted", "redis granted"}, {"sold_out", "redis sold out"},
    {"refused", "redis refused"},   {"queued", "redis queue"},    {"claimed", "redis claimed"},
};

static int show(struct ctl *ctl, char **args, const char *const *values)
{
    (void)values;
    struct campaign_row row;
    int r = campaign_row_open(ctl, args[0], &row);
    if (r != 0)
        return r;
    json_t *object = campaign_row_json(&row);
    add_head(ctl, object, args[0]);
    r = refused_add(ctl, row.id, object);
    if (r == 0 && ctl->json) {
        output_json(object);
    } else if (r == 0) {
        output_pairs(object, show_columns, sizeof show_columns / sizeof show_columns[0]);
        output_pairs(json_object_get(object, "redis"), redis_columns,
                     sizeof redis_columns / sizeof redis_columns[0]);
        refused_print(object);
    }
    json_decref(object);
    return r;
}

const struct ctl_command command_campaign_show = {
    .name = "campaign show",
    .args = "NAME",
    .n_args = 1,
    .summary = "Shows a campaign: its row in MariaDB and its counters in Redis",
    .details = "And the newest of the requests that were refused for good, with the reason. "
               "row-refused:\nMariaDB will not take this user's row; the detail is its error. Once "
               "that is repaired\nthe user cannot try again in this campaign. undecodable: "
               "somebody wrote into the keys of\nthe campaign in Redis what is no user id or no "
               "ticket.",
    .example = "campaign show noon",
    .run = show,
};

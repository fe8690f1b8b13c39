/* SPDX-License-Identifier: Apache-2.0 */
/* onrushctl request show: one request in Redis and MariaDB. */
#include "ctl/campaign_row.h"
#include "ctl/commands.h"
#include "ctl/output.h"
#include "ctl/stores.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_texts[] = {
    [REQUEST_WAITING] = "waiting", [REQUEST_GRANTED] = "granted", [REQUEST_SOLD_OUT] = "sold_out",
    [REQUEST_REFUSED] = "refused", [REQUEST_FULL] = "none",       [REQUEST_NOT_OPEN] = "none",
    [REQUEST_CLOSED] = "none",     [REQUEST_PAUSED] = "none",     [REQUEST_NONE] = "none",
};

/* state_json: the state in Redis, or null if it has no request. */
static json_t *state_json(const struct request_state *s)
{
    if (strcmp(kind_texts[s->kind], "none") == 0)
        return json_null();
    json_t *object =
        json_pack("{s:s, s:I}", "status", kind_texts[s->kind], "ticket", (json_int_t)s->ticket);
    if (s->kind == REQUEST_WAITING)
        json_object_set_new(object, "position", json_integer((json_int_t)s->position));
    if (s->kind == REQUEST_GRANTED) {
        json_object_set_new(object, "serial", json_integer(s->serial));
        json_object_set_new(object, "code", json_string(s->code));
    }
    if (s->kind == REQUEST_REFUSED)
        json_object_set_new(object, "reason", json_string(s->reason));
    return object;
}

/* ask_redis: returns 0 and *object (null: no request), or an exit code. */
static int ask_redis(struct ctl *ctl, const char *campaign, const char *user, json_t **object,
                     const char **state)
{
    redisReply *reply;
    struct request_state s;
    enum stores_answer answer = stores_status(ctl, campaign, user, &reply);
    *object = NULL;
    *state = answer == STORES_ABSENT ? "not published, or expired" : "being rebuilt";
    if (answer == STORES_ABSENT || answer == STORES_UNREADY) {
        *object = json_null();
        return 0;
    }
    const redisReply *text = answer == STORES_ANSWER ? reply->element[1] : NULL;
    bool good = text != NULL && text->type == REDIS_REPLY_STRING &&
                request_state_parse(text->str, text->len, &s) == 0;
    int r = good ? 0 : stores_redis_failed(ctl, reply);
    freeReplyObject(reply);
    if (good)
        *object = state_json(&s);
    *state = "ready";
    return r;
}

static json_t *grant_json(MYSQL_ROW cells)
{
    enum { SERIAL, CODE, TICKET, GRANTED_US };
    if (cells == NULL)
        return json_null();
    return json_pack("{s:s, s:I, s:I, s:s, s:o}", "status", "granted", "serial",
                     (json_int_t)strtoll(cells[SERIAL], NULL, 10), "ticket",
                     (json_int_t)strtoll(cells[TICKET], NULL, 10), "code", cells[CODE],
                     "granted_at", output_time(strtoll(cells[GRANTED_US], NULL, 10)));
}

/* ask_mariadb: returns 0 and *object (null: no grant), or an exit code. */
static int ask_mariadb(struct ctl *ctl, int64_t campaign_id, const char *user, json_t **object)
{
    MYSQL_RES *rows;
    enum db_outcome outcome =
        db_queryf(&ctl->db, &rows,
                  "SELECT serial, code, ticket, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', "
                  "granted_at) FROM coupons WHERE campaign_id = %" PRId64 " AND user_id = %s",
                  campaign_id, user);
    if (outcome != DB_OK)
        return stores_db_failed(ctl, outcome, "reading the grant");
    *object = grant_json(mysql_fetch_row(rows));
    mysql_free_result(rows);
    return 0;
}

static void print_side(const char *title, const json_t *side, const char *none)
{
    static const struct output_column columns[] = {
        {"status", "  status"},        {"ticket", "  ticket"}, {"position", "  position"},
        {"serial", "  serial"},        {"code", "  code"},     {"reason", "  reason"},
        {"granted_at", "  granted at"}};
    printf("%s%s%s\n", title, json_is_null(side) ? ": " : "", json_is_null(side) ? none : "");
    if (!json_is_null(side))
        output_pairs(side, columns, sizeof columns / sizeof columns[0]);
}

static int report(struct ctl *ctl, const char *campaign, const char *user, json_t *redis,
                  const char *redis_state, json_t *mariadb)
{
    bool none = json_is_null(redis) && json_is_null(mariadb);
    json_t *object = json_pack("{s:s, s:s, s:o, s:s, s:o}", "campaign", campaign, "user_id", user,
                               "redis", redis, "redis_state", redis_state, "mariadb", mariadb);
    if (ctl->json) {
        output_json(object);
    } else {
        print_side("Redis", redis, strcmp(redis_state, "ready") == 0 ? "no request" : redis_state);
        print_side("MariaDB", mariadb, "no grant");
    }
    json_decref(object);
    return none ? CTL_NOT_FOUND : CTL_OK;
}

static int show(struct ctl *ctl, char **args, const char *const *values)
{
    struct campaign_row row;
    json_t *redis = NULL, *mariadb = NULL;
    const char *redis_state;
    (void)values;
    int r = campaign_name_check(args[0]);
    if (r == 0 && !user_id_valid(args[1], strlen(args[1])))
        r = ctl_error(CTL_USAGE,
                      "\"%s\" is not a user id: 1 to %d letters, digits, or one of "
                      "._-:@+=|~",
                      args[1], USER_ID_MAX);
    if (r == 0)
        r = stores_db(ctl);
    if (r == 0)
        r = stores_redis(ctl);
    if (r == 0)
        r = campaign_row_find(ctl, args[0], false, &row);
    if (r == 0)
        r = ask_redis(ctl, args[0], args[1], &redis, &redis_state);
    if (r == 0)
        r = ask_mariadb(ctl, row.id, args[1], &mariadb);
    if (r == 0)
        return report(ctl, args[0], args[1], redis, redis_state, mariadb);
    json_decref(redis);
    json_decref(mariadb);
    return r;
}

const struct ctl_command command_request_show = {
    .name = "request show",
    .args = "NAME USER",
    .n_args = 2,
    .summary = "Shows one user's request: what Redis tells, and what MariaDB holds",
    .details = "It prints the coupon code: mind who reads your screen. It exits with 2 when the "
               "user has\nno request.",
    .example = "request show noon u-1",
    .run = show,
};

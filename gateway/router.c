/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/router.h"

#include "gateway/body.h"
#include "gateway/campaign_cache.h"
#include "gateway/fallback.h"
#include "gateway/http_strings.h"
#include "gateway/loop.h"
#include "gateway/rate_limits.h"
#include "gateway/request_trace.h"
#include "gateway/soldout.h"
#include "shared/base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WAIT_MOST_MS 30000
#define WAIT_SIZE    16 /* longer than any valid one */

/* --- parsing --- */

int route_parse_wait(const char *text, int64_t *wait_ms)
{
    int64_t ms = 0, unit = 1000;
    const char *p = text;
    for (; *p >= '0' && *p <= '9' && p - text < 2; p++)
        ms = ms * 10 + (*p - '0') * 1000;
    if (p == text)
        return -EINVAL;
    if (*p == '.') {
        const char *point = p++;
        for (; *p >= '0' && *p <= '9' && p - point < 4; p++)
            ms += (*p - '0') * (unit /= 10);
        if (p == point + 1)
            return -EINVAL;
    }
    if (*p != '\0' || ms > WAIT_MOST_MS)
        return -EINVAL;
    *wait_ms = ms;
    return 0;
}

/* --- the head --- */

/* find_route: false: the request is judged. */
static bool find_route(struct request *r, struct route_part *parts)
{
    const struct gateway_config *config = gateway_config(r->loop->gateway);
    const struct route_node *node = routes_find(config->routes, http_string(r->head->path), parts);
    if (node == NULL) {
        request_judge(r, OUTCOME_no_route);
        return false;
    }
    if (r->head->method == HTTP_METHOD_POST)
        r->route = node->post;
    else if (r->head->method == HTTP_METHOD_GET || r->head->method == HTTP_METHOD_HEAD)
        r->route = node->get;
    if (r->route != NULL)
        return true;
    r->allow = route_node_allow(node);
    request_judge(r, OUTCOME_bad_method);
    return false;
}

/* read_source: reads the value of `source`, with a NUL. Returns its length or -EINVAL. Not for
 * FROM_BODY. */
static int read_source(struct request *r, const struct route_source *source,
                       const struct route_part *parts, char *out, size_t size)
{
    const char *text = source->text;
    if (source->from == FROM_PATH)
        return route_decode(&parts[source->part], out, size);
    if (source->from == FROM_HEADER)
        text = http_field_string(r->head, source->text);
    if (text == NULL || strlen(text) >= size)
        return -EINVAL;
    return (int)(stpcpy(out, text) - out);
}

/* take_campaign: sets the name from the request's `value`. Returns OUTCOME_waiting, or the outcome
 * that says what is wrong. */
static enum outcome take_campaign(struct request *r, const char *value, int len)
{
    const char *name = value;
    if (len <= 0)
        return OUTCOME_bad_name;
    if (r->route->n_names > 0 && (name = route_name_find(r->route, value)) == NULL)
        return OUTCOME_no_campaign;
    size_t n = name == value ? (size_t)len : strlen(name);
    if (!campaign_name_valid(name, n))
        return OUTCOME_bad_name;
    memcpy(r->name, name, n + 1);
    r->name_len = (uint8_t)n;
    return OUTCOME_waiting;
}

static enum outcome take_user(struct request *r, const char *value, int len)
{
    if (len < 0 || !user_id_valid(value, (size_t)len))
        return OUTCOME_bad_user;
    memcpy(r->user, value, (size_t)len + 1);
    r->user_len = (uint8_t)len;
    return OUTCOME_waiting;
}

/* take_identity: sets campaign and user, unless they are in the body. False: the request is
 * judged. */
static bool take_identity(struct request *r, const struct route_part *parts)
{
    const struct route *route = r->route;
    enum outcome verdict = OUTCOME_waiting;
    char value[USER_ID_MAX + 1];
    if (route->campaign.from != FROM_BODY)
        verdict =
            take_campaign(r, value, read_source(r, &route->campaign, parts, value, sizeof value));
    if (verdict == OUTCOME_waiting && route->user.from != FROM_BODY &&
        route->user.from != FROM_NOTHING)
        verdict = take_user(r, value, read_source(r, &route->user, parts, value, sizeof value));
    if (verdict != OUTCOME_waiting)
        request_judge(r, verdict);
    return verdict == OUTCOME_waiting;
}

/* find_wait: copies the first `wait` of a query to `text`; "" if it has no value. Returns NULL if
 * there is none. */
static const char *find_wait(const char *query, char text[WAIT_SIZE])
{
    static const char name[] = "wait";
    for (; query != NULL; query = strchr(query, '&') != NULL ? strchr(query, '&') + 1 : NULL) {
        size_t len = strcspn(query, "&"), name_len = strcspn(query, "=&");
        if (name_len != sizeof name - 1 || memcmp(query, name, name_len) != 0)
            continue;
        size_t from = name_len + (query[name_len] == '=');
        snprintf(text, WAIT_SIZE, "%.*s", (int)(len - from), query + from);
        return text;
    }
    return NULL;
}

static bool take_wait(struct request *r)
{
    char copy[WAIT_SIZE];
    const char *text = find_wait(http_string(r->head->query), copy);
    if (text == NULL)
        return true;
    if (route_parse_wait(text, &r->wait_ms) < 0) {
        request_judge(r, OUTCOME_bad_wait);
        return false;
    }
    int64_t most_ms = gateway_config(r->loop->gateway)->max_wait_s * 1000;
    if (r->wait_ms > most_ms)
        r->wait_ms = most_ms;
    r->deadline_us = r->start_us + r->wait_ms * 1000;
    return true;
}

void router_judge(struct request *r)
{
    struct route_part parts[ROUTE_PARTS_MAX];
    if (!find_route(r, parts) || !take_identity(r, parts))
        return;
    if (r->route->op == OP_STATUS && !take_wait(r))
        return;
    if (route_asks_body(r->route) && !body_is_json(http_field_string(r->head, "Content-Type")))
        request_judge(r, OUTCOME_bad_media_type);
}

/* --- complete requests --- */

/* read_body: false: it answered the request. */
static bool read_body(struct request *r)
{
    const struct route *route = r->route;
    struct body_field fields[2];
    enum outcome verdict = OUTCOME_waiting;
    size_t n = 0;
    if (route->user.from == FROM_BODY)
        fields[n++].name = route->user.text;
    if (route->campaign.from == FROM_BODY)
        fields[n++].name = route->campaign.text;
    int error = body_parse(r->head->body.at, r->head->body.len, fields, n);
    if (error < 0)
        verdict = error == -EBADMSG ? OUTCOME_bad_json : OUTCOME_bad_user;
    else if (route->user.from == FROM_BODY)
        verdict = take_user(r, fields[0].text, fields[0].len);
    if (verdict == OUTCOME_waiting && route->campaign.from == FROM_BODY)
        verdict = take_campaign(r, fields[n - 1].text, fields[n - 1].len);
    if (verdict != OUTCOME_waiting)
        request_answer(r, verdict);
    return verdict == OUTCOME_waiting;
}

/* may_ask: if tokens are required, is this the user's token? False: it answered the request. */
static bool may_ask(struct request *r)
{
    const struct auth *auth = r->loop->gateway->auth;
    if (auth == NULL || r->route->user.from == FROM_NOTHING)
        return true;
    const char *header = http_field_string(r->head, "Authorization");
    int error = auth_check(auth, header, r->user, clock_wall_us());
    if (error < 0)
        request_answer(r, error == -EPERM ? OUTCOME_wrong_user : OUTCOME_unauthorized);
    return error == 0;
}

/* sold_out: answers without Redis if the filter of a full campaign does not have this user. */
static bool sold_out(struct request *r)
{
    struct cached_campaign *c = r->campaign;
    if (r->user_len == 0 || !soldout_knows(c, r->user, r->user_len))
        return false;
    r->known.kind = REQUEST_FULL;
    cached_campaign_refresh(c);
    if (fallback_doubted(r, c->head_us)) {
        request_move(r, STAGE_ASKING);
        fallback_ask(r, FALLBACK_NO_REQUEST);
        return true;
    }
    metric_add(&r->loop->metrics.memory_answers, 1);
    request_answer(r, OUTCOME_sold_out);
    return true;
}

static void ask(struct request *r)
{
    struct loop *loop = r->loop;
    struct cached_campaign *c = r->campaign = campaign_cache_get(loop, r->name, r->name_len);
    if (c == NULL) {
        request_turn_away(r, OUTCOME_overloaded, &loop->metrics.unavailable_campaigns);
        return;
    }
    if (loop->now_us < c->missing_until_us) {
        request_answer(r, OUTCOME_no_campaign);
        return;
    }
    if (sold_out(r))
        return;
    /* The head goes first: it tells whether to wait for the decision. */
    if (r->route->op == OP_ENQUEUE && !c->has_head)
        batcher_want_head(&c->channel);
    request_ask(r, r->route->op);
}

/* turned_away: answers requests that cannot be processed now. */
static bool turned_away(struct request *r)
{
    struct loop *loop = r->loop;
    if (loop->finishing) { /* as batcher_abandon() does with earlier ones */
        request_turn_away(r, OUTCOME_unavailable, &loop->metrics.unavailable_redis_down);
        return true;
    }
    if (!gauge_take(&loop->gateway->in_flight, gateway_config(loop->gateway)->max_in_flight)) {
        request_turn_away(r, OUTCOME_overloaded, &loop->metrics.unavailable_in_flight);
        return true;
    }
    return false;
}

void router_dispatch(struct request *r)
{
    struct loop *loop = r->loop;
    struct limiter_hold address;
    if (!r->judged)
        metric_add(metric_at(&loop->metrics, r->route->counter), 1);
    if (!rate_limits_pass_address(r, &address))
        return;
    if (r->judged) {
        request_answer(r, r->outcome);
        return;
    }
    if ((route_asks_body(r->route) && !read_body(r)) || !may_ask(r) ||
        !rate_limits_pass(r, &address) || turned_away(r))
        return;
    r->counted = true;
    metric_add(&loop->metrics.in_flight, 1);
    if (loop->gateway->tracer != NULL && r->route->op == OP_ENQUEUE)
        request_trace_begin(r);
    ask(r);
}

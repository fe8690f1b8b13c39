#include "gateway/routes.h"

#include "gateway/body.h"
#include "gateway/campaigns.h"
#include "gateway/soldout.h"
#include "gateway/worker.h"
#include "shared/clock.h"

#include <errno.h>
#include <string.h>

#define WAIT_MOST_MS 30000

static const struct route routes[] = {
    {"/v1/campaigns/{name}/requests", "POST", USER_FROM_BODY, OP_ENQUEUE,
     offsetof(struct gateway_metrics, requests_post)},
    {"/v1/campaigns/{name}/requests/{user}", "GET, HEAD", USER_FROM_PATH, OP_STATUS,
     offsetof(struct gateway_metrics, requests_get)},
    {"/v1/campaigns/{name}", "GET, HEAD", USER_NONE, OP_HEAD,
     offsetof(struct gateway_metrics, requests_campaign)},
};

/* --- pure --- */

/* match: true when `path` has the form of `pattern`. */
static bool match(const char *pattern, const char *path, struct route_part *name,
                  struct route_part *user)
{
    while (*pattern != '\0') {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        struct route_part part = {path, strcspn(path, "/")};
        if (part.len == 0)
            return false;
        *(pattern[1] == 'n' ? name : user) = part;
        path += part.len;
        pattern = strchr(pattern, '}') + 1;
    }
    return *path == '\0';
}

const struct route *route_find(const char *path, struct route_part *name, struct route_part *user)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        struct route_part n = {0}, u = {0};
        if (match(routes[i].pattern, path, &n, &u)) {
            *name = n;
            *user = u;
            return &routes[i];
        }
    }
    return NULL;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int route_decode(const struct route_part *part, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < part->len; i++) {
        int c = (unsigned char)part->at[i];
        if (c == '%') {
            if (part->len - i < 3 || hex_value(part->at[i + 1]) < 0 ||
                hex_value(part->at[i + 2]) < 0)
                return -EINVAL;
            c = hex_value(part->at[i + 1]) * 16 + hex_value(part->at[i + 2]);
            i += 2;
        }
        if (n + 1 >= size)
            return -EINVAL;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return (int)n;
}

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

/* --- at the headers --- */

void request_judge(struct request *r, enum outcome outcome)
{
    r->judged = true;
    r->outcome = outcome;
}

static bool allowed(const struct route *route, const char *method)
{
    if (route->user_from == USER_FROM_BODY)
        return strcmp(method, MHD_HTTP_METHOD_POST) == 0;
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static bool take_name(struct request *r, const struct route_part *part)
{
    int n = route_decode(part, r->name, sizeof r->name);
    if (n < 0 || !campaign_name_valid(r->name, (size_t)n))
        return request_judge(r, OUTCOME_bad_name), false;
    r->name_len = (uint8_t)n;
    return true;
}

static bool take_user(struct request *r, const struct route_part *part)
{
    int n = route_decode(part, r->user, sizeof r->user);
    if (n < 0 || !user_id_valid(r->user, (size_t)n))
        return request_judge(r, OUTCOME_bad_user), false;
    r->user_len = (uint8_t)n;
    return true;
}

static bool take_wait(struct request *r)
{
    const char *text = NULL;
    size_t len;
    if (MHD_lookup_connection_value_n(r->connection, MHD_GET_ARGUMENT_KIND, "wait", 4, &text,
                                      &len) != MHD_YES)
        return true;
    if (text == NULL || route_parse_wait(text, &r->wait_ms) < 0)
        return request_judge(r, OUTCOME_bad_wait), false;
    int64_t most_ms = gateway_config(r->worker->gateway)->max_wait_s * 1000;
    if (r->wait_ms > most_ms)
        r->wait_ms = most_ms;
    r->deadline_us = r->start_us + r->wait_ms * 1000;
    return true;
}

void routes_judge(struct request *r, const char *path, const char *method)
{
    struct route_part name, user;
    r->route = route_find(path, &name, &user);
    if (r->route == NULL)
        return request_judge(r, OUTCOME_no_route);
    if (!allowed(r->route, method))
        return request_judge(r, OUTCOME_bad_method);
    if (!take_name(r, &name))
        return;
    if (r->route->user_from == USER_FROM_PATH && (!take_user(r, &user) || !take_wait(r)))
        return;
    if (r->route->user_from == USER_FROM_BODY &&
        !body_is_json(MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Content-Type")))
        request_judge(r, OUTCOME_bad_media_type);
}

/* --- when the request is complete --- */

/* read_body: false when the request is answered. */
static bool read_body(struct request *r)
{
    int error = body_parse(r->text, r->text_len, r->user, &r->user_len);
    if (error < 0)
        request_answer(r, error == -EBADMSG ? OUTCOME_bad_json : OUTCOME_bad_user);
    return error == 0;
}

/* may_ask: is the token, if one is wanted, the user's? False when the request is answered. */
static bool may_ask(struct request *r)
{
    const struct auth *auth = r->worker->gateway->auth;
    if (auth == NULL || r->route->user_from == USER_NONE)
        return true;
    const char *header =
        MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    int error = auth_check(auth, header, r->user, clock_wall_us());
    if (error < 0)
        request_answer(r, error == -EPERM ? OUTCOME_wrong_user : OUTCOME_unauthorized);
    return error == 0;
}

/* refuse: answers 503 and counts why. */
static void refuse(struct request *r, enum outcome outcome, metric_value *cause)
{
    metric_add(cause, 1);
    request_answer(r, outcome);
}

static void ask(struct request *r)
{
    struct worker *worker = r->worker;
    struct campaign *c = r->campaign = campaigns_get(worker, r->name, r->name_len);
    if (c == NULL)
        return refuse(r, OUTCOME_overloaded, &worker->metrics.unavailable_campaigns);
    if (worker->now_us < c->missing_until_us)
        return request_answer(r, OUTCOME_no_campaign);
    if (r->user_len > 0 && soldout_knows(c, r->user, r->user_len)) {
        metric_add(&worker->metrics.memory_answers, 1);
        campaign_refresh(c);
        r->known.kind = REQUEST_FULL;
        return request_answer(r, OUTCOME_sold_out);
    }
    batcher_ask(r, r->route->op);
}

void routes_dispatch(struct request *r)
{
    struct worker *worker = r->worker;
    if (r->judged)
        return request_answer(r, r->outcome);
    metric_add((metric_value *)((char *)&worker->metrics + r->route->counter), 1);
    if ((r->route->user_from == USER_FROM_BODY && !read_body(r)) || !may_ask(r))
        return;
    if (!gauge_take(&worker->gateway->in_flight, gateway_config(worker->gateway)->max_in_flight))
        return refuse(r, OUTCOME_overloaded, &worker->metrics.unavailable_in_flight);
    r->counted = true;
    metric_add(&worker->metrics.in_flight, 1);
    ask(r);
}

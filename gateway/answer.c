/* SPDX-License-Identifier: Apache-2.0 */
/* Values in answers (names, user ids, codes, reasons, numbers) have small, checked alphabets, so
 * JSON needs no escaping. The longest answer is a problem of a decided request: 300 bytes of fixed
 * text, a name, a user id, a ticket and a request id. BODY_MAX has room for it. */
#include "gateway/answer.h"

#include "gateway/custom_answer.h"
#include "gateway/loop.h"
#include "gateway/rate_limits.h"
#include "gateway/request_id.h"
#include "gateway/request_trace.h"
#include "gateway/routes/route_table.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/http/server.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BODY_MAX 2048

_Static_assert(BODY_MAX > TEMPLATE_RENDERED_MAX, "an answer must fit");

/* The document being written. */
struct body {
    size_t len;
    char text[BODY_MAX];
};

struct outcome_text {
    unsigned status;
    const char *code, *title;
    const char *problem; /* the fixed part of the document */
    size_t problem_len;
};

#define PROBLEM(status, code, title, detail)                                                       \
    "{\"type\":\"about:blank\",\"title\":\"" title "\",\"status\":" #status ",\"code\":\"" code    \
    "\",\"detail\":\"" detail "\""

static const struct outcome_text texts[OUTCOMES_N] = {
#define OUTCOME_TEXT(M, id, status, code, title, detail)                                           \
    [OUTCOME_##id] = {status, code, title, PROBLEM(status, code, title, detail),                   \
                      sizeof PROBLEM(status, code, title, detail) - 1},
    OUTCOMES(OUTCOME_TEXT, )
#undef OUTCOME_TEXT
};

/* --- the document --- */

static void append(struct body *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(struct body *b, const char *format, ...)
{
    size_t room = BODY_MAX - b->len;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(b->text + b->len, room, format, args);
    va_end(args);
    if (n > 0)
        b->len += (size_t)n < room ? (size_t)n : room - 1;
}

/* append_bytes: for the parts of every answer; much cheaper than printf. */
static void append_bytes(struct body *b, const char *bytes, size_t len)
{
    if (BODY_MAX - b->len < len)
        return;
    memcpy(b->text + b->len, bytes, len);
    b->len += len;
}

#define APPEND(b, literal) append_bytes(b, "" literal "", sizeof literal - 1)

/* append_number: appends `,"key":n`. */
static void append_number(struct body *b, const char *key, uint64_t n)
{
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    APPEND(b, ",\"");
    append_bytes(b, key, strlen(key));
    APPEND(b, "\":");
    append_bytes(b, digits + at, sizeof digits - at);
}

static void append_identity(struct body *b, const struct request *r)
{
    APPEND(b, "\"campaign\":\"");
    append_bytes(b, r->name, r->name_len);
    APPEND(b, "\",\"user_id\":\"");
    append_bytes(b, r->user, r->user_len);
    APPEND(b, "\"");
}

static void append_ticket(struct body *b, const struct request *r)
{
    if (r->known.ticket > 0)
        append_number(b, "ticket", r->known.ticket);
}

static void write_request(struct body *b, const struct request *r)
{
    static const char *const statuses[] = {[OUTCOME_waiting] = "waiting",
                                           [OUTCOME_granted] = "granted",
                                           [OUTCOME_sold_out] = "sold_out",
                                           [OUTCOME_refused] = "refused"};
    APPEND(b, "{");
    append_identity(b, r);
    APPEND(b, ",\"status\":\"");
    append_bytes(b, statuses[r->outcome], strlen(statuses[r->outcome]));
    APPEND(b, "\"");
    append_ticket(b, r);
    if (r->outcome == OUTCOME_waiting && r->known.ticket > 0) /* else: it is journalled */
        append_number(b, "position", r->known.position);
    if (r->outcome == OUTCOME_waiting && r->eta_ms > 0)
        append_number(b, "eta_ms", (uint64_t)r->eta_ms);
    if (r->outcome == OUTCOME_granted)
        append(b, ",\"serial\":%" PRIu32 ",\"code\":\"%s\"", r->known.serial, r->known.code);
    if (r->outcome == OUTCOME_refused)
        append(b, ",\"reason\":\"%s\"", r->known.reason);
    APPEND(b, "}\n");
}

static void write_campaign(struct body *b, const struct request *r)
{
    char opens[CLOCK_TEXT_SIZE], closes[CLOCK_TEXT_SIZE + 2] = "null";
    const struct campaign_view *v = &r->view;
    clock_format(v->opens_us, opens);
    if (v->closes_us > 0) {
        closes[0] = '"';
        clock_format(v->closes_us, closes + 1);
        strcat(closes, "\"");
    }
    append(b,
           "{\"name\":\"%s\",\"state\":\"%s\",\"quota\":%" PRId64 ",\"remaining\":%" PRId64
           ",\"opens_at\":\"%s\",\"closes_at\":%s}\n",
           r->name, v->state, v->quota, v->remaining, opens, closes);
}

/* is_error: can a client report this by its request id? A campaign's decision is no error. */
static bool is_error(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_sold_out:
    case OUTCOME_refused:
    case OUTCOME_not_open:
    case OUTCOME_closed:
    case OUTCOME_paused:
        return false;
    default:
        return texts[outcome].code[0] != '\0';
    }
}

static void write_problem(struct body *b, struct request *r)
{
    const struct outcome_text *t = &texts[r->outcome];
    append_bytes(b, t->problem, t->problem_len);
    if (r->outcome == OUTCOME_sold_out || r->outcome == OUTCOME_refused) {
        APPEND(b, ",");
        append_identity(b, r);
        append_ticket(b, r);
    }
    const char *id = is_error(r->outcome) ? request_id_need(r) : request_id_take(r);
    if (*id != '\0')
        append(b, ",\"request_id\":\"%s\"", id);
    APPEND(b, "}\n");
}

/* write_body: returns the status. *problem: the type is application/problem+json. */
static unsigned write_body(struct body *b, struct request *r, bool *problem)
{
    const struct route_answer *wording = custom_answer_find(r);
    bool post = r->route != NULL && r->route->op == OP_ENQUEUE;
    if (wording != NULL) {
        *problem = false;
        b->len = custom_answer_write(wording, r, b->text);
        return wording->status;
    }
    *problem = texts[r->outcome].code[0] != '\0';
    switch (r->outcome) {
    case OUTCOME_waiting:
        write_request(b, r);
        return post ? 202 : 200;
    case OUTCOME_granted:
        write_request(b, r);
        return 200;
    case OUTCOME_sold_out:
    case OUTCOME_refused:
        *problem = post;
        if (post)
            write_problem(b, r);
        else
            write_request(b, r);
        return post ? 409 : 200;
    case OUTCOME_campaign:
        write_campaign(b, r);
        return 200;
    default:
        write_problem(b, r);
        return texts[r->outcome].status;
    }
}

int64_t answer_retry_after_s(const struct request *r, int64_t now_us)
{
    if (r->outcome == OUTCOME_not_open) {
        int64_t left_us = r->known.opens_us - now_us;
        return left_us <= 1000000 ? 1 : (left_us + 999999) / 1000000;
    }
    if (r->outcome == OUTCOME_limited)
        return rate_limits_wait_s(r);
    return texts[r->outcome].status == 503 ? 1 : 0;
}

/* --- the header --- */

/* Answers must not be cached: they hold coupon codes, or change. Without this a cache may store a
 * 404 (RFC 9111, 4.2.2). */
#define LINES(type) "Content-Type: " type "\r\nCache-Control: no-store\r\n"

static void add_lines(struct http_conn *conn, bool problem)
{
    static const char json[] = LINES("application/json"),
                      problem_json[] = LINES("application/problem+json");
    if (problem)
        http_answer_lines(conn, problem_json, sizeof problem_json - 1);
    else
        http_answer_lines(conn, json, sizeof json - 1);
}

/* add_location: the path for the GET. Of the letters in user ids, only | is invalid in a path. */
static void add_location(const struct request *r)
{
    static const char campaigns[] = "Location: /v1/campaigns/", requests[] = "/requests/";
    char line[64 + CAMPAIGN_NAME_MAX + 3 * USER_ID_MAX];
    char *out = mempcpy(line, campaigns, sizeof campaigns - 1);
    out = mempcpy(out, r->name, r->name_len);
    out = mempcpy(out, requests, sizeof requests - 1);
    for (const char *p = r->user; *p != '\0'; p++) {
        if (*p == '|')
            out = mempcpy(out, "%7C", 3);
        else
            *out++ = *p;
    }
    out = mempcpy(out, "\r\n", 2);
    http_answer_lines(r->conn, line, (size_t)(out - line));
}

static void add_limit(const struct request *r)
{
    char policy[RATE_LIMITS_TEXT_SIZE], state[RATE_LIMITS_TEXT_SIZE];
    rate_limits_policy(r, policy, state);
    http_answer_field(r->conn, "RateLimit-Policy", policy);
    http_answer_field(r->conn, "RateLimit", state);
}

static void add_retry_after(const struct request *r)
{
    char seconds[24];
    int64_t retry_s = answer_retry_after_s(r, r->outcome == OUTCOME_not_open ? clock_wall_us() : 0);
    if (retry_s == 0)
        return;
    snprintf(seconds, sizeof seconds, "%" PRId64, retry_s);
    http_answer_field(r->conn, "Retry-After", seconds);
}

static void add_fields(struct request *r, unsigned status, bool problem)
{
    const char *id = is_error(r->outcome) ? request_id_need(r) : request_id_take(r);
    add_lines(r->conn, problem);
    if (*id != '\0')
        http_answer_field(r->conn, "X-Request-Id", id);
    if (status == 202)
        add_location(r);
    if (r->outcome == OUTCOME_bad_method)
        http_answer_field(r->conn, "Allow", r->allow);
    if (r->outcome == OUTCOME_unauthorized)
        http_answer_field(r->conn, "WWW-Authenticate", "Bearer");
    if (r->outcome == OUTCOME_limited)
        add_limit(r);
    add_retry_after(r);
}

/* --- sending --- */

/* say: logs an error: 503 is the gateway's fault, any other the client's. A campaign's decisions
 * (sold out, closed, ...) are no errors: their lines would bury all others. */
static void say(const struct request *r, unsigned status)
{
    if (texts[r->outcome].status == 503)
        log_info("a request is turned away", "request=%s status=%u code=%s campaign=%s", r->id,
                 status, texts[r->outcome].code, r->name);
    else if (is_error(r->outcome))
        log_debug("a request is wrong", "request=%s status=%u code=%s campaign=%s", r->id, status,
                  texts[r->outcome].code, r->name);
}

void answer_send(struct request *r)
{
    struct body body;
    bool problem;
    body.len = 0;
    unsigned status = write_body(&body, r, &problem);
    http_answer_begin(r->conn, status);
    add_fields(r, status, problem);
    http_answer_send(r->conn, body.text, body.len);
    metric_add(gateway_metrics_answer(&r->loop->metrics, r->outcome), 1);
    say(r, status);
    if (r->trace != NULL)
        r->trace->status = status;
}

void answer_nobody(struct loop *loop, struct http_conn *conn, enum outcome outcome)
{
    const struct outcome_text *t = &texts[outcome];
    struct body body;
    body.len = 0;
    append_bytes(&body, t->problem, t->problem_len);
    APPEND(&body, "}\n");
    http_answer_begin(conn, t->status);
    add_lines(conn, true);
    if (t->status == 503)
        http_answer_field(conn, "Retry-After", "1");
    http_answer_send(conn, body.text, body.len);
    metric_add(gateway_metrics_answer(&loop->metrics, outcome), 1);
    if (t->status == 503)
        log_info("a client is turned away", "status=%u code=%s", t->status, t->code);
    else
        log_debug("what came is no request", "status=%u code=%s", t->status, t->code);
}

/* Every text that goes into an answer is from a small alphabet that was checked (names, user ids,
 * codes, reasons, numbers), so no JSON escaping is needed. The longest is a problem of a decided
 * request: 300 bytes of fixed text, a name, a user id, a ticket, a request id; ANSWER_MAX in request.c leaves
 * room. */
#include "gateway/answer.h"

#include "gateway/routes.h"
#include "gateway/wording.h"
#include "gateway/tracing.h"
#include "gateway/worker.h"
#include "shared/clock.h"
#include "shared/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct outcome_text {
    unsigned status;
    const char *code, *title;
    const char *problem; /* the document, but for what is the request's own and the end */
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

static void append(struct request *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(struct request *r, const char *format, ...)
{
    size_t room = r->text_room - r->text_len;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(r->text + r->text_len, room, format, args);
    va_end(args);
    if (n > 0)
        r->text_len += (size_t)n < room ? (size_t)n : room - 1;
}

/* append_bytes: much cheaper than printf, for what is in every answer. */
static void append_bytes(struct request *r, const char *bytes, size_t len)
{
    if (r->text_room - r->text_len < len)
        return;
    memcpy(r->text + r->text_len, bytes, len);
    r->text_len += len;
}

#define APPEND(r, literal) append_bytes(r, "" literal "", sizeof literal - 1)

/* append_number: `,"key":n`. */
static void append_number(struct request *r, const char *key, uint64_t n)
{
    char digits[24];
    size_t at = sizeof digits, key_len = strlen(key);
    do
        digits[--at] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    size_t len = sizeof digits - at;
    if (r->text_room - r->text_len < key_len + len + 8)
        return;
    char *p = r->text + r->text_len;
    *p++ = ',', *p++ = '"';
    p = mempcpy(p, key, key_len);
    *p++ = '"', *p++ = ':';
    p = mempcpy(p, digits + at, len);
    r->text_len = (size_t)(p - r->text);
}

static void append_identity(struct request *r)
{
    APPEND(r, "\"campaign\":\"");
    append_bytes(r, r->name, r->name_len);
    APPEND(r, "\",\"user_id\":\"");
    append_bytes(r, r->user, r->user_len);
    APPEND(r, "\"");
}

static void append_ticket(struct request *r)
{
    if (r->known.ticket > 0)
        append_number(r, "ticket", r->known.ticket);
}

/* write_request: the request document. */
static void write_request(struct request *r)
{
    static const char *const statuses[] = {[OUTCOME_waiting] = "waiting",
                                           [OUTCOME_granted] = "granted",
                                           [OUTCOME_sold_out] = "sold_out",
                                           [OUTCOME_refused] = "refused"};
    APPEND(r, "{");
    append_identity(r);
    APPEND(r, ",\"status\":\"");
    append_bytes(r, statuses[r->outcome], strlen(statuses[r->outcome]));
    APPEND(r, "\"");
    append_ticket(r);
    if (r->outcome == OUTCOME_waiting && r->known.ticket > 0) /* else it is in the journal */
        append_number(r, "position", r->known.position);
    if (r->outcome == OUTCOME_waiting && r->eta_ms > 0)
        append_number(r, "eta_ms", (uint64_t)r->eta_ms);
    if (r->outcome == OUTCOME_granted)
        append(r, ",\"serial\":%" PRIu32 ",\"code\":\"%s\"", r->known.serial, r->known.code);
    if (r->outcome == OUTCOME_refused)
        append(r, ",\"reason\":\"%s\"", r->known.reason);
    APPEND(r, "}\n");
}

static void write_campaign(struct request *r)
{
    char opens[CLOCK_TEXT_SIZE], closes[CLOCK_TEXT_SIZE + 2] = "null";
    const struct campaign_view *v = &r->view;
    clock_format(v->opens_us, opens);
    if (v->closes_us > 0) {
        closes[0] = '"';
        clock_format(v->closes_us, closes + 1);
        strcat(closes, "\"");
    }
    append(r,
           "{\"name\":\"%s\",\"state\":\"%s\",\"quota\":%" PRId64 ",\"remaining\":%" PRId64
           ",\"opens_at\":\"%s\",\"closes_at\":%s}\n",
           r->name, v->state, v->quota, v->remaining, opens, closes);
}

/* is_fault: somebody may ask what it was; what a campaign decides is none. */
static bool is_fault(enum outcome outcome)
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

static void write_problem(struct request *r)
{
    const struct outcome_text *t = &texts[r->outcome];
    append_bytes(r, t->problem, t->problem_len);
    if (r->outcome == OUTCOME_sold_out || r->outcome == OUTCOME_refused) {
        APPEND(r, ",");
        append_identity(r);
        append_ticket(r);
    }
    const char *id = is_fault(r->outcome) ? request_id_need(r) : request_id_take(r);
    if (*id != '\0')
        append(r, ",\"request_id\":\"%s\"", id);
    APPEND(r, "}\n");
}

unsigned answer_write(struct request *r, bool *problem)
{
    const struct route_answer *wording = wording_find(r);
    bool post = r->route != NULL && r->route->op == OP_ENQUEUE;
    r->text_len = 0;
    if (wording != NULL) {
        *problem = false;
        r->text_len = wording_write(wording, r, r->text);
        return wording->status;
    }
    *problem = texts[r->outcome].code[0] != '\0';
    switch (r->outcome) {
    case OUTCOME_waiting:
        write_request(r);
        return post ? MHD_HTTP_ACCEPTED : MHD_HTTP_OK;
    case OUTCOME_granted:
        write_request(r);
        return MHD_HTTP_OK;
    case OUTCOME_sold_out:
    case OUTCOME_refused:
        *problem = post;
        if (post)
            write_problem(r);
        else
            write_request(r);
        return post ? MHD_HTTP_CONFLICT : MHD_HTTP_OK;
    case OUTCOME_campaign:
        write_campaign(r);
        return MHD_HTTP_OK;
    default:
        write_problem(r);
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
        return limits_wait_s(r);
    return texts[r->outcome].status == MHD_HTTP_SERVICE_UNAVAILABLE ? 1 : 0;
}

/* add_location: the path of the GET. Of all letters of a user id only | may not stand in a path. */
static void add_location(struct MHD_Response *response, const struct request *r)
{
    static const char campaigns[] = "/v1/campaigns/", requests[] = "/requests/";
    char path[64 + CAMPAIGN_NAME_MAX + 3 * USER_ID_MAX];
    char *out = mempcpy(path, campaigns, sizeof campaigns - 1);
    out = mempcpy(out, r->name, r->name_len);
    out = mempcpy(out, requests, sizeof requests - 1);
    for (const char *p = r->user; *p != '\0'; p++) {
        if (*p == '|')
            out = mempcpy(out, "%7C", 3);
        else
            *out++ = *p;
    }
    *out = '\0';
    MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, path);
}

static void add_limit(struct MHD_Response *response, const struct request *r)
{
    char policy[LIMITS_TEXT_SIZE], state[LIMITS_TEXT_SIZE];
    limits_policy(r, policy, state);
    MHD_add_response_header(response, "RateLimit-Policy", policy);
    MHD_add_response_header(response, "RateLimit", state);
}

static void add_headers(struct MHD_Response *response, struct request *r, unsigned status,
                        bool problem)
{
    char seconds[24];
    const char *id = is_fault(r->outcome) ? request_id_need(r) : request_id_take(r);
    if (*id != '\0')
        MHD_add_response_header(response, "X-Request-Id", id);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            problem ? "application/problem+json" : "application/json");
    if (!problem) /* holds a coupon code, or a position that changes */
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_ACCEPTED)
        add_location(response, r);
    if (r->outcome == OUTCOME_bad_method)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, r->allow);
    if (r->outcome == OUTCOME_unauthorized)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    if (r->outcome == OUTCOME_limited)
        add_limit(response, r);
    int64_t retry_s = answer_retry_after_s(r, r->outcome == OUTCOME_not_open ? clock_wall_us() : 0);
    if (retry_s > 0) {
        snprintf(seconds, sizeof seconds, "%" PRId64, retry_s);
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
    if (r->close || r->worker->draining)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

/* say: a line about a request that went wrong. */
static void say(const struct request *r, unsigned status)
{
    if (status >= MHD_HTTP_INTERNAL_SERVER_ERROR)
        log_info("a request is turned away", "request=%s status=%u code=%s campaign=%s", r->id,
                 status, texts[r->outcome].code, r->name);
    else if (is_fault(r->outcome))
        log_debug("a request is wrong", "request=%s status=%u code=%s campaign=%s", r->id, status,
                  texts[r->outcome].code, r->name);
}

enum MHD_Result answer_send(struct request *r)
{
    bool problem;
    unsigned status = answer_write(r, &problem);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(r->text_len, r->text, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    add_headers(response, r, status, problem);
    enum MHD_Result result = MHD_queue_response(r->connection, status, response);
    MHD_destroy_response(response);
    metric_add(gateway_metrics_answer(&r->worker->metrics, r->outcome), 1);
    say(r, status);
    if (r->trace != NULL)
        r->trace->status = status;
    return result;
}

int answer_raw(enum outcome outcome, char *out, size_t size)
{
    const struct outcome_text *t = &texts[outcome];
    return snprintf(out, size,
                    "HTTP/1.1 %u %s\r\nContent-Type: application/problem+json\r\n"
                    "Connection: close\r\n%sContent-Length: %zu\r\n\r\n%s}\n",
                    t->status, t->title, t->status == 503 ? "Retry-After: 1\r\n" : "",
                    t->problem_len + 2, t->problem);
}

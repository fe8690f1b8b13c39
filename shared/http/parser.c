/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over the steps, and the limits. */
#include "shared/http/parser_steps.h"

#include <assert.h>
#include <string.h>

_Static_assert((int)STEP_MORE == HTTP_NEEDS_MORE && (int)STEP_HEAD == HTTP_HEAD &&
                   (int)STEP_COMPLETE == HTTP_COMPLETE && (int)STEP_REFUSED == HTTP_REFUSED,
               "http_parse() gives steps back");

static enum step stay_refused(struct http_parser *p)
{
    (void)p;
    return STEP_REFUSED;
}

static step_fn *const steps[] = {
    [STATE_EMPTY] = http_read_empty,         [STATE_EMPTY_LF] = http_read_empty_lf,
    [STATE_METHOD] = http_read_method,       [STATE_TARGET] = http_read_target,
    [STATE_VERSION] = http_read_version,     [STATE_LINE_CR] = http_read_line_cr,
    [STATE_LINE_LF] = http_read_line_lf,     [STATE_FIELD] = http_read_field,
    [STATE_NAME] = http_read_name,           [STATE_SPACE] = http_read_space,
    [STATE_VALUE] = http_read_value,         [STATE_VALUE_LF] = http_read_value_lf,
    [STATE_HEAD_LF] = http_read_head_lf,     [STATE_BODY] = http_read_body,
    [STATE_LENGTH] = http_read_length,       [STATE_SIZE] = http_read_size,
    [STATE_EXTENSION] = http_read_extension, [STATE_EXTENSION_VALUE] = http_read_extension_value,
    [STATE_QUOTED] = http_read_quoted,       [STATE_ESCAPED] = http_read_escaped,
    [STATE_UNQUOTED] = http_read_unquoted,   [STATE_SIZE_LF] = http_read_size_lf,
    [STATE_DATA] = http_read_data,           [STATE_DATA_CR] = http_read_data_cr,
    [STATE_DATA_LF] = http_read_data_lf,     [STATE_COMPLETE] = complete,
    [STATE_REFUSED] = stay_refused,
};

/* moves_without_byte: all other states need a byte. */
static bool moves_without_byte(enum state state)
{
    return state == STATE_BODY || state == STATE_LENGTH || state >= STATE_COMPLETE;
}

static enum step go_on(struct http_parser *p, size_t n)
{
    enum step step;
    do {
        p->reach = n < p->stop ? (uint32_t)n : p->stop;
        step = p->at < p->reach || moves_without_byte(p->state) ? steps[p->state](p) : STEP_MORE;
    } while (step == STEP_ON);
    return step;
}

/* too_long: a limit was reached before the end of this part. */
static enum step too_long(struct http_parser *p)
{
    if (p->state < STATE_FIELD)
        return refuse(p, 414, "the request line is too long");
    if (p->state < STATE_BODY)
        return refuse(p, 431, p->in_trailers ? "trailers are too large" : "the head is too large");
    return refuse(p, 413, "chunk lines are too large");
}

static void resolve(struct http_parser *p, const char *bytes)
{
    static const struct http_text none, root = {"/", 1}, asterisk = {"*", 1};
    struct http_request *r = &p->request;
    r->bytes = bytes;
    r->method_name = (struct http_text){bytes + p->method.at, p->method.len};
    r->target = (struct http_text){bytes + p->target.at, p->target.len};
    r->path = (struct http_text){bytes + p->path.at, p->path.len};
    if (p->path.len == 0) /* RFC 9112 3.2.1, 3.2.4 */
        r->path = r->method == HTTP_METHOD_OPTIONS && !p->has_query ? asterisk : root;
    r->query = p->has_query ? (struct http_text){bytes + p->query.at, p->query.len} : none;
    r->host = p->has_host ? (struct http_text){bytes + p->host.at, p->host.len} : none;
    if (p->state == STATE_COMPLETE)
        r->body = (struct http_text){bytes + p->head_bytes, p->end - p->head_bytes};
}

void http_parser_begin(struct http_parser *p, const struct http_limits *limits)
{
    assert(limits->max_fields <= HTTP_FIELDS_MAX && http_limits_most(limits) < UINT32_MAX / 2);
    memset(p, 0, offsetof(struct http_parser, request.fields));
    p->limits = *limits;
    p->framing = limits->max_framing_bytes;
    p->stop = UINT32_MAX;
}

enum http_progress http_parse(struct http_parser *p, char *bytes, size_t n)
{
    assert(n >= p->at);
    p->bytes = bytes;
    enum step step = go_on(p, n);
    if (step == STEP_MORE && p->at == p->stop)
        step = too_long(p);
    if (step == STEP_HEAD || step == STEP_COMPLETE)
        resolve(p, bytes);
    return (enum http_progress)step;
}

void http_parser_rebase(struct http_parser *p, const char *bytes)
{
    resolve(p, bytes);
}

size_t http_limits_most(const struct http_limits *limits)
{
    return 2 * HTTP_EMPTY_LINES_MAX + (size_t)limits->max_head_bytes + limits->max_body_bytes +
           limits->max_framing_bytes;
}

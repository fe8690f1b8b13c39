/* SPDX-License-Identifier: Apache-2.0 */
/* The request line, the fields and the trailers. */
#include "shared/http/parser_steps.h"

#include "shared/http/rules.h"

#include <endian.h>
#include <string.h>

#define VERSION_LEN 8 /* "HTTP/1.1" */

enum {
    MARK_HOST = 1,
    MARK_LENGTH = 2,
    MARK_CODING = 4,
    MARK_CLOSE = 8,
    MARK_KEEP_ALIVE = 16,
    MARK_EXPECT = 32,
};

/* --- the request line --- */

enum step http_read_empty(struct http_parser *p)
{
    if (here(p) == '\r')
        return p->empty_lines < HTTP_EMPTY_LINES_MAX
                   ? on_after(p, STATE_EMPTY_LF)
                   : refuse(p, 400, "too many empty lines before a request");
    p->stop = p->at + p->limits.max_head_bytes;
    return begin(p, p->at, STATE_METHOD);
}

enum step http_read_empty_lf(struct http_parser *p)
{
    p->empty_lines++;
    return want(p, '\n', STATE_EMPTY, "bare CR");
}

enum step http_read_method(struct http_parser *p)
{
    if (!skip(p, CHAR_TOKEN))
        return STEP_MORE;
    p->method = part(p);
    if (here(p) != ' ' || p->method.len == 0)
        return refuse(p, 400, "bad method");
    p->request.method = http_method_of(text(p, p->method));
    if (p->request.method == HTTP_METHOD_CONNECT) /* not a proxy */
        return refuse(p, 501, "CONNECT is not served");
    return begin(p, p->at + 1, STATE_TARGET);
}

/* take_target: converts spans relative to the target into spans of the request. */
static const char *take_target(struct http_parser *p)
{
    struct http_target_parts parts;
    const char *reason = http_rule_target(text(p, p->target), p->request.method, &parts);
    uint32_t from = p->target.at;
    p->path = (struct http_span){from + parts.path.at, parts.path.len};
    p->query = (struct http_span){from + parts.query.at, parts.query.len};
    p->has_query = parts.has_query;
    if (parts.absolute) {
        p->host = (struct http_span){from + parts.host.at, parts.host.len};
        p->has_host = true;
    }
    return reason;
}

enum step http_read_target(struct http_parser *p)
{
    if (!skip(p, CHAR_TARGET))
        return STEP_MORE;
    p->target = part(p);
    if (here(p) != ' ' || p->target.len == 0)
        return refuse(p, 400, "bad target");
    const char *reason = take_target(p);
    if (reason != NULL)
        return refuse(p, 400, reason);
    return begin(p, p->at + 1, STATE_VERSION);
}

/* http_read_version: HTTP-version = "HTTP/" DIGIT "." DIGIT, case sensitive (RFC 9112 2.3). */
enum step http_read_version(struct http_parser *p)
{
    static const char form[] = "HTTP/0.0";
    for (; p->at < p->reach && p->at - p->mark < VERSION_LEN; p->at++) {
        char c = here(p), like = form[p->at - p->mark];
        if (like == '0' ? c < '0' || c > '9' : c != like)
            return refuse(p, 400, "bad version");
    }
    if (p->at - p->mark < VERSION_LEN)
        return STEP_MORE;
    if (p->bytes[p->at - 3] != '1')
        return refuse(p, 505, "HTTP version not supported");
    p->request.minor_version = p->bytes[p->at - 1] != '0';
    return on(p, STATE_LINE_CR);
}

enum step http_read_line_cr(struct http_parser *p)
{
    return want(p, '\r', STATE_LINE_LF, "the request line does not end in CR LF");
}

enum step http_read_line_lf(struct http_parser *p)
{
    return want(p, '\n', STATE_FIELD, "bare CR");
}

/* --- fields --- */

static enum step take_host(struct http_parser *p, struct http_text value, struct http_span span)
{
    if (p->marks & MARK_HOST)
        return refuse(p, 400, "more than one Host");
    p->marks |= MARK_HOST;
    if (!p->has_host) /* the host of an absolute-form has priority (RFC 9112 3.2.2) */
        p->host = span;
    p->has_host = true;
    const char *reason = http_rule_host(value);
    return reason == NULL ? STEP_ON : refuse(p, 400, reason);
}

/* tab_about: true if a tab surrounds the value. It is white space, but some software takes it for a
 * part of the value. */
static bool tab_about(const struct http_parser *p)
{
    uint32_t from = p->name.at + p->name.len;
    return memchr(p->bytes + from, '\t', p->at - from) != NULL;
}

static enum step take_length(struct http_parser *p, struct http_text value)
{
    if (p->marks & MARK_LENGTH)
        return refuse(p, 400, "more than one Content-Length");
    if (p->marks & MARK_CODING)
        return refuse(p, 400, "Content-Length with Transfer-Encoding");
    if (tab_about(p))
        return refuse(p, 400, "a tab about Content-Length");
    p->marks |= MARK_LENGTH;
    const char *reason = http_rule_length(value, &p->request.content_length);
    return reason == NULL ? STEP_ON : refuse(p, 400, reason);
}

static enum step take_coding(struct http_parser *p, struct http_text value)
{
    if (p->request.minor_version == 0)
        return refuse(p, 400, "Transfer-Encoding in HTTP/1.0");
    if (p->marks & MARK_CODING)
        return refuse(p, 400, "more than one Transfer-Encoding");
    if (p->marks & MARK_LENGTH)
        return refuse(p, 400, "Content-Length with Transfer-Encoding");
    if (tab_about(p))
        return refuse(p, 400, "a tab about Transfer-Encoding");
    if (value.len == 0)
        return refuse(p, 400, "Transfer-Encoding is empty");
    if (!http_text_like(value, "chunked"))
        return refuse(p, 501, "a transfer coding other than chunked");
    p->marks |= MARK_CODING;
    return STEP_ON;
}

/* take_expect: HTTP/1.0 has no expectations, so they are ignored (RFC 9110 10.1.1). */
static enum step take_expect(struct http_parser *p, struct http_text value)
{
    if (p->request.minor_version == 0)
        return STEP_ON;
    if (!http_text_like(value, "100-continue"))
        return refuse(p, 417, "an expectation other than 100-continue");
    p->marks |= MARK_EXPECT;
    return STEP_ON;
}

static enum step take_connection(struct http_parser *p, struct http_text value)
{
    if (http_rule_has_option(value, "close"))
        p->marks |= MARK_CLOSE;
    if (http_rule_has_option(value, "keep-alive"))
        p->marks |= MARK_KEEP_ALIVE;
    return STEP_ON;
}

/* named: compares a token with a lower-case word of the same length, ignoring case. */
static bool named(struct http_text name, const char *word)
{
    for (size_t i = 0; i < name.len; i++) {
        if ((name.at[i] | 0x20) != word[i])
            return false;
    }
    return true;
}

/* take_known: handles the fields that determine framing, host and connection. */
static enum step take_known(struct http_parser *p, struct http_text name, struct http_span span)
{
    struct http_text value = text(p, span);
    switch (name.len) {
    case sizeof "host" - 1:
        return named(name, "host") ? take_host(p, value, span) : STEP_ON;
    case sizeof "expect" - 1:
        return named(name, "expect") ? take_expect(p, value) : STEP_ON;
    case sizeof "connection" - 1:
        return named(name, "connection") ? take_connection(p, value) : STEP_ON;
    case sizeof "content-length" - 1:
        return named(name, "content-length") ? take_length(p, value) : STEP_ON;
    case sizeof "transfer-encoding" - 1:
        return named(name, "transfer-encoding") ? take_coding(p, value) : STEP_ON;
    default:
        return STEP_ON;
    }
}

/* take_trailer: ignores trailers, but refuses those that would change what was parsed, because
 * other software might obey them. */
static enum step take_trailer(struct http_parser *p, struct http_text name)
{
    if (http_text_like(name, "Host") || http_text_like(name, "Content-Length") ||
        http_text_like(name, "Transfer-Encoding"))
        return refuse(p, 400, "a trailer that must not be one");
    return STEP_ON;
}

static enum step take_field(struct http_parser *p, struct http_span value)
{
    struct http_request *r = &p->request;
    if (p->in_trailers)
        return take_trailer(p, text(p, p->name));
    if (r->n_fields == p->limits.max_fields)
        return refuse(p, 431, "too many header fields");
    r->fields[r->n_fields++] = (struct http_field){p->name, value};
    return take_known(p, text(p, p->name), value);
}

/* odd_bytes: sets the top bit of each control character among eight bytes. Only the lowest bit set
 * is reliable. */
static uint64_t odd_bytes(const char *at)
{
    const uint64_t ones = UINT64_MAX / 255;
    uint64_t x, del;
    memcpy(&x, at, sizeof x);
    x = le64toh(x);
    del = x ^ ones * 0x7f;
    return (((x - ones * 0x20) & ~x) | ((del - ones) & ~del)) & ones << 7;
}

/* skip_value: like skip(CHAR_VALUE), but eight bytes at a time, up to the first control character
 * or HTAB. */
static bool skip_value(struct http_parser *p)
{
    const char *at = p->bytes + p->at, *reach = p->bytes + p->reach;
    while (reach - at >= 16 && (odd_bytes(at) | odd_bytes(at + 8)) == 0)
        at += 16;
    for (uint64_t odd = 0; reach - at >= 8 && odd == 0;) {
        odd = odd_bytes(at);
        at += odd == 0 ? 8 : __builtin_ctzll(odd) / 8;
    }
    p->at = (uint32_t)(at - p->bytes);
    return skip(p, CHAR_VALUE);
}

/* Most of a head is field lines, so these steps go straight on to the next one. */

enum step http_read_value_lf(struct http_parser *p)
{
    struct http_span value = {.at = p->mark, .len = p->at - 1 - p->mark};
    if (here(p) != '\n')
        return refuse(p, 400, "bare CR");
    while (value.len > 0 && is_space(p->bytes[value.at + value.len - 1]))
        value.len--;
    p->at++;
    p->state = STATE_FIELD;
    return take_field(p, value);
}

enum step http_read_value(struct http_parser *p)
{
    if (!skip_value(p))
        return STEP_MORE;
    if (here(p) != '\r')
        return refuse(p, 400, "a control character in a field");
    p->at++;
    return straight_on(p, STATE_VALUE_LF, http_read_value_lf);
}

enum step http_read_space(struct http_parser *p)
{
    while (p->at < p->reach && is_space(here(p)))
        p->at++;
    p->mark = p->at;
    return p->at == p->reach ? STEP_MORE : straight_on(p, STATE_VALUE, http_read_value);
}

enum step http_read_name(struct http_parser *p)
{
    if (!skip(p, CHAR_TOKEN))
        return STEP_MORE;
    p->name = part(p);
    if (here(p) != ':' || p->name.len == 0)
        return refuse(p, 400, "bad name of a field");
    p->at++;
    return straight_on(p, STATE_SPACE, http_read_space);
}

/* http_read_field: parses the first byte of a line. */
enum step http_read_field(struct http_parser *p)
{
    if (here(p) == '\r')
        return on_after(p, STATE_HEAD_LF);
    if (is_space(here(p)))
        return refuse(p, 400, "a line begins with white space");
    p->mark = p->at;
    return straight_on(p, STATE_NAME, http_read_name);
}

/* --- the end of the head --- */

/* conclude: derives what depends on several fields. */
static void conclude(struct http_parser *p)
{
    struct http_request *r = &p->request;
    r->chunked = (p->marks & MARK_CODING) != 0;
    r->has_length = (p->marks & MARK_LENGTH) != 0;
    r->keep_alive =
        !(p->marks & MARK_CLOSE) && (r->minor_version > 0 || (p->marks & MARK_KEEP_ALIVE));
    r->expect_continue = (p->marks & MARK_EXPECT) && (r->chunked || r->content_length > 0);
}

/* http_read_head_lf: the end of the head, or of the trailers. */
enum step http_read_head_lf(struct http_parser *p)
{
    if (here(p) != '\n')
        return refuse(p, 400, "bare CR");
    p->at++;
    if (p->in_trailers)
        return complete(p);
    if (!(p->marks & MARK_HOST) && p->request.minor_version > 0)
        return refuse(p, 400, "no Host");
    conclude(p);
    if (p->request.content_length > p->limits.max_body_bytes)
        return refuse(p, 413, "the body is too large");
    p->head_bytes = p->end = p->at;
    p->stop = UINT32_MAX;
    p->state = STATE_BODY;
    return STEP_HEAD;
}

/* One state a step, and one function a state: it reads as far as the bytes reach or its part goes, and says which state is next.
 *
 *   EMPTY ─► METHOD ─► TARGET ─► VERSION ─► LINE_LF ─► FIELD ─► NAME ─► SPACE ─► VALUE ─► VALUE_LF ─┐
 *                                                     ▲ │ empty line                               │
 *                                                     │ ▼                                          │
 *                                                     │ HEAD_LF ─► BODY ─► LENGTH ─► COMPLETE      └─► FIELD
 *                                                     │ │            │                  ▲
 *                                             trailers│ └────────────┼──────────────────┘ end of the trailers
 *                                                     │              ▼
 *                                                     └── SIZE_LF ◄─ SIZE (◄─► EXTENSION ...) ◄─┐
 *                                                             └────► DATA ─► DATA_CR ─► DATA_LF ─┘
 */
#include "shared/http/parser.h"

#include "shared/http/chars.h"
#include "shared/http/rules.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#define VERSION_LEN 8 /* "HTTP/1.1" */

enum state {
    /* the request line: 414 */
    STATE_EMPTY,
    STATE_EMPTY_LF,
    STATE_METHOD,
    STATE_TARGET,
    STATE_VERSION,
    STATE_LINE_CR,
    STATE_LINE_LF,
    /* fields and trailers: 431 */
    STATE_FIELD,
    STATE_NAME,
    STATE_SPACE,
    STATE_VALUE,
    STATE_VALUE_LF,
    STATE_HEAD_LF,
    /* the body: 413 */
    STATE_BODY,
    STATE_LENGTH,
    STATE_SIZE,
    STATE_EXTENSION,
    STATE_EXTENSION_VALUE,
    STATE_QUOTED,
    STATE_ESCAPED,
    STATE_UNQUOTED,
    STATE_SIZE_LF,
    STATE_DATA,
    STATE_DATA_CR,
    STATE_DATA_LF,
    STATE_COMPLETE,
    STATE_REFUSED,
};

/* What a step says beside enum http_progress. */
enum step { STEP_MORE, STEP_HEAD, STEP_COMPLETE, STEP_REFUSED, STEP_ON };

_Static_assert((int)STEP_MORE == HTTP_NEEDS_MORE && (int)STEP_HEAD == HTTP_HEAD &&
                   (int)STEP_COMPLETE == HTTP_COMPLETE && (int)STEP_REFUSED == HTTP_REFUSED,
               "http_parse() gives steps back");

enum {
    MARK_HOST = 1,
    MARK_LENGTH = 2,
    MARK_CODING = 4,
    MARK_CLOSE = 8,
    MARK_KEEP_ALIVE = 16,
    MARK_EXPECT = 32,
};

/* --- small things --- */

static enum step refuse(struct http_parser *p, int status, const char *reason)
{
    p->state = STATE_REFUSED;
    p->status = status;
    p->reason = reason;
    return STEP_REFUSED;
}

static enum step stay_refused(struct http_parser *p)
{
    (void)p;
    return STEP_REFUSED;
}

static enum step on(struct http_parser *p, enum state next)
{
    p->state = next;
    return STEP_ON;
}

typedef enum step step_fn(struct http_parser *p);

/* straight_on: the same as on(), and takes that step now if it can; for the steps that most bytes go through. */
static inline enum step straight_on(struct http_parser *p, enum state next, step_fn *read)
{
    p->state = next;
    return p->at < p->reach ? read(p) : STEP_MORE;
}

/* on_after: the same as on(), past the byte that was looked at. */
static enum step on_after(struct http_parser *p, enum state next)
{
    p->at++;
    return on(p, next);
}

/* begin: a part begins at `at`. */
static enum step begin(struct http_parser *p, uint32_t at, enum state next)
{
    p->at = p->mark = at;
    return on(p, next);
}

static char here(const struct http_parser *p)
{
    return p->bytes[p->at];
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* want: exactly this byte. */
static enum step want(struct http_parser *p, char c, enum state next, const char *reason)
{
    return here(p) == c ? on_after(p, next) : refuse(p, 400, reason);
}

/* skip: goes to the end of a run of this kind of bytes. False: it may go on beyond what has come. */
static bool skip(struct http_parser *p, unsigned kind)
{
    const char *bytes = p->bytes;
    uint32_t at = p->at, reach = p->reach;
    while (at < reach && http_char_is(bytes[at], kind))
        at++;
    p->at = at;
    return at < reach;
}

/* part: from the mark to here. */
static struct http_span part(const struct http_parser *p)
{
    return (struct http_span){p->mark, p->at - p->mark};
}

static struct http_text text(const struct http_parser *p, struct http_span span)
{
    return (struct http_text){p->bytes + span.at, span.len};
}

/* --- the request line --- */

static enum step read_empty(struct http_parser *p)
{
    if (here(p) == '\r')
        return p->empty_lines < HTTP_EMPTY_LINES_MAX
                   ? on_after(p, STATE_EMPTY_LF)
                   : refuse(p, 400, "too many empty lines before a request");
    p->stop = p->at + p->limits.max_head_bytes;
    return begin(p, p->at, STATE_METHOD);
}

static enum step read_empty_lf(struct http_parser *p)
{
    p->empty_lines++;
    return want(p, '\n', STATE_EMPTY, "bare CR");
}

static enum step read_method(struct http_parser *p)
{
    if (!skip(p, CHAR_TOKEN))
        return STEP_MORE;
    p->method = part(p);
    if (here(p) != ' ' || p->method.len == 0)
        return refuse(p, 400, "bad method");
    p->request.method = http_method_of(text(p, p->method));
    if (p->request.method == HTTP_METHOD_CONNECT) /* no tunnel is here */
        return refuse(p, 501, "CONNECT is not served");
    return begin(p, p->at + 1, STATE_TARGET);
}

/* take_target: spans of its parts begin at the target there, at the request here. */
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

static enum step read_target(struct http_parser *p)
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

/* read_version: HTTP-version = "HTTP/" DIGIT "." DIGIT, case sensitive (RFC 9112 2.3). */
static enum step read_version(struct http_parser *p)
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

static enum step read_line_cr(struct http_parser *p)
{
    return want(p, '\r', STATE_LINE_LF, "the request line does not end in CR LF");
}

static enum step read_line_lf(struct http_parser *p)
{
    return want(p, '\n', STATE_FIELD, "bare CR");
}

/* --- fields --- */

static enum step take_host(struct http_parser *p, struct http_text value, struct http_span span)
{
    if (p->marks & MARK_HOST)
        return refuse(p, 400, "more than one Host");
    p->marks |= MARK_HOST;
    if (!p->has_host) /* that of an absolute-form goes before this one (RFC 9112 3.2.2) */
        p->host = span;
    p->has_host = true;
    const char *reason = http_rule_host(value);
    return reason == NULL ? STEP_ON : refuse(p, 400, reason);
}

/* tab_about: is there a tab before or behind this value, the one that was just read? It is white space there, but some take it for a part of the
 * value. */
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

/* take_expect: HTTP/1.0 has no expectations: they are ignored there (RFC 9110 10.1.1). */
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

/* named: is this name, which is a token, the same as `word`, in lower case? */
static bool named(struct http_text name, const char *word)
{
    for (size_t i = 0; i < name.len; i++) {
        if ((name.at[i] | 0x20) != word[i])
            return false;
    }
    return true;
}

/* take_known: the fields that say where a request ends, to whom it goes, or what becomes of the connection. */
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

/* take_trailer: trailers are ignored; those that would change what was read already are refused, as somebody might heed them. */
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

/* odd_bytes: the top bits of those of eight bytes that are control characters; above the first one some may be wrong. */
static uint64_t odd_bytes(const char *at)
{
    const uint64_t ones = UINT64_MAX / 255;
    uint64_t x, del;
    memcpy(&x, at, sizeof x);
    x = le64toh(x);
    del = x ^ ones * 0x7f;
    return (((x - ones * 0x20) & ~x) | ((del - ones) & ~del)) & ones << 7;
}

/* skip_value: as skip(CHAR_VALUE), but as long as there is no control character, not even HTAB, many bytes at a time. */
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

/* The steps of a line go right on with the next one: a head is made of these. */

static enum step read_value_lf(struct http_parser *p)
{
    struct http_span value = {p->mark, p->at - 1 - p->mark};
    if (here(p) != '\n')
        return refuse(p, 400, "bare CR");
    while (value.len > 0 && is_space(p->bytes[value.at + value.len - 1]))
        value.len--;
    p->at++;
    p->state = STATE_FIELD;
    return take_field(p, value);
}

static enum step read_value(struct http_parser *p)
{
    if (!skip_value(p))
        return STEP_MORE;
    if (here(p) != '\r')
        return refuse(p, 400, "a control character in a field");
    p->at++;
    return straight_on(p, STATE_VALUE_LF, read_value_lf);
}

static enum step read_space(struct http_parser *p)
{
    while (p->at < p->reach && is_space(here(p)))
        p->at++;
    p->mark = p->at;
    return p->at == p->reach ? STEP_MORE : straight_on(p, STATE_VALUE, read_value);
}

static enum step read_name(struct http_parser *p)
{
    if (!skip(p, CHAR_TOKEN))
        return STEP_MORE;
    p->name = part(p);
    if (here(p) != ':' || p->name.len == 0)
        return refuse(p, 400, "bad name of a field");
    p->at++;
    return straight_on(p, STATE_SPACE, read_space);
}

/* read_field: the first byte of a line. */
static enum step read_field(struct http_parser *p)
{
    if (here(p) == '\r')
        return on_after(p, STATE_HEAD_LF);
    if (is_space(here(p)))
        return refuse(p, 400, "a line begins with white space");
    p->mark = p->at;
    return straight_on(p, STATE_NAME, read_name);
}

/* --- the end of the head --- */

static enum step complete(struct http_parser *p)
{
    p->consumed = p->at;
    p->state = STATE_COMPLETE;
    return STEP_COMPLETE;
}

/* conclude: what only all fields together tell. */
static void conclude(struct http_parser *p)
{
    struct http_request *r = &p->request;
    r->chunked = (p->marks & MARK_CODING) != 0;
    r->has_length = (p->marks & MARK_LENGTH) != 0;
    r->keep_alive =
        !(p->marks & MARK_CLOSE) && (r->minor_version > 0 || (p->marks & MARK_KEEP_ALIVE));
    r->expect_continue = (p->marks & MARK_EXPECT) && (r->chunked || r->content_length > 0);
}

/* read_head_lf: the end of the head, or of the trailers. */
static enum step read_head_lf(struct http_parser *p)
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

/* --- the body --- */

/* frame: chunk lines and trailers begin, and may take what is left for them. */
static enum step frame(struct http_parser *p, enum state next)
{
    p->stop = p->at + p->framing;
    return begin(p, p->at, next);
}

static enum step read_body(struct http_parser *p)
{
    struct http_request *r = &p->request;
    if (r->content_length > p->limits.max_body_bytes) /* lowered meanwhile */
        return refuse(p, 413, "the body is too large");
    if (r->chunked) {
        p->left = 0;
        return frame(p, STATE_SIZE);
    }
    p->stop = p->at + (uint32_t)r->content_length;
    return on(p, STATE_LENGTH);
}

static enum step read_length(struct http_parser *p)
{
    p->at = p->end = p->reach;
    return p->at == p->stop ? complete(p) : STEP_MORE;
}

/* digit_of: of a hexadecimal number; -1: it is none. */
static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* after_size: what may follow a size or an extension. */
static enum step after_size(struct http_parser *p)
{
    if (here(p) == ';')
        return begin(p, p->at + 1, STATE_EXTENSION);
    return want(p, '\r', STATE_SIZE_LF, "bad chunk line");
}

static enum step read_size(struct http_parser *p)
{
    for (int digit; p->at < p->reach && (digit = digit_of(here(p))) >= 0; p->at++) {
        p->left = p->left << 4 | (unsigned)digit;
        if (p->left > p->limits.max_body_bytes - (p->end - p->head_bytes))
            return refuse(p, 413, "the body is too large");
    }
    if (p->at == p->reach)
        return STEP_MORE;
    return p->at > p->mark ? after_size(p) : refuse(p, 400, "bad size of a chunk");
}

/* read_extension: its name. */
static enum step read_extension(struct http_parser *p)
{
    if (!skip(p, CHAR_TOKEN))
        return STEP_MORE;
    if (p->at == p->mark)
        return refuse(p, 400, "bad chunk extension");
    if (here(p) == '=')
        return begin(p, p->at + 1, STATE_EXTENSION_VALUE);
    return after_size(p);
}

static enum step read_extension_value(struct http_parser *p)
{
    if (p->at == p->mark && here(p) == '"')
        return on_after(p, STATE_QUOTED);
    if (!skip(p, CHAR_TOKEN))
        return STEP_MORE;
    return p->at > p->mark ? after_size(p) : refuse(p, 400, "bad chunk extension");
}

static enum step read_quoted(struct http_parser *p)
{
    if (!skip(p, CHAR_QUOTED))
        return STEP_MORE;
    if (here(p) == '\\')
        return on_after(p, STATE_ESCAPED);
    return want(p, '"', STATE_UNQUOTED, "bad chunk extension");
}

static enum step read_escaped(struct http_parser *p)
{
    return http_char_is(here(p), CHAR_VALUE) ? on_after(p, STATE_QUOTED)
                                             : refuse(p, 400, "bad chunk extension");
}

static enum step read_unquoted(struct http_parser *p)
{
    return after_size(p);
}

/* read_size_lf: from here on `stop` is where the chunk ends; the last one is empty. */
static enum step read_size_lf(struct http_parser *p)
{
    if (here(p) != '\n')
        return refuse(p, 400, "bare CR");
    p->at++;
    p->in_trailers = p->left == 0;
    if (p->in_trailers)
        return on(p, STATE_FIELD);
    p->framing = p->stop - p->at;
    p->stop = p->at + (uint32_t)p->left;
    return on(p, STATE_DATA);
}

/* read_data: each byte moves once, to where it stays. */
static enum step read_data(struct http_parser *p)
{
    uint32_t n = p->reach - p->at;
    memmove(p->bytes + p->end, p->bytes + p->at, n);
    p->end += n;
    p->at = p->reach;
    p->left = 0;
    return p->at == p->stop ? frame(p, STATE_DATA_CR) : STEP_MORE;
}

static enum step read_data_cr(struct http_parser *p)
{
    return want(p, '\r', STATE_DATA_LF, "a chunk does not end in CR LF");
}

static enum step read_data_lf(struct http_parser *p)
{
    if (here(p) != '\n')
        return refuse(p, 400, "a chunk does not end in CR LF");
    return begin(p, p->at + 1, STATE_SIZE);
}

/* --- the whole --- */

static step_fn *const steps[] = {
    [STATE_EMPTY] = read_empty,         [STATE_EMPTY_LF] = read_empty_lf,
    [STATE_METHOD] = read_method,       [STATE_TARGET] = read_target,
    [STATE_VERSION] = read_version,     [STATE_LINE_CR] = read_line_cr,
    [STATE_LINE_LF] = read_line_lf,     [STATE_FIELD] = read_field,
    [STATE_NAME] = read_name,           [STATE_SPACE] = read_space,
    [STATE_VALUE] = read_value,         [STATE_VALUE_LF] = read_value_lf,
    [STATE_HEAD_LF] = read_head_lf,     [STATE_BODY] = read_body,
    [STATE_LENGTH] = read_length,       [STATE_SIZE] = read_size,
    [STATE_EXTENSION] = read_extension, [STATE_EXTENSION_VALUE] = read_extension_value,
    [STATE_QUOTED] = read_quoted,       [STATE_ESCAPED] = read_escaped,
    [STATE_UNQUOTED] = read_unquoted,   [STATE_SIZE_LF] = read_size_lf,
    [STATE_DATA] = read_data,           [STATE_DATA_CR] = read_data_cr,
    [STATE_DATA_LF] = read_data_lf,     [STATE_COMPLETE] = complete,
    [STATE_REFUSED] = stay_refused,
};

/* moves_without_byte: all others look at one first. */
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

/* too_long: all that a limit allows was read, and this part is not at its end. */
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

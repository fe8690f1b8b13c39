/* SPDX-License-Identifier: Apache-2.0 */
/* The body: of known length, or chunked. */
#include "shared/http/parser_steps.h"

#include <string.h>

/* frame: starts chunk lines and trailers, limited to the rest of their allowance. */
static enum step frame(struct http_parser *p, enum state next)
{
    p->stop = p->at + p->framing;
    return begin(p, p->at, next);
}

enum step http_read_body(struct http_parser *p)
{
    struct http_request *r = &p->request;
    if (r->content_length > p->limits.max_body_bytes) /* the caller lowered the limit */
        return refuse(p, 413, "the body is too large");
    if (r->chunked) {
        p->left = 0;
        return frame(p, STATE_SIZE);
    }
    p->stop = p->at + (uint32_t)r->content_length;
    return on(p, STATE_LENGTH);
}

enum step http_read_length(struct http_parser *p)
{
    p->at = p->end = p->reach;
    return p->at == p->stop ? complete(p) : STEP_MORE;
}

/* digit_of: the value of a hexadecimal digit, or -1. */
static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* after_size: parses what may follow a size or an extension. */
static enum step after_size(struct http_parser *p)
{
    if (here(p) == ';')
        return begin(p, p->at + 1, STATE_EXTENSION);
    return want(p, '\r', STATE_SIZE_LF, "bad chunk line");
}

enum step http_read_size(struct http_parser *p)
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

/* http_read_extension: the name of the extension. */
enum step http_read_extension(struct http_parser *p)
{
    if (!skip(p, CHAR_TOKEN))
        return STEP_MORE;
    if (p->at == p->mark)
        return refuse(p, 400, "bad chunk extension");
    if (here(p) == '=')
        return begin(p, p->at + 1, STATE_EXTENSION_VALUE);
    return after_size(p);
}

enum step http_read_extension_value(struct http_parser *p)
{
    if (p->at == p->mark && here(p) == '"')
        return on_after(p, STATE_QUOTED);
    if (!skip(p, CHAR_TOKEN))
        return STEP_MORE;
    return p->at > p->mark ? after_size(p) : refuse(p, 400, "bad chunk extension");
}

enum step http_read_quoted(struct http_parser *p)
{
    if (!skip(p, CHAR_QUOTED))
        return STEP_MORE;
    if (here(p) == '\\')
        return on_after(p, STATE_ESCAPED);
    return want(p, '"', STATE_UNQUOTED, "bad chunk extension");
}

enum step http_read_escaped(struct http_parser *p)
{
    return http_char_is(here(p), CHAR_VALUE) ? on_after(p, STATE_QUOTED)
                                             : refuse(p, 400, "bad chunk extension");
}

enum step http_read_unquoted(struct http_parser *p)
{
    return after_size(p);
}

/* http_read_size_lf: from here on `stop` is the end of the chunk. The last chunk is empty. */
enum step http_read_size_lf(struct http_parser *p)
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

/* http_read_data: moves each byte once, to its final place. */
enum step http_read_data(struct http_parser *p)
{
    uint32_t n = p->reach - p->at;
    memmove(p->bytes + p->end, p->bytes + p->at, n);
    p->end += n;
    p->at = p->reach;
    p->left = 0;
    return p->at == p->stop ? frame(p, STATE_DATA_CR) : STEP_MORE;
}

enum step http_read_data_cr(struct http_parser *p)
{
    return want(p, '\r', STATE_DATA_LF, "a chunk does not end in CR LF");
}

enum step http_read_data_lf(struct http_parser *p)
{
    if (here(p) != '\n')
        return refuse(p, 400, "a chunk does not end in CR LF");
    return begin(p, p->at + 1, STATE_SIZE);
}

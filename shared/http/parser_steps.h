/* SPDX-License-Identifier: Apache-2.0 */
/* Internals of the parser: its states, and what its steps share. Only for parser*.c.
 *
 * Each state has one function, a step. It parses to the end of its part, or of the bytes, and
 * returns the next state.
 *
 *   EMPTY ─► METHOD ─► TARGET ─► VERSION ─► LINE_CR ─► LINE_LF ─► FIELD ◄── VALUE_LF ◄── VALUE
 *                                                                 │ └─► NAME ─► SPACE ────▲
 *                                                   an empty line ▼
 *                                                              HEAD_LF ─ of trailers ───► COMPLETE
 *                                                                 │ of the head              ▲
 *                                                                 ▼                          │
 *                        FIELD                                   BODY ────► LENGTH ─────────┘
 *                          ▲ the last, empty chunk                │
 *                          └─── SIZE_LF ◄── EXTENSION ... ◄── SIZE ◄── DATA_LF ◄── DATA_CR ◄─ DATA
 *                                  └────────────────────────────────────────────────────────────▲
 */
#ifndef ONRUSH_PARSER_STEPS_H
#define ONRUSH_PARSER_STEPS_H

#include "shared/http/chars.h"
#include "shared/http/parser.h"

enum state {
    /* the request line: 414 if too long */
    STATE_EMPTY,
    STATE_EMPTY_LF,
    STATE_METHOD,
    STATE_TARGET,
    STATE_VERSION,
    STATE_LINE_CR,
    STATE_LINE_LF,
    /* fields and trailers: 431 if too long */
    STATE_FIELD,
    STATE_NAME,
    STATE_SPACE,
    STATE_VALUE,
    STATE_VALUE_LF,
    STATE_HEAD_LF,
    /* the body: 413 if too long */
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

/* The result of a step: enum http_progress, and STEP_ON. */
enum step { STEP_MORE, STEP_HEAD, STEP_COMPLETE, STEP_REFUSED, STEP_ON };

typedef enum step step_fn(struct http_parser *p);

/* parser_head.c */
step_fn http_read_empty, http_read_empty_lf, http_read_method, http_read_target, http_read_version,
    http_read_line_cr, http_read_line_lf, http_read_value_lf, http_read_value, http_read_space,
    http_read_name, http_read_field, http_read_head_lf;

/* parser_body.c */
step_fn http_read_body, http_read_length, http_read_size, http_read_extension,
    http_read_extension_value, http_read_quoted, http_read_escaped, http_read_unquoted,
    http_read_size_lf, http_read_data, http_read_data_cr, http_read_data_lf;

static inline enum step refuse(struct http_parser *p, int status, const char *reason)
{
    p->state = STATE_REFUSED;
    p->status = status;
    p->reason = reason;
    return STEP_REFUSED;
}

static inline enum step on(struct http_parser *p, enum state next)
{
    p->state = next;
    return STEP_ON;
}

/* straight_on: like on(), but takes the next step at once if it can. For the steps that read most
 * bytes. */
static inline enum step straight_on(struct http_parser *p, enum state next, step_fn *read)
{
    p->state = next;
    return p->at < p->reach ? read(p) : STEP_MORE;
}

/* on_after: like on(), but skips the current byte. */
static inline enum step on_after(struct http_parser *p, enum state next)
{
    p->at++;
    return on(p, next);
}

/* begin: starts a part at `at`. */
static inline enum step begin(struct http_parser *p, uint32_t at, enum state next)
{
    p->at = p->mark = at;
    return on(p, next);
}

static inline char here(const struct http_parser *p)
{
    return p->bytes[p->at];
}

static inline bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* want: accepts only the byte `c`. */
static inline enum step want(struct http_parser *p, char c, enum state next, const char *reason)
{
    return here(p) == c ? on_after(p, next) : refuse(p, 400, reason);
}

/* skip: skips bytes of this kind. Returns false if more of them may follow in later bytes. */
static inline bool skip(struct http_parser *p, unsigned kind)
{
    const char *bytes = p->bytes;
    uint32_t at = p->at, reach = p->reach;
    while (at < reach && http_char_is(bytes[at], kind))
        at++;
    p->at = at;
    return at < reach;
}

/* part: the span from the mark to here. */
static inline struct http_span part(const struct http_parser *p)
{
    return (struct http_span){p->mark, p->at - p->mark};
}

static inline struct http_text text(const struct http_parser *p, struct http_span span)
{
    return (struct http_text){p->bytes + span.at, span.len};
}

/* complete: the request ends before the next byte. */
static inline enum step complete(struct http_parser *p)
{
    p->consumed = p->at;
    p->state = STATE_COMPLETE;
    return STEP_COMPLETE;
}

#endif

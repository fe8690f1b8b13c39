/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to one complete HTTP/1.1 request, read as strictly as RFC 9112 allows. Pure: no I/O,
 * no allocation, no clock. One thread at a time for each parser.
 *
 *            ┌─────────────────┐           ┌─────────────┐           ┌─────────────────┐
 *   bytes ──►│ HTTP_NEEDS_MORE │──────────►│  HTTP_HEAD  │──────────►│  HTTP_COMPLETE  │─► next one
 *            │   of the head   │           │ (told once) │    ┌─────►│                 │
 *            └────────┬────────┘           └──────┬──────┘    │      └─────────────────┘
 *                     │                           ▼           │   at bytes + consumed
 *                     │                  ┌─────────────────┐  │
 *                     │                  │ HTTP_NEEDS_MORE │──┘
 *                     ▼                  │   of the body   │
 *              ┌──────────────┐          └────────┬────────┘
 *              │ HTTP_REFUSED │◄──────────────────┘
 *              └──────────────┘   status, reason; the connection ends after the answer
 *
 * The caller owns one buffer, which holds everything from the first byte of the request on. Bytes
 * of later requests may lie behind it. When more bytes have come, the caller calls again with all
 * of them, and the parser goes on where it stopped: it scans no byte twice. It keeps offsets, so
 * the buffer may move between calls; the bytes already read must not change (the parser itself
 * decodes a chunked body in place). The verdict does not depend on where the bytes were cut.
 *
 * Strict: what two implementations could read differently is 400, and the rest of the connection is
 * never read (request smuggling, RFC 9112 11.2). Beyond what the grammar refuses, refused are:
 *
 *   Content-Length with Transfer-Encoding, either of them twice (even if equal), "5, 5"
 *     (RFC 9112 6.1, 6.3: may be refused)
 *   Transfer-Encoding in HTTP/1.0 (6.1: faulty framing)
 *   bare LF, which section 2.2 lets a server take as the end of a line; bare CR; obs-fold (5.2)
 *   more than one space between the parts of the request line (section 3 lets a server be lenient)
 *   a tab before or behind the value of Content-Length or Transfer-Encoding (5.1 allows it)
 *   a comma or a percent sign in Host (valid in a name, read as a list by some)
 *   white space around a chunk's size and extensions (7.1.1: "bad whitespace")
 *   Host, Content-Length or Transfer-Encoding among the trailers (RFC 9110 6.5.1)
 *
 * Other statuses:
 *
 *   413  the body is too large, or the framing of its chunks is
 *   414  the request line does not end within the limit of the head
 *   417  an expectation other than 100-continue (RFC 9110 10.1.1)
 *   431  the head, the number of its fields, or the trailers are too large
 *   501  a transfer coding other than a single "chunked" (RFC 9112 6.1); CONNECT
 *   505  the major version is not 1 */
#ifndef ONRUSH_PARSER_H
#define ONRUSH_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_FIELDS_MAX      100 /* header fields of one request */
#define HTTP_EMPTY_LINES_MAX 4   /* before a request line; RFC 9112 2.2 asks for at least one */

/* A piece of the caller's buffer, not ended by a NUL. `at` is NULL: there is none. It holds no NUL
 * and no control character, except HTAB in the value of a field. */
struct http_text {
    const char *at;
    size_t len;
};

/* http_text_is: the same bytes? Methods and paths compare so. False if there is none. */
bool http_text_is(struct http_text text, const char *word);

/* http_text_like: equal, if ASCII letters match in either case? Names of fields, codings and
 * options compare so. */
bool http_text_like(struct http_text text, const char *word);

/* What a request may measure, in bytes. One more is refused with the status given. The sum must be
 * below 2^31. */
struct http_limits {
    uint32_t max_head_bytes;    /* request line, fields and the empty line; 414 or 431 */
    uint32_t max_fields;        /* at most HTTP_FIELDS_MAX; 431 */
    uint32_t max_body_bytes;    /* decoded; 413, told at the head if Content-Length says so */
    uint32_t max_framing_bytes; /* chunked: sizes and extensions (413), trailers (431) */
};

/* http_limits_most: bytes of the buffer that a request within these limits needs at most. */
size_t http_limits_most(const struct http_limits *limits);

/* Methods are case sensitive (RFC 9110 9.1): "get" is HTTP_METHOD_OTHER, like every other token
 * that is not listed. */
enum http_method {
    HTTP_METHOD_OTHER, /* also: not read yet */
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_OPTIONS,
    HTTP_METHOD_PATCH,
    HTTP_METHOD_TRACE,
    HTTP_METHOD_CONNECT, /* always refused */
};

/* Offsets into the buffer. */
struct http_span {
    uint32_t at, len;
};

struct http_field {
    struct http_span name, value;
};

/* A request, from HTTP_HEAD on; `body` from HTTP_COMPLETE on. The views point into the buffer that
 * the last call of http_parse() or http_parser_rebase() was given. They end with it, or with its
 * next change. A request that is refused has `method` and `minor_version` if they were read before.
 *
 * The target (RFC 9112 3.2) is not decoded. Percent-encodings are not even checked: the router says
 * what they may stand for. It has visible ASCII characters only, without " # < > \ which no URL has
 * unencoded. `path` goes from the first slash to before the "?"; an absolute-form without a path
 * has "/" or, for OPTIONS, "*". `host` includes the port; it is the one of an absolute-form (RFC
 * 9112 3.2.2), or that of Host, or, in HTTP/1.0, may be none. */
struct http_request {
    enum http_method method;
    uint8_t minor_version; /* 0, or 1 for HTTP/1.1 and later 1.x (RFC 9110 2.5) */
    bool keep_alive;       /* the connection may stay open after the answer (RFC 9112 9.3) */
    bool chunked;
    bool has_length;         /* there is a Content-Length */
    bool expect_continue;    /* the client waits for "100 Continue" (RFC 9110 10.1.1) */
    uint64_t content_length; /* 0 if there is none */
    struct http_text method_name;
    struct http_text target; /* as it came: origin-form, absolute-form or "*" */
    struct http_text path;
    struct http_text query; /* after the "?"; none without "?", empty if nothing follows it */
    struct http_text host;
    struct http_text body; /* contiguous, decoded; may be empty, is never none; may hold any byte */
    const char *bytes;     /* where the buffer is */
    uint32_t n_fields;
    struct http_field fields[HTTP_FIELDS_MAX]; /* in the order of arrival, without trailers */
};

/* http_field: the value of the first field with that name, without white space around it; none if
 * there is no such field. */
struct http_text http_field(const struct http_request *request, const char *name);

/* http_field_count: how many field lines have this name. */
unsigned http_field_count(const struct http_request *request, const char *name);

/* http_field_name, http_field_value: of field `i`, below n_fields. */
struct http_text http_field_name(const struct http_request *request, unsigned i);
struct http_text http_field_value(const struct http_request *request, unsigned i);

enum http_progress {
    HTTP_NEEDS_MORE, /* every byte that was given is read */
    HTTP_HEAD,       /* once: the head is complete; call again, with these bytes or more */
    HTTP_COMPLETE,   /* the request is complete, with `consumed` */
    HTTP_REFUSED,    /* `status` and `reason`; the same again if called again */
};

/* About 1.8 KiB, needed only while bytes of a request are there: it may live beside the buffer. */
struct http_parser {
    /* Results. */
    int status;          /* HTTP_REFUSED: of the answer */
    const char *reason;  /* HTTP_REFUSED: a constant text for the log and the answer */
    uint32_t head_bytes; /* from HTTP_HEAD on: where the body begins */
    uint32_t consumed;   /* HTTP_COMPLETE: where the next request begins */

    /* A copy. The caller may lower max_body_bytes at HTTP_HEAD, when it knows the route. */
    struct http_limits limits;

    /* The parser's own. */
    uint8_t state;
    uint8_t empty_lines;
    uint8_t marks; /* what the fields said, MARK_... in parser_head.c */
    bool in_trailers;
    uint32_t at;      /* the next byte to look at */
    uint32_t mark;    /* where the part under way begins */
    uint32_t stop;    /* how far it may reach: a limit, or the end of the body or chunk */
    uint32_t reach;   /* how far it reaches in this call */
    uint32_t framing; /* bytes of chunk lines and trailers that are still allowed */
    uint32_t end;     /* of what is decoded of the body */
    uint64_t left;    /* bytes of the body, or the size of the chunk */
    char *bytes;      /* those of this call */
    struct http_span name, method, target, path, query, host;
    bool has_query, has_host;

    struct http_request request; /* last: its fields are not cleared */
};

/* http_parser_begin: for a new request. Copies `limits`. Cheap: it clears no fields. */
void http_parser_begin(struct http_parser *parser, const struct http_limits *limits);

/* http_parse: continues with `n` bytes at `bytes`: those of the last call, and those that came
 * since. It reads nothing beyond `n`, nor beyond the end of the request. Amortized O(1) a byte,
 * however the bytes are cut. */
enum http_progress http_parse(struct http_parser *parser, char *bytes, size_t n);

/* http_parser_rebase: after HTTP_HEAD or HTTP_COMPLETE, when the buffer has moved: all views then
 * point into the new one. */
void http_parser_rebase(struct http_parser *parser, const char *bytes);

#endif

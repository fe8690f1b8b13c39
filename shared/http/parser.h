/* SPDX-License-Identifier: Apache-2.0 */
/* Parses one HTTP/1.1 request at a time, as strictly as RFC 9112 allows. Pure: no I/O, no
 * allocation, no clock. One thread at a time per parser.
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
 * The caller owns one buffer that holds everything from the first byte of the request on. Later
 * requests may follow in it. When more bytes arrive, the caller calls again with all of them, and
 * the parser continues where it stopped: it scans no byte twice. It keeps offsets, so the buffer
 * may move between calls. Bytes already parsed must not change (the parser itself decodes a chunked
 * body in place). The result does not depend on where the bytes were cut.
 *
 * Strict: a message that two implementations could read differently gets 400, and the rest of the
 * connection is never read (request smuggling, RFC 9112 11.2). Besides what the grammar forbids,
 * the parser refuses:
 *
 *   Content-Length with Transfer-Encoding, either of them twice (even if equal), "5, 5"
 *     (RFC 9112 6.1, 6.3: may be refused)
 *   Transfer-Encoding in HTTP/1.0 (6.1: faulty framing)
 *   bare LF, which section 2.2 lets a server accept as a line end; bare CR; obs-fold (5.2)
 *   more than one space between the parts of the request line (section 3 lets a server be lenient)
 *   a tab before or after the value of Content-Length or Transfer-Encoding (5.1 allows it)
 *   a comma or a percent sign in Host (valid in a name, but some software reads a list)
 *   white space around a chunk's size and extensions (7.1.1: "bad whitespace")
 *   Host, Content-Length or Transfer-Encoding in the trailers (RFC 9110 6.5.1)
 *
 * Other statuses:
 *
 *   413  the body, or the framing of its chunks, is too large
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

/* A part of the caller's buffer, without a NUL at its end. `at` is NULL for "none". It contains no
 * NUL and no control character, except HTAB in field values. */
struct http_text {
    const char *at;
    size_t len;
};

/* http_text_is: true if the bytes are equal, as for methods and paths. False for none. */
bool http_text_is(struct http_text text, const char *word);

/* http_text_like: like http_text_is(), but ignores the case of ASCII letters, as for field names,
 * codings and options. */
bool http_text_like(struct http_text text, const char *word);

/* Limits in bytes, with the status beyond each. Their sum must be below 2^31. */
struct http_limits {
    uint32_t max_head_bytes;    /* request line, fields and the empty line; 414 or 431 */
    uint32_t max_fields;        /* at most HTTP_FIELDS_MAX; 431 */
    uint32_t max_body_bytes;    /* decoded; 413, at the head already if Content-Length exceeds it */
    uint32_t max_framing_bytes; /* chunked: sizes and extensions (413), trailers (431) */
};

/* http_limits_most: the largest buffer, in bytes, that a request within these limits needs. */
size_t http_limits_most(const struct http_limits *limits);

/* Methods are case sensitive (RFC 9110 9.1): "get" is HTTP_METHOD_OTHER, as is any unlisted
 * token. */
enum http_method {
    HTTP_METHOD_OTHER, /* also: not parsed yet */
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

/* A request, valid from HTTP_HEAD on; `body` from HTTP_COMPLETE on. The views point into the buffer
 * of the last http_parse() or http_parser_rebase(), until that buffer changes. A refused request
 * has `method` and `minor_version` if they were parsed before.
 *
 * The target (RFC 9112 3.2) is not decoded, and its percent-encodings are not checked; the router
 * does that. It has only visible ASCII characters, except " # < > \ which no URL contains
 * unencoded. `path` is the part from the first slash to the "?"; for an absolute-form without a
 * path it is "/" or, for OPTIONS, "*". `host` includes the port. It comes from an absolute-form
 * (RFC 9112 3.2.2) or else from Host; HTTP/1.0 may have none. */
struct http_request {
    enum http_method method;
    uint8_t minor_version; /* 0, or 1 for HTTP/1.1 and later 1.x (RFC 9110 2.5) */
    bool keep_alive;       /* the connection may stay open after the answer (RFC 9112 9.3) */
    bool chunked;
    bool has_length;         /* a Content-Length was sent */
    bool expect_continue;    /* the client waits for "100 Continue" (RFC 9110 10.1.1) */
    uint64_t content_length; /* 0 if there is none */
    struct http_text method_name;
    struct http_text target; /* as received: origin-form, absolute-form or "*" */
    struct http_text path;
    struct http_text query; /* after the "?"; none without "?", empty if nothing follows */
    struct http_text host;
    struct http_text body; /* contiguous, decoded, any bytes; may be empty, but is never none */
    const char *bytes;     /* the buffer */
    uint32_t n_fields;
    struct http_field fields[HTTP_FIELDS_MAX]; /* in the order of arrival, without trailers */
};

/* http_field: the value of the first field of that name, without surrounding white space; none if
 * there is no such field. */
struct http_text http_field(const struct http_request *request, const char *name);

/* http_field_count: the number of field lines of that name. */
unsigned http_field_count(const struct http_request *request, const char *name);

/* http_field_name, http_field_value: of field `i`, below n_fields. */
struct http_text http_field_name(const struct http_request *request, unsigned i);
struct http_text http_field_value(const struct http_request *request, unsigned i);

enum http_progress {
    HTTP_NEEDS_MORE, /* all given bytes were parsed */
    HTTP_HEAD,       /* once: the head is complete; call again, with these bytes or more */
    HTTP_COMPLETE,   /* the request is complete, with `consumed` */
    HTTP_REFUSED,    /* `status` and `reason`; the same again if called again */
};

/* About 1.8 KiB, needed only while a request is being received, so it may live beside the
 * buffer. */
struct http_parser {
    /* Results. */
    int status;          /* HTTP_REFUSED: for the answer */
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
    uint32_t at;      /* the next byte to parse */
    uint32_t mark;    /* where the current part begins */
    uint32_t stop;    /* its limit, or the end of the body or chunk */
    uint32_t reach;   /* `stop`, or the end of the given bytes */
    uint32_t framing; /* bytes still allowed for chunk lines and trailers */
    uint32_t end;     /* of the decoded body */
    uint64_t left;    /* bytes of the body, or the size of the chunk */
    char *bytes;      /* the buffer of this call */
    struct http_span name, method, target, path, query, host;
    bool has_query, has_host;

    struct http_request request; /* last: its fields are not cleared */
};

/* http_parser_begin: starts a new request. Copies `limits`. Cheap: it does not clear the fields. */
void http_parser_begin(struct http_parser *parser, const struct http_limits *limits);

/* http_parse: parses `n` bytes at `bytes`: those of the last call and those received since. It
 * reads neither beyond `n` nor beyond the end of the request. Amortized O(1) per byte, however the
 * bytes are cut. */
enum http_progress http_parse(struct http_parser *parser, char *bytes, size_t n);

/* http_parser_rebase: call it after HTTP_HEAD or HTTP_COMPLETE if the buffer has moved; all views
 * then point into the new one. */
void http_parser_rebase(struct http_parser *parser, const char *bytes);

#endif

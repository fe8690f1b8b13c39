/* From bytes to one complete HTTP/1.1 request, read as strictly as RFC 9112 allows. Pure: no I/O, no allocation, no clock. One thread
 * at a time for each parser.
 *
 *            ┌─────────────────┐           ┌─────────────┐           ┌─────────────────┐
 *   bytes ──►│ HTTP_NEEDS_MORE │──────────►│  HTTP_HEAD  │──────────►│  HTTP_COMPLETE  │──► the next request begins
 *            │   of the head   │           │ (told once) │    ┌─────►│                 │    at bytes + consumed
 *            └────────┬────────┘           └──────┬──────┘    │      └─────────────────┘
 *                     │                           ▼           │
 *                     │                  ┌─────────────────┐  │
 *                     │                  │ HTTP_NEEDS_MORE │──┘
 *                     ▼                  │   of the body   │
 *              ┌──────────────┐          └────────┬────────┘
 *              │ HTTP_REFUSED │◄──────────────────┘
 *              └──────────────┘   status, reason; the connection ends after the answer
 *
 * The caller owns one buffer, which holds everything from the first byte of the request on; bytes of later requests may lie behind it. After
 * more bytes it calls again with all of them, and the parser goes on where it stopped: it scans no byte twice. It keeps
 * offsets, so the buffer may have moved in between; what it has passed must be unchanged (a chunked body is decoded in place, so the
 * parser itself writes there). Where the bytes were cut makes no difference to any verdict.
 *
 * Strict: what two implementations could read differently is 400, and what follows on the connection is never read (request smuggling,
 * RFC 9112 section 11.2). Refused are, beyond what the grammar refuses:
 *
 *   Content-Length with Transfer-Encoding, either of them twice (even if equal), "5, 5" (RFC 9112 6.1, 6.3: may be refused)
 *   Transfer-Encoding in HTTP/1.0 (6.1: faulty framing)
 *   bare LF, which section 2.2 lets a server take as the end of a line; bare CR; obs-fold (5.2)
 *   more than one space between the parts of the request line (section 3 lets a server be lenient)
 *   a tab before or behind the value of Content-Length or Transfer-Encoding (5.1 lets it stand there)
 *   a comma or a percent sign in Host (valid in a name, read as a list by some)
 *   white space around a chunk's size and extensions (7.1.1: "bad whitespace")
 *   Host, Content-Length or Transfer-Encoding among the trailers (RFC 9110 6.5.1)
 *
 * Other statuses: 413 the body is too large, or its chunks are more framing than the limit · 414 the request line did not end within
 * the head's limit · 417 an expectation other than 100-continue (RFC 9110 10.1.1) · 431 the head, or the number of its fields, or the trailers
 * are too large · 501 a transfer coding other than a single "chunked" (RFC 9112 6.1), CONNECT · 505 the major version is not 1. */
#ifndef ONRUSH_HTTP_PARSER_H
#define ONRUSH_HTTP_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_FIELDS_MAX      100 /* header fields of one request */
#define HTTP_EMPTY_LINES_MAX 4   /* before a request line; RFC 9112 2.2 asks for at least one */

/* A piece of the caller's buffer, not ended by a NUL. `at` is NULL: there is none. Holds no NUL and, but for HTAB in the value of a field,
 * no control character. */
struct http_text {
    const char *at;
    size_t len;
};

/* http_text_is: the same bytes? Methods and paths compare so. False if there is none. */
bool http_text_is(struct http_text text, const char *word);

/* http_text_like: the same but for the case of ASCII letters? Names of fields, codings and options compare so. */
bool http_text_like(struct http_text text, const char *word);

/* What a request may measure. The sum must be below 2^31. */
struct http_limits {
    uint32_t
        max_head_bytes; /* request line, fields and the empty line: so many pass, one more is 414 or 431 */
    uint32_t max_fields; /* at most HTTP_FIELDS_MAX; one more is 431 */
    uint32_t
        max_body_bytes; /* decoded; one more is 413, told at the head if Content-Length says so */
    uint32_t
        max_framing_bytes; /* of a chunked body, what is not data: lines of sizes and extensions (413), trailers (431) */
};

/* http_limits_most: bytes of the buffer that a request within these limits needs at most. */
size_t http_limits_most(const struct http_limits *limits);

/* Methods are case sensitive (RFC 9110 9.1): "get" is HTTP_METHOD_OTHER, as is every token that is not listed. */
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

/* A request, from HTTP_HEAD on; `body` from HTTP_COMPLETE on. The views point into the buffer that the last call of http_parse() or
 * http_parser_rebase() was given, and end with it, or with its next change.
 *
 * The target (RFC 9112 3.2) is not decoded; percent-encodings are not even checked, because what they may stand for is the router's to say.
 * Its bytes are the visible ASCII characters without " # < > \ which no URL has unencoded. */
struct http_request {
    enum http_method
        method; /* like minor_version as soon as it was read, also of a request that is refused then */
    uint8_t minor_version; /* 0, or 1 for HTTP/1.1 and later 1.x (RFC 9110 2.5) */
    bool keep_alive;       /* the connection may stay open after the answer (RFC 9112 9.3) */
    bool chunked;
    bool has_length; /* there is a Content-Length */
    bool
        expect_continue; /* the client waits for "100 Continue" before it sends its body (RFC 9110 10.1.1) */
    uint64_t content_length; /* 0 if there is none */
    struct http_text method_name;
    struct http_text target; /* as it came: origin-form, absolute-form or "*" */
    struct http_text
        path; /* from the first slash to before the "?"; "/" or, for OPTIONS, "*" if an absolute-form has none */
    struct http_text
        query; /* after the "?"; none if there is no "?", empty if nothing follows it */
    struct http_text
        host; /* with its port: of an absolute-form its own (RFC 9112 3.2.2), or that of Host; none: HTTP/1.0 */
    struct http_text body; /* contiguous, decoded; may be empty, is never none; may hold any byte */
    const char *bytes;     /* where the buffer is */
    uint32_t n_fields;
    struct http_field
        fields[HTTP_FIELDS_MAX]; /* in the order in which they came; trailers are not among them */
};

/* http_field: the value, without white space around it, of the first field of that name; none if there is no such field. */
struct http_text http_field(const struct http_request *request, const char *name);

/* http_field_count: how many field lines have this name. */
unsigned http_field_count(const struct http_request *request, const char *name);

/* http_field_name, http_field_value: of field `i`, below n_fields. */
struct http_text http_field_name(const struct http_request *request, unsigned i);
struct http_text http_field_value(const struct http_request *request, unsigned i);

enum http_progress {
    HTTP_NEEDS_MORE, /* every byte that was given is read */
    HTTP_HEAD, /* once a request: the head is complete; call again, with the same bytes or more, for the body */
    HTTP_COMPLETE, /* the request is complete, with `consumed` */
    HTTP_REFUSED,  /* `status` and `reason`; the same again if called again */
};

/* About 1.8 KiB, needed only while some bytes of a request are there: it may live beside the buffer. */
struct http_parser {
    /* Results. */
    int status;         /* HTTP_REFUSED: of the answer */
    const char *reason; /* HTTP_REFUSED: a constant text for the log and the answer */
    uint32_t
        head_bytes; /* from HTTP_HEAD on: where the body begins; a body with a length ends at head_bytes + content_length */
    uint32_t consumed; /* HTTP_COMPLETE: where the next request begins */

    /* A copy. The caller may lower max_body_bytes at HTTP_HEAD, when it knows for whom the body is. */
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

/* http_parser_begin: for a new request. `limits` is copied. Cheap: nothing of the fields is cleared. */
void http_parser_begin(struct http_parser *parser, const struct http_limits *limits);

/* http_parse: goes on with `n` bytes in all, at `bytes`: those of the last call, and what came since. Reads nothing beyond `n`, nor beyond
 * the end of the request. Amortized O(1) a byte, however the bytes are cut. */
enum http_progress http_parse(struct http_parser *parser, char *bytes, size_t n);

/* http_parser_rebase: the buffer has moved after HTTP_HEAD or HTTP_COMPLETE: lets all views point into the new one. */
void http_parser_rebase(struct http_parser *parser, const char *bytes);

#endif

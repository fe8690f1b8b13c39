/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds bytes to the HTTP parser in pieces, request after request, as a connection does. Each piece
 * moves the data to a new buffer of exactly its size, so that AddressSanitizer sees a read beyond
 * the end. A broken promise of shared/http/parser.h aborts. */
#ifndef ONRUSH_TESTS_FEED_H
#define ONRUSH_TESTS_FEED_H

#include "shared/http/parser.h"

/* feed_piece_fn: returns the size of the next piece, 1 to `left`. */
typedef size_t feed_piece_fn(void *arg, size_t left);

size_t feed_at_once(void *arg, size_t left);
size_t feed_bytewise(void *arg, size_t left);

/* feed_request_fn: called with each complete request and the offset of its end in all bytes. */
typedef void feed_request_fn(void *arg, const struct http_request *request, size_t end);

struct feed_end {
    enum http_progress progress; /* after the last request; HTTP_COMPLETE if no bytes follow it */
    int status;
    const char *reason;
};

struct feed_end feed(const char *bytes, size_t n, const struct http_limits *limits,
                     feed_piece_fn *piece, void *piece_arg, feed_request_fn *tell, void *arg);

/* feed_text: returns the parser's results as text for comparisons: a line for each request, and one
 * for the end. The caller frees it.
 *
 *   POST /a ?b=1 @host 1.1 keep length=1 [Host: host][Content-Length: 1] {x}
 *   refused 400 bare CR (or: more, end)
 *
 * A request without a host has no "@", and one without a query no "?". "keep" may be "close", and
 * "chunked" and "continue" may follow. Unprintable bytes are written as \xNN. */
char *feed_text(const char *bytes, size_t n, const struct http_limits *limits, feed_piece_fn *piece,
                void *piece_arg);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds bytes to the HTTP parser as a connection does, request after request, in pieces. Each time
 * the buffer has just moved and ends where the bytes do (so that AddressSanitizer sees a read
 * beyond it). It asserts what must always hold: a broken promise of shared/http/parser.h aborts. */
#ifndef ONRUSH_TESTS_FEED_H
#define ONRUSH_TESTS_FEED_H

#include "shared/http/parser.h"

/* How many bytes come next, 1 to `left`. */
typedef size_t feed_piece_fn(void *arg, size_t left);

/* feed_at_once, feed_bytewise: two of them. */
size_t feed_at_once(void *arg, size_t left);
size_t feed_bytewise(void *arg, size_t left);

/* feed_request: told of each complete request, with where it ends in all the bytes. */
typedef void feed_request_fn(void *arg, const struct http_request *request, size_t end);

/* How it ended. */
struct feed_end {
    enum http_progress progress; /* behind the last request; HTTP_COMPLETE if nothing follows */
    int status;
    const char *reason;
};

struct feed_end feed(const char *bytes, size_t n, const struct http_limits *limits,
                     feed_piece_fn *piece, void *piece_arg, feed_request_fn *tell, void *arg);

/* feed_text: all of it as text, a line for each request and one for the end, for comparisons (the
 * caller frees it):
 *
 *   POST /a ?b=1 @host 1.1 keep length=1 [Host: host][Content-Length: 1] {x}
 *   refused 400 bare CR (or: more, end)
 *
 * Without "@" there is no host, without "?" no query; "close" instead of "keep", "chunked",
 * "continue"; other bytes as \xNN. */
char *feed_text(const char *bytes, size_t n, const struct http_limits *limits, feed_piece_fn *piece,
                void *piece_arg);

#endif

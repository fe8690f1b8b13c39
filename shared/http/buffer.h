/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers that connections borrow while half a request (and its parser) or half an answer is there.
 * Two sizes: most requests fit the small one. One thread. */
#ifndef ONRUSH_BUFFER_H
#define ONRUSH_BUFFER_H

#include "shared/http/parser.h"

#include <sys/queue.h>

struct http_buffer {
    SLIST_ENTRY(http_buffer) next;
    size_t room, from, len; /* what counts is bytes[from] to bytes[len - 1] */
    bool begun;             /* `parser` is at work on it */
    struct http_parser parser;
    char bytes[];
};

SLIST_HEAD(http_buffer_list, http_buffer);

struct http_buffers {
    struct http_buffer_list small, full; /* spare ones */
    size_t n_small, n_full, full_room;
    size_t n_lent;
};

/* http_buffers_init: `full_room` is the size of a large buffer, in bytes. http_buffers_end: all
 * must be back. */
void http_buffers_init(struct http_buffers *buffers, size_t full_room);
void http_buffers_end(struct http_buffers *buffers);

/* http_buffer_lend: an empty one with room for at least `room` bytes, which may be more than a full
 * one has; NULL: no memory. http_buffer_give_back: NULL is fine. Gives NULL. */
struct http_buffer *http_buffer_lend(struct http_buffers *buffers, size_t room);
struct http_buffer *http_buffer_give_back(struct http_buffers *buffers, struct http_buffer *buffer);

#endif

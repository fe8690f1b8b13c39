/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers that connections borrow while they hold half a request (with its parser) or half an
 * answer. Most requests fit the smaller of two sizes. One thread. */
#ifndef ONRUSH_BUFFER_H
#define ONRUSH_BUFFER_H

#include "shared/http/parser.h"

#include <sys/queue.h>

struct http_buffer {
    SLIST_ENTRY(http_buffer) next;
    size_t room, from, len; /* the data is bytes[from] to bytes[len - 1] */
    bool begun;             /* `parser` is in use */
    struct http_parser parser;
    char bytes[];
};

SLIST_HEAD(http_buffer_list, http_buffer);

struct http_buffers {
    struct http_buffer_list small, full; /* spare ones */
    size_t n_small, n_full, full_room;
    size_t n_lent;
};

/* http_buffers_init: `full_room` is the size of a large buffer, in bytes. http_buffers_end: every
 * buffer must have been given back. */
void http_buffers_init(struct http_buffers *buffers, size_t full_room);
void http_buffers_end(struct http_buffers *buffers);

/* http_buffer_lend: returns an empty buffer for at least `room` bytes, which may exceed full_room,
 * or NULL if there is no memory. http_buffer_give_back: NULL is fine. Returns NULL. */
struct http_buffer *http_buffer_lend(struct http_buffers *buffers, size_t room);
struct http_buffer *http_buffer_give_back(struct http_buffers *buffers, struct http_buffer *buffer);

#endif

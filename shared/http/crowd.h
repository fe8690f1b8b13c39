/* A crowd: how many of something (connections, requests that wait) there are in all, and how many
 * each client address has of them.
 *
 *   http_crowd_enter ──► place of the address (one more) ──► http_crowd_leave
 *        │ all have `most` together: HTTP_CROWD_FULL
 *        └ this address has `most_here`: HTTP_CROWD_HERE_FULL
 *
 * A place exists while its address has something. All functions are thread safe: each holds one of
 * a few locks for some instructions, and never across I/O. */
#ifndef ONRUSH_CROWD_H
#define ONRUSH_CROWD_H

#include "shared/address.h"

#include <stdint.h>

struct http_crowd;
struct http_crowd_place;

enum http_crowd_verdict { HTTP_CROWD_IN, HTTP_CROWD_FULL, HTTP_CROWD_HERE_FULL };

/* http_crowd_new: for about `expected` addresses; more make it slower. NULL: no memory.
 * http_crowd_free: must be empty; returns NULL, as for NULL. */
struct http_crowd *http_crowd_new(size_t expected);
struct http_crowd *http_crowd_free(struct http_crowd *crowd);

/* http_crowd_enter: counts one more of `address` (NULL: not counted by address), unless there are
 * `most`, or `most_here` of this address. HTTP_CROWD_IN and *place, for http_crowd_leave(). Without
 * memory it is HTTP_CROWD_FULL. */
enum http_crowd_verdict http_crowd_enter(struct http_crowd *crowd, const struct address *address,
                                         int64_t most, int64_t most_here,
                                         struct http_crowd_place **place);
void http_crowd_leave(struct http_crowd *crowd, struct http_crowd_place *place);

/* http_crowd_size: of all. http_crowd_size_here: of one address; 0 for a NULL. */
int64_t http_crowd_size(const struct http_crowd *crowd);
int64_t http_crowd_size_here(const struct http_crowd_place *place);

#endif

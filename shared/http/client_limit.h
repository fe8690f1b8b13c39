/* SPDX-License-Identifier: Apache-2.0 */
/* Limits for clients: how many of something (connections, requests that wait) there are in all, and
 * how many each client address has of them.
 *
 *   http_client_limit_enter ──► place of the address (one more) ──► http_client_limit_leave
 *        │ all have `most` together: HTTP_CLIENT_ALL_FULL
 *        └ this address has `most_here`: HTTP_CLIENT_ADDRESS_FULL
 *
 * A place exists while its address has something. All functions are thread safe: each holds one of
 * a few locks for some instructions, and never across I/O. */
#ifndef ONRUSH_CLIENT_LIMIT_H
#define ONRUSH_CLIENT_LIMIT_H

#include "shared/base/address.h"

#include <stdint.h>

struct http_client_limit;
struct http_client_place;

enum http_client_limit_verdict { HTTP_CLIENT_IN, HTTP_CLIENT_ALL_FULL, HTTP_CLIENT_ADDRESS_FULL };

/* http_client_limit_new: for about `expected` addresses; more make it slower. NULL: no memory.
 * http_client_limit_free: must be empty; returns NULL, as for NULL. */
struct http_client_limit *http_client_limit_new(size_t expected);
struct http_client_limit *http_client_limit_free(struct http_client_limit *clients);

/* http_client_limit_enter: counts one more of `address` (NULL: not counted by address), unless
 * there are
 * `most`, or `most_here` of this address. HTTP_CLIENT_IN and *place, for http_client_limit_leave().
 * Without memory it is HTTP_CLIENT_ALL_FULL. */
enum http_client_limit_verdict http_client_limit_enter(struct http_client_limit *clients,
                                                       const struct address *address, int64_t most,
                                                       int64_t most_here,
                                                       struct http_client_place **place);
void http_client_limit_leave(struct http_client_limit *clients, struct http_client_place *place);

/* http_client_limit_size: of all. http_client_limit_size_here: of one address; 0 for a NULL. */
int64_t http_client_limit_size(const struct http_client_limit *clients);
int64_t http_client_limit_size_here(const struct http_client_place *place);

#endif

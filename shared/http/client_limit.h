/* SPDX-License-Identifier: Apache-2.0 */
/* Limits for clients: the number of connections or waiting requests, in all and per client address.
 *
 *   http_client_limit_enter ──► place of the address (one more) ──► http_client_limit_leave
 *        │ all have `most` together: HTTP_CLIENT_ALL_FULL
 *        └ this address has `most_here`: HTTP_CLIENT_ADDRESS_FULL
 *
 * A place exists as long as its address has any. All functions are thread safe: each holds one of
 * a few locks for some instructions, never across I/O. */
#ifndef ONRUSH_CLIENT_LIMIT_H
#define ONRUSH_CLIENT_LIMIT_H

#include "shared/base/address.h"

#include <stdint.h>

struct http_client_limit;
struct http_client_place;

enum http_client_limit_verdict { HTTP_CLIENT_IN, HTTP_CLIENT_ALL_FULL, HTTP_CLIENT_ADDRESS_FULL };

/* http_client_limit_new: for about `expected` addresses; more make it slower. Returns NULL if
 * there is no memory. http_client_limit_free: must be empty. NULL is fine. Returns NULL. */
struct http_client_limit *http_client_limit_new(size_t expected);
struct http_client_limit *http_client_limit_free(struct http_client_limit *clients);

/* http_client_limit_enter: counts one more of `address` (NULL: count in all only), unless there are
 * `most` in all or `most_here` of the address. Returns HTTP_CLIENT_IN and *place for
 * http_client_limit_leave(). Without memory it returns HTTP_CLIENT_ALL_FULL. */
enum http_client_limit_verdict http_client_limit_enter(struct http_client_limit *clients,
                                                       const struct address *address, int64_t most,
                                                       int64_t most_here,
                                                       struct http_client_place **place);
void http_client_limit_leave(struct http_client_limit *clients, struct http_client_place *place);

/* http_client_limit_size: the number in all. http_client_limit_size_here: the number of one
 * address; 0 for NULL. */
int64_t http_client_limit_size(const struct http_client_limit *clients);
int64_t http_client_limit_size_here(const struct http_client_place *place);

/* http_client_limit_hash: a keyed hash of the address. */
uint64_t http_client_limit_hash(const struct http_client_place *place);

#endif

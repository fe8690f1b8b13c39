/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the client's address behind a proxy: networks, X-Forwarded-For. Pure, except that it reads
 * the configuration; a list is immutable once made. */
#ifndef ONRUSH_GATEWAY_TRUSTED_PROXIES_H
#define ONRUSH_GATEWAY_TRUSTED_PROXIES_H

#include "shared/base/address.h"
#include "shared/base/config.h"

#define PROXIES_MAX 256

struct trusted_proxies;

/* address_parse: "192.0.2.1" or "2001:db8::1". 0 or -EINVAL. */
int address_parse(const char *text, size_t len, struct address *out);

/* address_of: 0, or -EINVAL for a socket of another kind. */
int address_of(const struct sockaddr *from, struct address *out);

/* address_key: the part of an address that stands for one client: a whole IPv4 address, or the
 * first 64 bits of an IPv6 address, because one client usually has a whole /64. */
void address_key(const struct address *address, struct address *out);

/* proxies_read, proxies_free: the list trusted_proxies, as struct config_list wants them. */
int proxies_read(void **out, const struct config_setting_t *list, const char *path, char *error);
void proxies_free(void *networks);

bool proxies_include(const struct trusted_proxies *networks, const struct address *address);

/* proxies_client: the client of a request that came from `peer` with these values of
 * X-Forwarded-For (all lines, in their order): the rightmost address that is not a trusted proxy.
 * Anybody can have written what stands left of it. A value that is no address ends the search at
 * the proxy that passed it on. */
struct address proxies_client(const struct trusted_proxies *trusted, const struct address *peer,
                              const char *const *forwarded, size_t n);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the client's address behind proxies, from X-Forwarded-For. Pure, except for reading the
 * configuration. A list is immutable once made. */
#ifndef ONRUSH_GATEWAY_TRUSTED_PROXIES_H
#define ONRUSH_GATEWAY_TRUSTED_PROXIES_H

#include "shared/base/address.h"
#include "shared/base/config.h"

#define PROXIES_MAX 256

struct trusted_proxies;

/* proxies_read: reads the list trusted_proxies; for struct config_list, with free(). */
int proxies_read(void **out, const struct config_setting_t *list, const char *path, char *error);

bool proxies_include(const struct trusted_proxies *networks, const struct address *address);

/* proxies_client: returns the client of a request from `peer`. `forwarded`: all lines of
 * X-Forwarded-For, in order. The client is the rightmost address that is not a trusted proxy;
 * addresses to its left may be forged. If a value is no address, the client is the proxy that
 * passed it on. */
struct address proxies_client(const struct trusted_proxies *trusted, const struct address *peer,
                              const char *const *forwarded, size_t n);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Resolves host names in a thread of its own, because getaddrinfo() may block for long, and an
 * event loop must not.
 *
 * A resolver has at most one lookup under way; while that hangs, further requests wait for it. Call
 * everything in the loop's thread. The lookup's thread shares one small object with it; the last
 * user frees that object. */
#ifndef ONRUSH_RESOLVER_H
#define ONRUSH_RESOLVER_H

#include <event2/event.h>
#include <stdbool.h>

#define RESOLVER_HOST_MAX    255
#define RESOLVER_ADDRESS_MAX 64

struct resolver;

/* Called with an address as text (IPv4 preferred), valid during the call, or NULL if there is
 * none. */
typedef void resolver_fn(void *arg, const char *address);

/* resolver_new: returns NULL if there is no memory. The caller frees it. */
struct resolver *resolver_new(struct event_base *base, resolver_fn *fn, void *arg);

/* resolver_ask: starts a lookup, unless one is under way, whose answer then serves. The loop calls
 * `fn` when the answer comes; it may never come, so the caller needs a deadline. Returns 0 or a
 * negative errno. */
int resolver_ask(struct resolver *resolver, const char *host);

/* resolver_free: does not wait for a lookup under way. NULL is fine. Returns NULL. */
struct resolver *resolver_free(struct resolver *resolver);

/* resolver_is_address: true if `host` is an address and needs no lookup. */
bool resolver_is_address(const char *host);

/* resolver_replace: for tests: replaces getaddrinfo() by a function that writes the address or
 * returns a negative errno, in the lookup's thread. NULL restores the original. */
typedef int resolver_lookup_fn(const char *host, char address[RESOLVER_ADDRESS_MAX]);
void resolver_replace(resolver_lookup_fn *lookup);

#endif

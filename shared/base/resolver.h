/* SPDX-License-Identifier: Apache-2.0 */
/* Names of hosts become addresses in a thread of their own: getaddrinfo() may block for as long as
 * the resolver of the system likes, and a loop must not.
 *
 * At most one lookup a resolver is under way: while one hangs, asking again waits for the same one.
 * One thread: that of the loop; the lookup's thread shares only a small object with it, which the
 * last of them frees. */
#ifndef ONRUSH_RESOLVER_H
#define ONRUSH_RESOLVER_H

#include <event2/event.h>
#include <stdbool.h>

#define RESOLVER_HOST_MAX    255
#define RESOLVER_ADDRESS_MAX 64

struct resolver;

/* The answer: an address as text (IPv4 before IPv6), or NULL: there is none. The text ends with the
 * call. */
typedef void resolver_fn(void *arg, const char *address);

/* resolver_new: 0 and *out (the caller frees it), or -ENOMEM. */
int resolver_new(struct resolver **out, struct event_base *base, resolver_fn *fn, void *arg);

/* resolver_ask: fn will be called, from the loop, perhaps never: the caller has a deadline. 0 also
 * when an earlier lookup is still under way (its answer comes then), or a negative errno. */
int resolver_ask(struct resolver *resolver, const char *host);

/* resolver_free: does not wait for a lookup that hangs. NULL is fine. Gives NULL. */
struct resolver *resolver_free(struct resolver *resolver);

/* resolver_is_address: there is nothing to look up. */
bool resolver_is_address(const char *host);

/* resolver_replace: tests put something else in the place of getaddrinfo(); it writes the address,
 * or gives a negative errno, and runs in the lookup's thread. NULL: the system's again. */
typedef int resolver_lookup_fn(const char *host, char address[RESOLVER_ADDRESS_MAX]);
void resolver_replace(resolver_lookup_fn *lookup);

#endif

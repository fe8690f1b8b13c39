/* Listening sockets. Thread safe. */
#ifndef ONRUSH_LISTEN_H
#define ONRUSH_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

/* listen_tcp: a non-blocking, close-on-exec socket that listens on a numeric IPv4 or IPv6 address.
 * `shared`: SO_REUSEPORT, so that each worker has its own. The fd (the caller closes it), or a
 * negative errno; -EINVAL: not an address. */
int listen_tcp(const char *address, int64_t port, bool shared);

#endif

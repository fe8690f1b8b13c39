/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets. Thread safe. */
#ifndef ONRUSH_LISTEN_H
#define ONRUSH_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

/* listen_tcp: a non-blocking, close-on-exec socket that listens on a numeric IPv4 or IPv6 address.
 * `shared`: SO_REUSEPORT, so that each worker has its own. The fd (the caller closes it), or a
 * negative errno; -EINVAL: not an address. */
int listen_tcp(const char *address, int64_t port, bool shared);

/* What the kernel says of a listening socket. */
struct listen_state {
    int64_t queue; /* connections that are ready and not accepted yet */
    int64_t drops; /* since it listens: dropped before they were accepted, mostly because the queue
                      was full; -1: the kernel does not say (before Linux 4.12) */
};

/* listen_look: 0, or a negative errno and *state untouched. */
int listen_look(int fd, struct listen_state *state);

/* listen_inherited: the listening sockets that systemd passed (socket activation), made
 * non-blocking and close-on-exec, into fds[0] and on; the caller closes them. How many: 0 without
 * systemd; or a negative errno, -E2BIG: more than `most`, -EINVAL: one is no listening TCP socket.
 * To be called once, before there are threads. */
int listen_inherited(int *fds, int most);

#endif

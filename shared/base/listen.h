/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets. Thread safe. */
#ifndef ONRUSH_LISTEN_H
#define ONRUSH_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

/* listen_tcp: opens a non-blocking, close-on-exec socket on a numeric IPv4 or IPv6 address.
 * `shared` sets SO_REUSEPORT, so that each worker can have its own. Returns the fd, which the
 * caller closes, or a negative errno; -EINVAL: not an address. */
int listen_tcp(const char *address, int64_t port, bool shared);

#define LISTEN_QUEUES 64

/* listen_queues: opens LISTEN_QUEUES sockets that share the address, and stores them in `fds`.
 * Returns LISTEN_QUEUES, or a negative errno as listen_tcp(), and then all are closed.
 *
 * listen_steer: the kernel puts a new connection into the accept queue that the client's address
 * (IPv4 /32, IPv6 /64) chooses, so that a crowd that connects faster than anybody can accept fills
 * its own queue and not everybody's. `groups`: the number of listen_queues() on this port, one for
 * each worker; the kernel picks one at random. The rule holds for the whole port, so a second
 * process on the same port replaces it, and may get no connections while the first one listens.
 * Returns 0, or a negative errno; then the kernel chooses by address and port. */
int listen_queues(const char *address, int64_t port, int fds[LISTEN_QUEUES]);
int listen_steer(int fd, int groups);

/* A listening socket, as the kernel reports it. */
struct listen_state {
    int64_t queue; /* established connections that wait for accept() */
    int64_t drops; /* connections dropped since it listens, mostly because the
                      queue was full; -1: unknown (before Linux 4.12) */
};

/* listen_look: returns 0, or a negative errno and leaves *state alone. */
int listen_look(int fd, struct listen_state *state);

/* listen_inherited: stores in `fds` the listening sockets that systemd passed (socket activation),
 * non-blocking and close-on-exec; the caller closes them. Returns their number, which is 0 without
 * systemd, or a negative errno; -E2BIG: more than `most`, -EINVAL: not a listening TCP socket. Call
 * it once, before any thread starts. */
int listen_inherited(int *fds, int most);

#endif

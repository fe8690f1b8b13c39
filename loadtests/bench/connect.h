/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of the clients, from any address of this machine. */
#ifndef ONRUSH_LOADTESTS_CONNECT_H
#define ONRUSH_LOADTESTS_CONNECT_H

#include "loadtests/bench/bench.h"

#include <netinet/in.h>
#include <stdbool.h>

/* bench_from: the argument from, an IPv4 address; without it 127.0.0.1. */
struct in_addr bench_from(const struct bench_args *args);

/* bench_connect: a socket from that address and port to a port of 127.0.0.1. `from_port` 0: the
 * kernel finds one, which takes it long once an address has more than some 14,000. Without `wait`
 * it does not block, and is writable once it is connected. The descriptor, or a negative errno. */
int bench_connect(struct in_addr from, uint16_t from_port, uint16_t port, bool wait);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Client connections from any address of this machine. */
#ifndef ONRUSH_LOADTESTS_CONNECT_H
#define ONRUSH_LOADTESTS_CONNECT_H

#include "loadtests/bench/bench.h"

#include <netinet/in.h>
#include <stdbool.h>

/* bench_from: the argument from, an IPv4 address; default 127.0.0.1. */
struct in_addr bench_from(const struct bench_args *args);

/* bench_connect: connects from this address and port to a port of 127.0.0.1. If `from_port` is 0
 * the kernel chooses one, which is slow once the address uses more than about 14,000. Without
 * `wait` the socket does not block, and becomes writable when connected. Returns the descriptor, or
 * a negative errno. */
int bench_connect(struct in_addr from, uint16_t from_port, uint16_t port, bool wait);

#endif

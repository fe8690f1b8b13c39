/* SPDX-License-Identifier: Apache-2.0 */
/* A server during an outage: accepts every connection on a unix socket, drops it, and counts. */
#ifndef ONRUSH_TESTS_OUTAGE_H
#define ONRUSH_TESTS_OUTAGE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct outage {
    char path[108];
    int fd;
    pthread_t thread;
    _Atomic int64_t connects;
    int64_t began_us;
};

/* outage_start: starts the server's thread; a failure ends the program. */
void outage_start(struct outage *outage);
void outage_stop(struct outage *outage);

/* outage_most: the most attempts that exponential backoff allows one client by now. Whatever the
 * jitter, the n-th wait is at least half of min(most, first * 2^n). */
int64_t outage_most(const struct outage *outage, int64_t first_ms, int64_t most_ms);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A server during an outage: it takes every connection on a unix socket, drops it, and counts.
 *
 * outage_most() is what exponential backoff allows: whatever the jitter, the n-th wait is at least
 * half of min(most, first * 2^n). */
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

/* outage_start: in a thread of its own; a failure ends the program. outage_stop: frees. */
void outage_start(struct outage *outage);
void outage_stop(struct outage *outage);

/* outage_most: how often one client may have tried by now. */
int64_t outage_most(const struct outage *outage, int64_t first_ms, int64_t most_ms);

#endif

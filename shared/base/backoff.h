/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting before a try is repeated: exponential, capped, with jitter, so that a crowd of clients
 * does not come back in step. Not thread safe: one object a connection. */
#ifndef ONRUSH_BACKOFF_H
#define ONRUSH_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

struct backoff {
    int64_t first_ms, most_ms; /* set by the owner */
    unsigned tries;            /* failures in a row */
};

/* backoff_next: how long to wait after one more failure, in ms: between half and all of
 * min(most, first * 2^tries) ("equal jitter"). */
int64_t backoff_next(struct backoff *b);

/* backoff_is_news: true if the log should have a line on the failure that backoff_next() was called
 * for: the 1st, 2nd, 4th, 8th ... in a row. An hour of retries, one a second, makes twelve
 * lines. */
bool backoff_is_news(const struct backoff *b);

/* backoff_reset: to be called after a success. */
void backoff_reset(struct backoff *b);

#endif

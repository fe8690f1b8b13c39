/* SPDX-License-Identifier: Apache-2.0 */
/* Exponential backoff between retries, capped, with jitter so that clients do not return in step.
 * One object per connection; not thread safe. */
#ifndef ONRUSH_BACKOFF_H
#define ONRUSH_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

struct backoff {
    int64_t first_ms, most_ms; /* set by the owner */
    unsigned tries;            /* failures in a row */
};

/* backoff_next: notes a failure and returns the wait in ms: between half and all of min(most, first
 * * 2^tries) ("equal jitter"). */
int64_t backoff_next(struct backoff *b);

/* backoff_is_news: true if the failure that backoff_next() just noted is worth a log line: the 1st,
 * 2nd, 4th, 8th ... in a row. An hour of retries, one a second, logs twelve lines. */
bool backoff_is_news(const struct backoff *b);

/* backoff_reset: call it after a success. */
void backoff_reset(struct backoff *b);

#endif

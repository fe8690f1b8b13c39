/* SPDX-License-Identifier: Apache-2.0 */
/* How large a batch may be: at most batch_size, and small enough that a commit takes no longer than
 * a target. Additive increase, multiplicative decrease (Chiu and Jain, 1989): it settles without
 * knowing why MariaDB is slow, and gives way quickly.
 *
 * The floor is an eighth of the ceiling: a slow disk syncs a small batch slowly, too, so smaller
 * batches would only cost throughput.
 *
 * Pure; no clock. One thread. */
#ifndef ONRUSH_SCHEDULER_PACE_H
#define ONRUSH_SCHEDULER_PACE_H

#include <stddef.h>
#include <stdint.h>

struct pace {
    size_t size;       /* rows of a batch, at most, now */
    size_t most;       /* rows */
    int64_t target_us; /* 0: the size stays */
};

/* pace_set: takes new settings, and keeps what it learned as far as they allow. `pace` is all zero
 * the first time. */
void pace_set(struct pace *pace, size_t most, int64_t target_us);

/* pace_see: a batch of so many rows took so long to commit. */
void pace_see(struct pace *pace, size_t rows, int64_t took_us);

#endif

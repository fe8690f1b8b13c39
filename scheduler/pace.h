/* SPDX-License-Identifier: Apache-2.0 */
/* Sets the batch size: at most batch_size, and small enough that a commit meets a target time.
 * Additive increase, multiplicative decrease (Chiu and Jain, 1989): it adapts quickly, whatever
 * makes MariaDB slow.
 *
 * The least size is an eighth of batch_size: a slow disk also syncs a small batch slowly, so still
 * smaller batches would only cost throughput.
 *
 * Pure; no clock. One thread. */
#ifndef ONRUSH_SCHEDULER_PACE_H
#define ONRUSH_SCHEDULER_PACE_H

#include <stddef.h>
#include <stdint.h>

struct pace {
    size_t size;       /* most rows per batch, now */
    size_t most;       /* batch_size */
    int64_t target_us; /* 0: the size stays */
};

/* pace_set: applies new settings, and keeps the learned size if they allow it. Before the first
 * call, `pace` is all zero. */
void pace_set(struct pace *pace, size_t most, int64_t target_us);

/* pace_see: a batch of `rows` took `took_us` to commit. */
void pace_see(struct pace *pace, size_t rows, int64_t took_us);

#endif

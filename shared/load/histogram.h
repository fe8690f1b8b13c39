/* SPDX-License-Identifier: Apache-2.0 */
/* A log-linear histogram of durations: 128 steps per doubling, so a percentile is at most 0.8 % too
 * high. Constant memory and time. One thread. */
#ifndef ONRUSH_HISTOGRAM_H
#define ONRUSH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEP_BITS 7
#define HISTOGRAM_MOST_BITS 36 /* values from 2^36 (19 hours in µs) on count as the largest */
#define HISTOGRAM_SLOTS     ((HISTOGRAM_MOST_BITS - HISTOGRAM_STEP_BITS + 1) << HISTOGRAM_STEP_BITS)

struct histogram {
    uint64_t slots[HISTOGRAM_SLOTS]; /* initially zero */
    uint64_t n;
    int64_t max;
};

/* histogram_add: negative values count as 0. */
void histogram_add(struct histogram *h, int64_t value);

/* histogram_percentile: the smallest value, rounded up to its step, that `percent` % of the values
 * do not exceed; exact for 100. 0 if there are no values. */
int64_t histogram_percentile(const struct histogram *h, double percent);

#endif

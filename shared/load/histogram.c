/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/load/histogram.h"

#include <math.h>

#define STEPS (UINT64_C(1) << HISTOGRAM_STEP_BITS)

/* slot_of: values below 2 * STEPS have a slot each; above, the top HISTOGRAM_STEP_BITS + 1 bits
 * select the slot. */
static unsigned slot_of(uint64_t value)
{
    if (value < STEPS)
        return (unsigned)value;
    unsigned shift = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_STEP_BITS;
    return (unsigned)((shift << HISTOGRAM_STEP_BITS) + (value >> shift));
}

/* slot_top: the largest value of the slot. */
static int64_t slot_top(unsigned slot)
{
    if (slot < STEPS)
        return slot;
    unsigned shift = (slot >> HISTOGRAM_STEP_BITS) - 1;
    uint64_t top = STEPS + (slot & (STEPS - 1));
    return (int64_t)(((top + 1) << shift) - 1);
}

void histogram_add(struct histogram *h, int64_t value)
{
    const int64_t most = (INT64_C(1) << HISTOGRAM_MOST_BITS) - 1;
    int64_t v = value < 0 ? 0 : value > most ? most : value;
    h->slots[slot_of((uint64_t)v)]++;
    h->n++;
    h->max = v > h->max ? v : h->max;
}

int64_t histogram_percentile(const struct histogram *h, double percent)
{
    uint64_t seen = 0, wanted = (uint64_t)ceil((double)h->n * percent / 100);
    if (wanted >= h->n)
        return h->max;
    for (unsigned slot = 0; slot < HISTOGRAM_SLOTS; slot++) {
        seen += h->slots[slot];
        if (seen >= wanted && seen > 0)
            return slot_top(slot) < h->max ? slot_top(slot) : h->max;
    }
    return h->max;
}

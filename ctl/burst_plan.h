/* SPDX-License-Identifier: Apache-2.0 */
/* Which user each request of a burst belongs to. */
#ifndef ONRUSH_CTL_BURST_PLAN_H
#define ONRUSH_CTL_BURST_PLAN_H

#include <stddef.h>
#include <stdint.h>

struct burst_plan {
    uint32_t *users; /* for each request: 0 .. n_users - 1 */
    size_t n;
};

/* burst_plan_make: every user at least once when n >= n_users, the rest drawn at random, all of it
 * shuffled; the same seed gives the same plan. 0 and the caller frees it, or -ENOMEM. */
int burst_plan_make(struct burst_plan *plan, size_t n, uint32_t n_users, uint64_t seed);

void burst_plan_free(struct burst_plan *plan);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Assigns the requests of a burst to users. */
#ifndef ONRUSH_CTL_BURST_PLAN_H
#define ONRUSH_CTL_BURST_PLAN_H

#include <stddef.h>
#include <stdint.h>

struct burst_plan {
    uint32_t *users; /* for each request: 0 .. n_users - 1 */
    size_t n;
};

/* burst_plan_make: a shuffled plan with every user at least once if n >= n_users, and random users
 * for the rest. The same seed makes the same plan. Returns 0 (the caller frees it), or -ENOMEM. */
int burst_plan_make(struct burst_plan *plan, size_t n, uint32_t n_users, uint64_t seed);

void burst_plan_free(struct burst_plan *plan);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/burst_plan.h"

#include <errno.h>
#include <stdlib.h>

/* next_random: splitmix64. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* below: a random number from 0 to n - 1; n is far below 2^64, so the bias is negligible. */
static uint64_t below(uint64_t *state, uint64_t n)
{
    return next_random(state) % n;
}

int burst_plan_make(struct burst_plan *plan, size_t n, uint32_t n_users, uint64_t seed)
{
    size_t room = n > n_users ? n : n_users;
    uint32_t *users = malloc(room * sizeof *users);
    if (users == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < room; i++)
        users[i] = i < n_users ? (uint32_t)i : (uint32_t)below(&seed, n_users);
    for (size_t i = 0; i < n; i++) {
        size_t j = i + below(&seed, room - i);
        uint32_t user = users[i];
        users[i] = users[j];
        users[j] = user;
    }
    *plan = (struct burst_plan){users, n};
    return 0;
}

void burst_plan_free(struct burst_plan *plan)
{
    free(plan->users);
    *plan = (struct burst_plan){0};
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/dice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static uint64_t state;

uint64_t dice_seed(void)
{
    const char *given = getenv("ONRUSH_SEED");
    uint32_t fresh = 1;
    if (getrandom(&fresh, sizeof fresh, 0) != sizeof fresh)
        fresh = 1;
    state = given != NULL ? strtoull(given, NULL, 10) : fresh;
    printf("ONRUSH_SEED=%" PRIu64 "\n", state);
    fflush(stdout);
    return state;
}

/* splitmix64 (Steele, Lea, Flood 2014) */
uint64_t dice(uint64_t n)
{
    uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % n;
}

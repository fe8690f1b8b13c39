/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers for tests. The seed is printed; ONRUSH_SEED=<seed> repeats a failure. Not thread
 * safe. */
#ifndef ONRUSH_TESTS_DICE_H
#define ONRUSH_TESTS_DICE_H

#include <stdint.h>

/* dice_seed: starts the sequence with $ONRUSH_SEED or a fresh seed, and prints it. */
uint64_t dice_seed(void);

/* dice: returns a number from 0 to n - 1. */
uint64_t dice(uint64_t n);

#endif

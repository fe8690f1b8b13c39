/* SPDX-License-Identifier: Apache-2.0 */
/* What the table at the end shows: how often each thing was done, and how long it took to
 * recover. */
#ifndef ONRUSH_TESTS_TALLY_H
#define ONRUSH_TESTS_TALLY_H

#include <stdint.h>

struct tally;

struct tally *tally_new(void);
struct tally *tally_free(struct tally *tally);

/* tally_fault: one more of this kind. */
void tally_fault(struct tally *tally, const char *kind);

/* tally_recovery: how long one of this kind took. */
void tally_recovery(struct tally *tally, const char *kind, int64_t us);

uint64_t tally_faults(const struct tally *tally);

void tally_print(struct tally *tally);

#endif

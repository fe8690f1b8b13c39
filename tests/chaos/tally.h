/* SPDX-License-Identifier: Apache-2.0 */
/* The table printed at the end: how often each fault occurred, and how long recovery took. */
#ifndef ONRUSH_TESTS_TALLY_H
#define ONRUSH_TESTS_TALLY_H

#include <stdint.h>

struct tally;

struct tally *tally_new(void);
struct tally *tally_free(struct tally *tally);

void tally_fault(struct tally *tally, const char *kind);

void tally_recovery(struct tally *tally, const char *kind, int64_t us);

uint64_t tally_faults(const struct tally *tally);

void tally_print(struct tally *tally);

#endif

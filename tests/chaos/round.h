/* SPDX-License-Identifier: Apache-2.0 */
/* One campaign with its clients, from its creation to the oracle's verdict. Main thread only. */
#ifndef ONRUSH_TESTS_ROUND_H
#define ONRUSH_TESTS_ROUND_H

#include "tests/chaos/oracle.h"
#include "tests/chaos/stage.h"
#include "tests/chaos/tally.h"

/* round_run: a round under a random plan of the faults of the list. How many breaches. */
unsigned round_run(struct stage *stage, struct tally *tally, int number, const char *list,
                   bool loses_data);

/* round_campaign: makes one; false when that fails. */
bool round_campaign(struct stage *stage, const char *name, uint32_t quota, int overflow);

/* round_burst: starts `onrushctl burst` to a gateway in the background; `number` distinguishes its
 * files. The child; its ledger is at round_ledger(). */
pid_t round_burst(struct stage *stage, const char *campaign, int number, const char *arguments);
void round_ledger(const struct stage *stage, const char *campaign, int number, char path[256]);

/* round_join: waits for the burst, and ends it after a deadline. */
void round_join(pid_t burst, int64_t timeout_ms);

/* round_close: waits until it is settled, so that the next round has the schedulers to itself.
 * Returns the number of breaches. */
unsigned round_close(struct stage *stage, const char *campaign);

#endif

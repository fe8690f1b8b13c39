/* SPDX-License-Identifier: Apache-2.0 */
/* One campaign with its clients, from its creation to the oracle's verdict. Main thread only. */
#ifndef ONRUSH_TESTS_ROUND_H
#define ONRUSH_TESTS_ROUND_H

#include "tests/chaos/oracle.h"
#include "tests/chaos/stage.h"
#include "tests/chaos/tally.h"

/* round_run: runs a round with a random plan of the listed faults. Returns the number of breaches.
 * */
unsigned round_run(struct stage *stage, struct tally *tally, int number, const char *list,
                   bool loses_data);

/* round_campaign: creates a campaign; returns false on failure. */
bool round_campaign(struct stage *stage, const char *name, uint32_t quota, int overflow);

/* round_burst: starts `onrushctl burst` to a gateway in the background. `number` makes its file
 * names unique; its ledger is at round_ledger(). Returns the child. */
pid_t round_burst(struct stage *stage, const char *campaign, int number, const char *arguments);
const char *round_ledger(const struct stage *stage, const char *campaign, int number);

/* round_join: waits for the burst; kills it after a deadline. */
void round_join(pid_t burst, int64_t timeout_ms);

/* round_close: closes the campaign and waits until it is settled, so that the next round has the
 * schedulers to itself. Returns the number of breaches. */
unsigned round_close(struct stage *stage, const char *campaign);

#endif

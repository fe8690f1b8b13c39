/* SPDX-License-Identifier: Apache-2.0 */
/* Deaths, sleeps past the lease, and cut connections at named points of the scheduler, not at
 * random moments. The stack's schedulers are started through this program: when a point was armed,
 * the next one to start becomes the scheduler that is built with fault points
 * (scheduler/fault_point.h), told to die or to stop there; every other is the normal one. */
#ifndef ONRUSH_TESTS_POINTS_H
#define ONRUSH_TESTS_POINTS_H

#include "tests/chaos/stage.h"
#include "tests/chaos/tally.h"

/* points_run: plays the next `n` of all pairs of a point and an event there, in an order that the
 * seed gives; at the end it starts over. A pair that was not reached is tried again at once, up to
 * three times in all. Returns the number of breaches. */
unsigned points_run(struct stage *stage, struct tally *tally, int n);

/* points_report: prints how often each point was tried and reached. Returns how many were never
 * reached. */
unsigned points_report(void);

/* points_exec: `chaos --as-scheduler FILE SCHEDULER ARGUMENT...`: becomes it. Gives an exit code
 * when that fails. */
int points_exec(char **argv);

#endif

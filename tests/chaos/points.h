/* SPDX-License-Identifier: Apache-2.0 */
/* Kills the scheduler, suspends it past its lease, or cuts its connections at named points of its
 * code, not at random moments. The stack starts its schedulers through this program. When a point
 * is armed, the next scheduler to start is the build with fault points (scheduler/fault_point.h),
 * told to die or stop there. All others are the normal build. */
#ifndef ONRUSH_TESTS_POINTS_H
#define ONRUSH_TESTS_POINTS_H

#include "tests/chaos/stage.h"
#include "tests/chaos/tally.h"

/* points_run: plays the next `n` pairs of a point and an event, in a seeded order, and begins again
 * after the last one. A pair that is not reached is repeated at once, up to three tries in all.
 * Returns the number of breaches. */
unsigned points_run(struct stage *stage, struct tally *tally, int n);

/* points_report: prints how often each point was tried and reached. Returns the number of points
 * never reached. */
unsigned points_report(void);

/* points_exec: runs `chaos --as-scheduler FILE SCHEDULER ARGUMENT...` by exec. Returns an exit code
 * only if that fails. */
int points_exec(char **argv);

#endif

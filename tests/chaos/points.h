/* Deaths, sleeps past the lease, and cut connections at named points of the scheduler, not at
 * random moments. The stack's schedulers are started through this program: when a point was armed,
 * the next one to start becomes the scheduler that is built with fault points (scheduler/fault.h),
 * told to die or to stop there; every other is the normal one. */
#ifndef ONRUSH_CHAOS_POINTS_H
#define ONRUSH_CHAOS_POINTS_H

#include "tests/chaos/stage.h"
#include "tests/chaos/tally.h"

/* points_run: the next `n` of all pairs of a point and what happens there, in an order that the seed gives; then from the
 * front again. One that was never reached is tried again at once, up to three times in all. How many breaches. */
unsigned points_run(struct stage *stage, struct tally *tally, int n);

/* points_report: prints how often each point was tried and reached. How many were tried, and never reached. */
unsigned points_report(void);

/* points_exec: `chaos --as-scheduler FILE SCHEDULER ARGUMENT...`: becomes it. Gives an exit code
 * when that fails. */
int points_exec(char **argv);

#endif

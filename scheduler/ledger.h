/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger decides who gets which coupon. Pure: no I/O, clock, threads or randomness.
 *
 *     claimed users ──► line (by ticket) ──┐
 *                                          ├──► ledger_take(): user + serial, in ticket order
 *     next serial .. quota, freed serials ─┘
 *
 * The ledger assigns the lowest serials first, in ticket order, so batches may commit side by side
 * and in any order. When serials have run out, the rest of the line stays parked: an earlier batch
 * may still fail. ledger_free_serial() then returns its serials, which go to the next in line. The
 * ledger does not decide whether the line has lost for good: the campaign asks MariaDB first. */
#ifndef ONRUSH_SCHEDULER_LEDGER_H
#define ONRUSH_SCHEDULER_LEDGER_H

#include "scheduler/grant.h"

#include <stdbool.h>

struct ledger {
    uint32_t quota;
    uint32_t next;   /* the lowest serial never assigned; 1..quota + 1 */
    uint32_t *freed; /* min-heap of unassigned serials below `next` */
    size_t n_freed, room_freed;
    struct grant *line; /* by ticket, ascending */
    size_t n_line, room_line;
};

/* ledger_open: nothing is granted yet. ledger_granted: MariaDB has a grant of this serial, and of
 * none between it and the serial of the call before. Returns 0 or -ENOMEM. */
void ledger_open(struct ledger *ledger, uint32_t quota);
int ledger_granted(struct ledger *ledger, uint32_t serial);

/* ledger_close: forgets everything. May be called twice, and on a ledger that is all zero. */
void ledger_close(struct ledger *ledger);

/* ledger_join: inserts `row` (user and ticket) into the line, by ticket. Returns 0 or -ENOMEM. */
int ledger_join(struct ledger *ledger, const struct grant *row);

/* ledger_takeable: how many rows could ledger_take() take now? */
size_t ledger_takeable(const struct ledger *ledger);

/* ledger_take: moves the head of the line into `batch` and assigns serials, as far as serials and
 * room last. Returns the number of rows. */
size_t ledger_take(struct ledger *ledger, struct batch *batch);

/* ledger_free_serial: returns a serial whose row was refused, or whose user had a grant already.
 * Returns 0 or -ENOMEM. */
int ledger_free_serial(struct ledger *ledger, uint32_t serial);

/* ledger_parked: does the line wait without a serial left? */
bool ledger_parked(const struct ledger *ledger);

/* ledger_leave: moves the line into `batch`, without serials, as far as there is room. Returns the
 * number of rows. */
size_t ledger_leave(struct ledger *ledger, struct batch *batch);

#endif

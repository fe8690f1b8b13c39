/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger decides who gets which coupon. Pure: no I/O, no clock, no threads, no randomness.
 *
 *     claimed users ──► line (by ticket) ──┐
 *                                          ├──► ledger_take(): user + serial, in ticket order
 *     next serial .. quota, freed serials ─┘
 *
 * Serials leave in ascending order, the lowest first: so a batch that is decided now may commit
 * beside the batches before it, in any order. When the serials have run out, whoever stands in the
 * line stays there ("parked"): a batch before may still fail, and its serials come back by
 * ledger_free_serial() and go to the next in line. Whether the line has lost for good is not the
 * ledger's to say: the campaign asks MariaDB first. */
#ifndef ONRUSH_SCHEDULER_LEDGER_H
#define ONRUSH_SCHEDULER_LEDGER_H

#include "scheduler/grant.h"

#include <stdbool.h>

struct ledger {
    uint32_t quota;
    uint32_t next;   /* the lowest serial that was never given; 1..quota + 1 */
    uint32_t *freed; /* min-heap of serials below `next` that nobody has */
    size_t n_freed, room_freed;
    struct grant *line; /* by ticket, ascending */
    size_t n_line, room_line;
};

/* ledger_open: the state of a campaign as MariaDB has it: every serial below `next` but the `n` in
 * `gaps` is given. 0, or -ENOMEM (and the ledger is as ledger_close() leaves it). */
int ledger_open(struct ledger *ledger, uint32_t quota, uint32_t next, const uint32_t *gaps,
                size_t n);

/* ledger_close: forgets everything; may be called twice. */
void ledger_close(struct ledger *ledger);

/* ledger_join: `row` (user and ticket) enters the line at the place of its ticket. 0, or
 * -ENOMEM. */
int ledger_join(struct ledger *ledger, const struct grant *row);

/* ledger_takeable: how many ledger_take() could give now. */
size_t ledger_takeable(const struct ledger *ledger);

/* ledger_take: moves the head of the line into `batch`, as far as there are serials and room. Gives
 * how many. */
size_t ledger_take(struct ledger *ledger, struct batch *batch);

/* ledger_free_serial: nobody has this serial (its row was refused, or its user had a grant
 * already). 0, or -ENOMEM. */
int ledger_free_serial(struct ledger *ledger, uint32_t serial);

/* ledger_parked: the line waits, and there is no serial to give. */
bool ledger_parked(const struct ledger *ledger);

/* ledger_leave: moves the whole line into `batch`, as far as there is room, without serials. Gives
 * how many. */
size_t ledger_leave(struct ledger *ledger, struct batch *batch);

#endif

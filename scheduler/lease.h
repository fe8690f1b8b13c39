/* SPDX-License-Identifier: Apache-2.0 */
/* The lease keeper: one thread, one MariaDB connection, a round twice a second (at least four in a
 * lease).
 *
 * In a round it gives back what was renounced, opens and closes campaigns whose time has come,
 * renews the leases it has, takes those that are free, and hands the rows to the loop. All by
 * MariaDB's clock: the only one that every scheduler shares. Taking raises the epoch, and that
 * UPDATE waits for any transaction of the old owner that is at its guard. */
#ifndef ONRUSH_SCHEDULER_LEASE_H
#define ONRUSH_SCHEDULER_LEASE_H

#include "scheduler/campaign.h"
#include "scheduler/config.h"
#include "shared/base/mailbox.h"

#include <event2/event.h>

struct lease_keeper;

/* What a round found. It belongs to the receiver, who frees it with free(). */
struct lease_keeper_rows {
    struct mail mail;
    size_t n;
    struct campaign_row rows[];
};

/* lease_keeper_new: starts the thread. `on_rows` is called in the thread of `base` after each round
 * that worked. `owner` must outlive it, and be of this process alone: a lease of the same name from
 * before is not its own. */
int lease_keeper_new(struct lease_keeper **out, struct event_base *base,
                     const struct scheduler_config *config, const char *owner,
                     void (*on_rows)(void *arg, struct lease_keeper_rows *rows), void *arg);

/* lease_keeper_renounce: the renounce function of struct world; a round follows at once. */
void lease_keeper_renounce(struct world *world, struct campaign *campaign, uint64_t epoch);

/* lease_keeper_fresh: a round worked within the last lease time. Any thread. */
bool lease_keeper_fresh(const struct lease_keeper *lease_keeper);

/* lease_keeper_moves: its thread has done a step within the time that MariaDB is given for one. Any
 * thread. */
bool lease_keeper_moves(const struct lease_keeper *lease_keeper);

/* lease_keeper_free: gives every lease back (if MariaDB answers) and ends the thread. NULL is fine.
 * Gives NULL. */
struct lease_keeper *lease_keeper_free(struct lease_keeper *lease_keeper);

#endif

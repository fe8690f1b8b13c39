/* The lease keeper: one thread, one MariaDB connection, a round twice a second (at least four in a
 * lease).
 *
 * In a round it gives back what was renounced, opens and closes campaigns whose time has come,
 * renews the leases it has, takes those that are free, and hands the rows to the loop. All by
 * MariaDB's clock: the only one that every scheduler shares. Taking raises the epoch, and that
 * UPDATE waits for any transaction of the old owner that is at its guard. */
#ifndef ONRUSH_SCHEDULER_KEEPER_H
#define ONRUSH_SCHEDULER_KEEPER_H

#include "scheduler/campaign.h"
#include "scheduler/config.h"
#include "shared/mailbox.h"

#include <event2/event.h>

struct keeper;

/* What a round found. It belongs to the receiver, who frees it with free(). */
struct keeper_rows {
    struct mail mail;
    size_t n;
    struct campaign_row rows[];
};

/* keeper_new: starts the thread. `on_rows` is called in the thread of `base` after each round that
 * worked. `owner` must outlive it, and be of this process alone: a lease of the same name from
 * before is not its own. */
int keeper_new(struct keeper **out, struct event_base *base, const struct scheduler_config *config,
               const char *owner, void (*on_rows)(void *arg, struct keeper_rows *rows), void *arg);

/* keeper_renounce: the renounce function of struct world; a round follows at once. */
void keeper_renounce(struct world *world, struct campaign *campaign, uint64_t epoch);

/* keeper_fresh: a round worked within the last lease time. Any thread. */
bool keeper_fresh(const struct keeper *keeper);

/* keeper_moves: its thread has done a step within the time that MariaDB is given for one. Any
 * thread. */
bool keeper_moves(const struct keeper *keeper);

/* keeper_free: gives every lease back (if MariaDB answers) and ends the thread. NULL is fine. Gives
 * NULL. */
struct keeper *keeper_free(struct keeper *keeper);

#endif

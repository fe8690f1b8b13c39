/* SPDX-License-Identifier: Apache-2.0 */
/* The lease keeper: one thread with a MariaDB connection that does a round twice a second (at least
 * four per lease).
 *
 * A round gives back renounced leases, opens and closes campaigns whose time has come, renews the
 * leases that we have, takes free ones, and hands the rows to the loop. It goes by MariaDB's clock,
 * the only clock that all schedulers share. Taking a lease raises the epoch; this UPDATE waits for
 * a transaction of the old owner that has reached its guard. */
#ifndef ONRUSH_SCHEDULER_LEASE_H
#define ONRUSH_SCHEDULER_LEASE_H

#include "scheduler/campaign.h"
#include "scheduler/config.h"
#include "shared/base/mailbox.h"

#include <event2/event.h>

struct lease_keeper;

struct leased_row {
    struct campaign_row row;
    struct lease lease;
};

/* The rows of a round, by id. The receiver owns them, and frees them with free(). */
struct lease_keeper_rows {
    struct mail mail;
    size_t n;
    struct leased_row rows[];
};

/* lease_keeper_new: starts the thread. `on_rows` runs in the thread of `base` after each successful
 * round. `owner` must outlive the keeper, and must be unique to this process: leases of an earlier
 * process are not ours. */
int lease_keeper_new(struct lease_keeper **out, struct event_base *base,
                     const struct scheduler_config *config, const char *owner,
                     void (*on_rows)(void *arg, struct lease_keeper_rows *rows), void *arg);

/* lease_keeper_renounce: the renounce function of struct world. Starts a round at once. */
void lease_keeper_renounce(struct world *world, struct campaign *campaign, uint64_t epoch);

/* lease_keeper_fresh: has a round succeeded within the last lease time? Any thread. */
bool lease_keeper_fresh(const struct lease_keeper *lease_keeper);

/* lease_keeper_moves: has its thread made a step within the time that MariaDB may take? Any
 * thread. */
bool lease_keeper_moves(const struct lease_keeper *lease_keeper);

/* lease_keeper_free: gives back all leases (if MariaDB answers) and ends the thread. `lease_keeper`
 * may be NULL. Returns NULL. */
struct lease_keeper *lease_keeper_free(struct lease_keeper *lease_keeper);

#endif

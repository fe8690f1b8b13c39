/* SPDX-License-Identifier: Apache-2.0 */
/* The conductor: the loop that owns all campaigns of this scheduler. Everything in it runs in one
 * thread; the lease keeper and the committer pool reach it through mailboxes only. */
#ifndef ONRUSH_SCHEDULER_CONDUCTOR_H
#define ONRUSH_SCHEDULER_CONDUCTOR_H

#include "scheduler/campaign_stats.h"
#include "scheduler/config.h"
#include "shared/daemon/monitor.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>

struct conductor;

/* conductor_new: starts pool and keeper, and connects to Redis. 0 and *out, or a negative errno. */
int conductor_new(struct conductor **out, struct event_base *base,
                  const struct scheduler_config *config);

/* conductor_reload: takes over the tunables of a new configuration. */
void conductor_reload(struct conductor *conductor, const struct scheduler_config *config);

/* conductor_stop: claims nothing more; `done` is called once everything under way is committed and
 * settled, or after grace_s. */
void conductor_stop(struct conductor *conductor, void (*done)(void *arg), void *arg);

/* conductor_health: it is able when leases can be kept and Redis is there. Any thread. */
void conductor_health(struct conductor *conductor, struct health_report *report);

/* conductor_set_monitor: what is told when a campaign opens, is half gone, sold out, or closed.
 * Call it before the loop runs. */
void conductor_set_monitor(struct conductor *conductor, struct monitor *monitor);

/* conductor_stats: how each campaign stands; another thread may render it. */
struct stats_slot *conductor_stats(struct conductor *conductor);

/* conductor_answered: Redis and MariaDB have answered; else writes who has not. conductor_progress:
 * the campaigns were stepped since this last gave true, and the lease keeper moves.
 * conductor_figures: one line for people. All in the thread of `base`. */
bool conductor_answered(const struct conductor *conductor, FILE *missing);
bool conductor_progress(struct conductor *conductor);
void conductor_figures(const struct conductor *conductor, FILE *out);

/* conductor_free: gives the leases back and ends the threads. NULL is fine. Gives NULL. */
struct conductor *conductor_free(struct conductor *conductor);

#endif

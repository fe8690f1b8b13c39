/* SPDX-License-Identifier: Apache-2.0 */
/* The conductor: the loop that owns all campaigns of this scheduler. It runs in one thread; the
 * lease keeper and the committer reach it only through mailboxes. */
#ifndef ONRUSH_SCHEDULER_CONDUCTOR_H
#define ONRUSH_SCHEDULER_CONDUCTOR_H

#include "scheduler/campaign_stats.h"
#include "scheduler/config.h"
#include "shared/daemon/monitor.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>

struct conductor;

/* conductor_new: starts committer and lease keeper, and connects to Redis. Returns 0 and sets *out,
 * or returns a negative errno. */
int conductor_new(struct conductor **out, struct event_base *base,
                  const struct scheduler_config *config);

/* conductor_reload: applies the tunables of a new configuration. */
void conductor_reload(struct conductor *conductor, const struct scheduler_config *config);

/* conductor_stop: stops claiming. Calls `done` once the work under way is committed and settled, or
 * after grace_s. */
void conductor_stop(struct conductor *conductor, void (*done)(void *arg), void *arg);

/* conductor_health: the report of the monitor: able while it has Redis and can keep leases. Any
 * thread. */
void conductor_health(void *conductor, struct health_report *report);

/* conductor_set_monitor: sets the receiver of campaign events (opened, half gone, sold out,
 * closed). Call it before the loop runs. */
void conductor_set_monitor(struct conductor *conductor, struct monitor *monitor);

/* conductor_stats: the state of the campaigns; another thread may render it. */
struct stats_slot *conductor_stats(struct conductor *conductor);

/* The hooks of the service. conductor_missing: Redis or MariaDB, if it has not answered yet.
 * conductor_progress: since it last returned true, were campaigns stepped, and does the lease
 * keeper move? All in the thread of `base`. */
void conductor_missing(void *conductor, FILE *out);
bool conductor_progress(void *conductor);
void conductor_figures(void *conductor, FILE *out);

/* conductor_free: gives the leases back and ends the threads. `conductor` may be NULL. Returns
 * NULL. */
struct conductor *conductor_free(struct conductor *conductor);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The committer pool: pool_size threads with one MariaDB connection each, that carry jobs out, and
 * one more that only looks into the journal.
 *
 *   loop: committer_submit() ──► lane ══► threads: job_sql_run() ══► done ──► loop: on_done()
 *
 * Jobs are taken in the order of their submission; as each campaign has only a few under way, a
 * huge one cannot starve a small one. A thread whose connection fails waits (exponential, capped,
 * with jitter) before it answers JOB_UNKNOWN or JOB_BUSY, so whoever repeats a job at once does not
 * spin. Connections are renewed after their lifetime, between jobs. */
#ifndef ONRUSH_SCHEDULER_COMMITTER_H
#define ONRUSH_SCHEDULER_COMMITTER_H

#include "scheduler/campaign.h"
#include "scheduler/config.h"

#include <event2/event.h>

struct committer;

/* committer_new: starts the threads; `on_done` is called in the thread of `base`, and owns the job.
 * 0 and *out, or a negative errno. */
int committer_new(struct committer **out, struct event_base *base,
                  const struct scheduler_config *config,
                  void (*on_done)(void *arg, struct job *job), void *arg);

/* committer_submit: the submit function of struct world; works on world->committer. Never
 * blocks. */
void committer_submit(struct world *world, struct job *job);

/* committer_set_lifetime: after a reload. */
void committer_set_lifetime(struct committer *committer, int64_t connection_lifetime_s);

/* committer_free: ends the threads, each after the job it is at (bounded by the deadlines of
 * MariaDB). Jobs that wait are freed. NULL is fine. Gives NULL. */
struct committer *committer_free(struct committer *committer);

#endif

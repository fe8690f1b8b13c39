/* SPDX-License-Identifier: Apache-2.0 */
/* The committer: pool_size threads, each with a MariaDB connection, that do jobs, and one more
 * thread that only reads the journal.
 *
 *   loop: committer_submit() ──► lane ══► threads: job_sql_run() ══► done ──► loop: on_done()
 *
 * Jobs start in the order of submission. Each campaign has only a few under way, so a huge one
 * cannot starve a small one. After an error of its connection, a thread pauses (exponential,
 * capped, with jitter) before it returns JOB_UNKNOWN or JOB_BUSY. So a caller may repeat a job at
 * once without spinning. A connection is renewed after its lifetime, between jobs. */
#ifndef ONRUSH_SCHEDULER_COMMITTER_H
#define ONRUSH_SCHEDULER_COMMITTER_H

#include "scheduler/campaign.h"
#include "scheduler/config.h"

#include <event2/event.h>

struct committer;

/* committer_new: starts the threads. `on_done` runs in the thread of `base`, and owns the job.
 * Returns 0 and sets *out, or returns a negative errno. */
int committer_new(struct committer **out, struct event_base *base,
                  const struct scheduler_config *config,
                  void (*on_done)(void *arg, struct job *job), void *arg);

/* committer_submit: the submit function of struct world; uses world->committer. Never blocks. */
void committer_submit(struct world *world, struct job *job);

/* committer_set_lifetime: applies a reloaded setting. */
void committer_set_lifetime(struct committer *committer, int64_t connection_lifetime_s);

/* committer_free: ends each thread after its current job (the deadlines of MariaDB bound that), and
 * frees waiting jobs. `committer` may be NULL. Returns NULL. */
struct committer *committer_free(struct committer *committer);

#endif

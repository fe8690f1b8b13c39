/* The archive: what a worker asks of MariaDB. It reads what Redis does not know (any more, or yet),
 * and while Redis is away it writes the requests to the journal.
 *
 *   worker ── archive_put() ──► queue ══► the archive's thread, one blocking connection
 *   worker ◄─ eventfd, archive_take() ◄── done ◄══╯
 *
 * One archive a worker. Whatever gathered while the thread was busy goes into one round: a few
 * questions, or one transaction, for all of them (group commit, no timer). The mutex is held only
 * to link and unlink; a job belongs to the thread from archive_put() until archive_take() gives it
 * back. A job is part of a request, so max_in_flight bounds the queue. A round ends by the
 * deadlines of connecting and of each query. */
#ifndef ONRUSH_GATEWAY_ARCHIVE_H
#define ONRUSH_GATEWAY_ARCHIVE_H

#include "gateway/journal/job.h"
#include "shared/db.h"

struct archive;

/* archive_new: starts the thread. `done_fd` is an eventfd that is written when jobs are done; the
 * thread counts in `metrics`. 0 and *out, or a negative errno. */
int archive_new(struct archive **out, const struct db_config *config, int done_fd,
                const struct archive_metrics *metrics);

/* archive_free: ends the thread after the round it is at; no job may be left. Gives NULL. */
struct archive *archive_free(struct archive *archive);

/* archive_put: owner, op, name, user, arrival_us are set. */
void archive_put(struct archive *archive, struct archive_job *job);

/* archive_take: moves all done jobs to `list`. */
void archive_take(struct archive *archive, struct archive_list *list);

#endif

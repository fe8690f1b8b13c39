/* SPDX-License-Identifier: Apache-2.0 */
/* The archive: what a worker asks of MariaDB. It reads what Redis does not know (any more, or yet),
 * and while Redis is away it writes the requests to the journal.
 *
 *   worker ── archive_put() ──► jobs ══► the archive's thread, one blocking connection
 *   worker ◄─ its mailbox ◄─────────── done ◄══╯
 *
 * One archive a worker. Whatever gathered while the thread was busy goes into one batch: a few
 * questions, or one transaction, for all of them (group commit, no timer). A job belongs to the
 * thread from archive_put() until it lies in the worker's mailbox. A job is part of a request, so
 * max_in_flight bounds both mailboxes. A batch ends by the deadlines of connecting and of each
 * query. */
#ifndef ONRUSH_GATEWAY_ARCHIVE_H
#define ONRUSH_GATEWAY_ARCHIVE_H

#include "gateway/journal/archive_job.h"
#include "shared/store/db.h"

struct archive;

/* archive_new: starts the thread, which puts jobs that are done into `done` and counts in
 * `metrics`. 0 and *out, or a negative errno. */
int archive_new(struct archive **out, const struct db_config *config, struct mailbox *done,
                const struct archive_metrics *metrics);

/* archive_free: ends the thread after the batch it is at; no job may be left. Gives NULL. */
struct archive *archive_free(struct archive *archive);

/* archive_put: owner, op, name, user, arrival_us are set. */
void archive_put(struct archive *archive, struct archive_job *job);

#endif

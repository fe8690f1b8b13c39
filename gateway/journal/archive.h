/* SPDX-License-Identifier: Apache-2.0 */
/* The archive: a worker's thread for MariaDB. It reads what Redis does not know, and it journals
 * requests while Redis is away.
 *
 *   worker ── archive_put() ──► jobs ══► the archive's thread, one blocking connection
 *   worker ◄─ its mailbox ◄─────────── done ◄══╯
 *
 * Each worker has one archive. Jobs that gather while the thread is busy form one batch: a few
 * questions, or one transaction, for all of them (group commit, no timer). A job belongs to the
 * thread from archive_put() until it lies in the worker's mailbox. It is part of a request or of a
 * cached campaign, so their limits bound both mailboxes. The deadlines of connecting and of each
 * query bound the time of a batch. */
#ifndef ONRUSH_GATEWAY_ARCHIVE_H
#define ONRUSH_GATEWAY_ARCHIVE_H

#include "gateway/journal/archive_job.h"
#include "shared/store/db.h"

struct archive;

/* archive_new: starts the thread, which puts finished jobs into `done` and counts in `metrics`.
 * Returns 0 and sets *out, or returns a negative errno. */
int archive_new(struct archive **out, const struct db_config *config, struct mailbox *done,
                const struct archive_metrics *metrics);

/* archive_free: ends the thread after its current batch. No job may be left. Returns NULL. */
struct archive *archive_free(struct archive *archive);

/* archive_put: set owner, done, op, name, user, and for a WRITE arrival_us first. */
void archive_put(struct archive *archive, struct archive_job *job);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A batch of the archive. It groups many jobs, so that each campaign, and each user in it, is
 * looked up once. Pure data, one thread.
 *
 *   jobs, unordered ──────► archive_batch_arrange() ─► groups (campaigns) of firsts (users)
 *                                                        │ lookup.c, journal.c fill in the answers
 *   jobs, with answers ◄─── archive_batch_spread() ◄─────┘ */
#ifndef ONRUSH_GATEWAY_ARCHIVE_BATCH_H
#define ONRUSH_GATEWAY_ARCHIVE_BATCH_H

#include "gateway/journal/archive_job.h"

#define ARCHIVE_BATCH_MAX 4096 /* jobs */

struct archive_group {
    struct archive_job **firsts; /* the earliest job of each user, ordered by user */
    size_t n;
    bool found; /* MariaDB has the campaign; `row` is set */
    struct campaign_row row;
};

struct archive_batch {
    struct archive_job *jobs[ARCHIVE_BATCH_MAX], *firsts[ARCHIVE_BATCH_MAX];
    struct archive_group groups[ARCHIVE_BATCH_MAX];
    size_t n, n_firsts, n_groups;
};

/* archive_batch_add: returns false when the batch is full. */
bool archive_batch_add(struct archive_batch *batch, struct archive_job *job);

/* archive_batch_arrange: sorts and groups the jobs, and forgets answers. */
void archive_batch_arrange(struct archive_batch *batch);

/* archive_batch_spread: copies the answers to all jobs. */
void archive_batch_spread(struct archive_batch *batch);

/* archive_batch_fail: answers all jobs with `answer`. */
void archive_batch_fail(struct archive_batch *batch, enum archive_answer answer);

/* archive_batch_find: returns the job of this user among `n` jobs, ordered by user; or NULL. */
struct archive_job *archive_batch_find(struct archive_job *const *jobs, size_t n, const char *user);

/* archive_batch_unknown: copies the jobs without an answer to `out`, in order. Returns their
 * number. */
size_t archive_batch_unknown(struct archive_job *const *jobs, size_t n, struct archive_job **out);

#endif

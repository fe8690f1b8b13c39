/* SPDX-License-Identifier: Apache-2.0 */
/* A batch of the archive: many jobs, arranged so that each campaign and each user of a campaign is
 * asked about once. Pure data, one thread.
 *
 *   jobs, as they came ─► archive_batch_arrange() ─► groups (one a campaign) of firsts (one a user)
 *                                                       │ lookup.c, journal.c fill in what is known
 *   jobs, answered ◄───── archive_batch_spread() ◄──────┘ */
#ifndef ONRUSH_GATEWAY_ARCHIVE_BATCH_H
#define ONRUSH_GATEWAY_ARCHIVE_BATCH_H

#include "gateway/journal/archive_job.h"

#define ARCHIVE_BATCH_MAX 4096 /* jobs */

struct archive_group {
    struct archive_job **firsts; /* the earliest of each user, in the order of the users */
    size_t n;
    bool found; /* MariaDB has the campaign, `row` is set */
    struct archive_row row;
};

struct archive_batch {
    struct archive_job *jobs[ARCHIVE_BATCH_MAX], *firsts[ARCHIVE_BATCH_MAX];
    struct archive_group groups[ARCHIVE_BATCH_MAX];
    size_t n, n_firsts, n_groups;
};

/* archive_batch_add: false when it is full. */
bool archive_batch_add(struct archive_batch *batch, struct archive_job *job);

/* archive_batch_arrange: sorts and groups the jobs; nothing is known of any of them yet. */
void archive_batch_arrange(struct archive_batch *batch);

/* archive_batch_spread: everything was asked: writes the answers of all jobs. */
void archive_batch_spread(struct archive_batch *batch);

/* archive_batch_fail: gives all jobs this answer. */
void archive_batch_fail(struct archive_batch *batch, enum archive_answer answer);

/* archive_batch_find: the job of this user among `n`, which are in the order of the users; or
 * NULL. */
struct archive_job *archive_batch_find(struct archive_job *const *jobs, size_t n, const char *user);

/* archive_batch_unknown: those of `jobs` of which nothing is known yet, in the same order, into
 * `out`; how many. */
size_t archive_batch_unknown(struct archive_job *const *jobs, size_t n, struct archive_job **out);

#endif

/* A round of the archive: many jobs, arranged so that each campaign and each user of a campaign is
 * asked about once. Pure data, one thread.
 *
 *   jobs, as they came ── round_arrange() ──► groups (one a campaign) of firsts (one a user)
 *                                                      │ lookup.c, journal.c fill in what is known
 *   jobs, answered ◄───── round_spread() ◄─────────────┘ */
#ifndef ONRUSH_GATEWAY_ROUND_H
#define ONRUSH_GATEWAY_ROUND_H

#include "gateway/journal/job.h"

#define ROUND_MAX 4096 /* jobs */

struct round_group {
    struct archive_job **firsts; /* the earliest of each user, in the order of the users */
    size_t n;
    bool found; /* MariaDB has the campaign, `row` is set */
    struct archive_row row;
};

struct round {
    struct archive_job *jobs[ROUND_MAX], *firsts[ROUND_MAX];
    struct round_group groups[ROUND_MAX];
    size_t n, n_firsts, n_groups;
};

/* round_add: false when it is full. */
bool round_add(struct round *round, struct archive_job *job);

/* round_arrange: sorts and groups the jobs; nothing is known of any of them yet. */
void round_arrange(struct round *round);

/* round_spread: everything was asked: writes the answers of all jobs. */
void round_spread(struct round *round);

/* round_fail: gives all jobs this answer. */
void round_fail(struct round *round, enum archive_answer answer);

/* round_find: the job of this user among `n`, which are in the order of the users; or NULL. */
struct archive_job *round_find(struct archive_job *const *jobs, size_t n, const char *user);

/* round_unknown: those of `jobs` of which nothing is known yet, in the same order, into `out`; how
 * many. */
size_t round_unknown(struct archive_job *const *jobs, size_t n, struct archive_job **out);

#endif

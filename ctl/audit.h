/* SPDX-License-Identifier: Apache-2.0 */
/* What an audit reads, in which order, and what must hold.
 *
 * Grants are never taken back, and the system may be live during the audit. So the order of the
 * reads matters:
 *
 *   1 MariaDB: granted  ─► 2 head ─► 3 queue, users (pages) ─► 4 head
 *        ─► 5 MariaDB: campaign and grants, one snapshot ─► 6 head ─► 7 suspicious users again
 *
 * - A user whom Redis shows as granted in 3 must have a row in 5.
 * - A user with a row in 5 must wait for the settle, or be shown as granted, in 7. Step 7 reads
 *   each user atomically (MULTI), so a request that moves meanwhile does not look lost.
 * - The head is read atomically, so its sums are always exact: accepted = granted + sold out +
 *   refused + queue + claimed. The number of rows at head 4 lies between those of 1 and 5.
 * - Pages can be compared with the counters only if nothing moved: if heads 2 and 6 are equal.
 * - Journalled requests that were drained come from 5, as grants do. The state of one without a
 *   grant comes from 3 or, if it looks wrong, from 7.
 *
 * If something looks wrong, the audit starts again, up to three passes; the last one counts. */
#ifndef ONRUSH_CTL_AUDIT_H
#define ONRUSH_CTL_AUDIT_H

#include "ctl/audit_arrivals.h"
#include "ctl/audit_users.h"
#include "ctl/campaign_row.h"
#include "ctl/stores.h"

/* The checks. Each has a number: 0 if the promise holds, -1 if it could not be checked. */
#define AUDIT_CHECKS(X)                                                                            \
    X(over_quota, "grants beyond the quota")                                                       \
    X(duplicates, "users, codes or serials granted twice")                                         \
    X(inversions, "granted out of the order of tickets")                                           \
    X(overtaken, "journalled, and behind who came later")                                          \
    X(serial_gaps, "serials missing below the highest")                                            \
    X(granted_column, "campaign row against its coupons")                                          \
    X(unaccounted, "accepted requests unaccounted for")                                            \
    X(shown_uncommitted, "shown as granted, not in MariaDB")                                       \
    X(not_shown, "in MariaDB, told something else")                                                \
    X(misplaced, "waiting requests lost or doubled")                                               \
    X(miscounted, "counters against the users")                                                    \
    X(told_too_early, "told sold out with coupons left")                                           \
    X(journal_forgotten, "journalled, but the campaign is settled")

struct audit {
    const char *name;
    struct campaign_row before, row; /* of steps 1 and 5 */
    enum stores_answer redis;        /* STORES_ANSWER: the heads are set */
    struct campaign_head heads[3];   /* of steps 2, 4 and 6 */
    struct audit_users users;
    uint64_t *codes; /* hashes of all codes that were granted */
    size_t n_codes, room_codes;
    int64_t rows, highest_serial, beyond_quota, double_serials, double_users, double_codes;
    int64_t serial_inversions, sold_out_below;
    uint64_t last_ticket;
    uint64_t ticket_before, batch_time; /* those of the previous row, while reading */
    uint32_t n_batches;
    struct arrivals arrivals;
    int64_t journalled; /* requests in the journal, not in `accepted` yet */
    int durable;        /* 1 yes, 0 no, -1 unknown */
    bool live;          /* the first and the last head differ */
    int passes;
    /* figures at head 4; -1: unknown */
    int64_t accepted, granted, sold_out, refused, pending;
    bool gaps_judged;
#define X(id, text) int64_t id;
    AUDIT_CHECKS(X)
#undef X
};

/* Each reads its part and returns 0, or an exit code after printing what is wrong. */
int audit_redis_head(struct ctl *ctl, struct audit *audit, int step);
int audit_redis_scan(struct ctl *ctl, struct audit *audit);
int audit_redis_recheck(struct ctl *ctl, struct audit *audit);
void audit_redis_durable(struct ctl *ctl, struct audit *audit);
int audit_mariadb_read(struct ctl *ctl, struct audit *audit);

/* audit_judge_arrivals: sets `overtaken`, and marks these users as suspects. */
void audit_judge_arrivals(struct audit *audit);

/* audit_figures: computes figures and checks from what was read. */
void audit_figures(struct audit *audit);

/* audit_ok: true if no promise is broken as far as could be checked. `strict`: a Redis that does
 * not sync each write counts as a breach. */
bool audit_ok(const struct audit *audit, bool strict);

/* audit_blind: true if Redis should know the campaign but does not (yet), so that nobody can say
 * that all is well. */
bool audit_blind(const struct audit *audit);

void audit_report(struct ctl *ctl, const struct audit *audit);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* An audit: what is read, in which order, and what it must be.
 *
 * Grants are never taken back, and a system may be live while it is audited. So the order of the
 * reads does the work:
 *
 *   1 MariaDB: granted  ─► 2 head ─► 3 queue, claimed, users (pages) ─► 4 head
 *        ─► 5 MariaDB: campaign and grants, one snapshot ─► 6 head ─► 7 again those who look wrong
 *
 * - Whom Redis shows as granted in 3 must have a row in 5.
 * - Who has a row in 5 must be waiting for the settle, or shown as granted, in 7. One user is read
 *   in 7 as one step (MULTI), so a request that moves meanwhile is not taken for a lost one.
 * - The head is one atomic step, so its sums are exact at any time: accepted = granted + sold out +
 *   refused + queue + claimed. Rows at the moment of head 4 lie between those of 1 and of 5.
 * - What is read in pages can be compared with the counters only when nothing has moved: when the
 *   heads 2 and 6 are the same.
 *
 * - Journalled requests: those that left the journal come from 5, as do the grants; where a request
 *   stands that has none comes from 3 or, if it looks wrong, from 7.
 *
 * What still looks like a breach is read a second and a third time; only what every pass finds is
 * one. */
#ifndef ONRUSH_CTL_AUDIT_H
#define ONRUSH_CTL_AUDIT_H

#include "ctl/audit_arrivals.h"
#include "ctl/audit_users.h"
#include "ctl/campaign_row.h"
#include "ctl/stores.h"

/* The checks: a number each, 0 when the promise holds; -1 when it could not be looked at. */
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
    uint64_t *codes; /* hashes of the codes of all grants */
    size_t n_codes, room_codes;
    int64_t rows, highest_serial, beyond_quota, double_serials, double_users, double_codes;
    int64_t serial_inversions, sold_out_below;
    uint64_t last_ticket;
    uint64_t ticket_before, batch_time; /* of the row before, while they are read */
    uint32_t n_batches;
    struct arrivals arrivals;
    int64_t journalled; /* requests in MariaDB until Redis is back; not in `accepted` yet */
    int durable;        /* 1 yes, 0 no, -1 not known */
    bool live;          /* something moved between the first and the last head */
    int passes;
    /* figures, of the moment of head 4; -1: not known */
    int64_t accepted, granted, sold_out, refused, pending;
    bool gaps_judged;
#define X(id, text) int64_t id;
    AUDIT_CHECKS(X)
#undef X
};

/* Each reads its part: 0, or an exit code after saying what is wrong. */
int audit_redis_head(struct ctl *ctl, struct audit *audit, int step);
int audit_redis_scan(struct ctl *ctl, struct audit *audit);
int audit_redis_recheck(struct ctl *ctl, struct audit *audit);
void audit_redis_durable(struct ctl *ctl, struct audit *audit);
int audit_mariadb_read(struct ctl *ctl, struct audit *audit);

/* audit_judge_arrivals: fills in `overtaken`, and makes suspects of these users. */
void audit_judge_arrivals(struct audit *audit);

/* audit_figures: fills in the figures and checks out of what was read. */
void audit_figures(struct audit *audit);

/* audit_ok: no promise is broken, as far as could be seen. `strict`: a Redis that does not sync
 * each write is a breach. */
bool audit_ok(const struct audit *audit, bool strict);

/* audit_blind: Redis should know the campaign, and does not (yet): nobody can say that all is
 * well. */
bool audit_blind(const struct audit *audit);

/* audit_report: prints it. */
void audit_report(struct ctl *ctl, const struct audit *audit);

#endif

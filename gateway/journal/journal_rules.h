/* SPDX-License-Identifier: Apache-2.0 */
/* Who may enter the journal of a campaign. Pure, one thread.
 *
 * The bound keeps the table small; a request beyond it is told to come again. The rows are counted
 * in MariaDB now and then; rows added since are added to that count. That is good enough to let a
 * request in, but none is turned away without a fresh count. */
#ifndef ONRUSH_GATEWAY_JOURNAL_RULES_H
#define ONRUSH_GATEWAY_JOURNAL_RULES_H

#include "gateway/journal/archive_job.h"

/* journal_gate: campaign_gate() of a row: the answer to every request that is not known:
 * REQUEST_NOT_OPEN, CLOSED, PAUSED or FULL (every coupon is granted); REQUEST_NONE: the campaign
 * takes requests. */
enum request_kind journal_gate(const struct archive_row *row);

/* journal_limit: how many users the journal of this campaign takes: as many as may stand in the
 * queue already and ask again, and as many new ones; -1: any number. */
int64_t journal_limit(const struct archive_row *row);

/* What is known of the size of one campaign's journal. */
struct journal_bound {
    int64_t id;      /* of the campaign; 0: this one is free */
    int64_t counted; /* rows when they were counted; -1: not yet */
    int64_t added;   /* at most so many by us since then */
    int64_t counted_us;
};

/* journal_bound_of: the one of this campaign in a table that forgets: a campaign may take the place
 * of another, which is counted anew when it comes back. */
#define JOURNAL_BOUNDS 256
struct journal_bound *journal_bound_of(struct journal_bound table[JOURNAL_BOUNDS], int64_t id);

/* journal_bound_roomy: there surely is room for `wanted` users more. journal_bound_stale: there may
 * be less, and the rows must be counted before anybody is turned away. */
bool journal_bound_roomy(const struct journal_bound *bound, int64_t limit, int64_t wanted);
bool journal_bound_stale(const struct journal_bound *bound, int64_t limit, int64_t wanted,
                         int64_t now_us);
void journal_bound_count(struct journal_bound *bound, int64_t counted, int64_t now_us);

/* journal_bound_take: lets in as many of `wanted` as there is room for; how many. */
int64_t journal_bound_take(struct journal_bound *bound, int64_t limit, int64_t wanted);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Decides who may enter a campaign's journal. Pure, one thread.
 *
 * A bound keeps the table small; a request beyond it is told to come again. The rows are counted in
 * MariaDB now and then, and rows that this archive adds are added to that count. This estimate may
 * admit a request; only a fresh count may turn one away. */
#ifndef ONRUSH_GATEWAY_JOURNAL_RULES_H
#define ONRUSH_GATEWAY_JOURNAL_RULES_H

#include "gateway/journal/archive_job.h"

/* journal_gate: campaign_gate() for a row. Returns the answer to every unknown request:
 * REQUEST_NOT_OPEN, CLOSED, PAUSED or FULL (all coupons are granted). REQUEST_NONE: the campaign
 * takes requests. */
enum request_kind journal_gate(const struct campaign_row *row);

/* journal_limit: how many users the journal of this campaign takes; -1: any number. It has room for
 * all users that the queue may hold, in case they ask again, and for as many new ones. */
int64_t journal_limit(const struct campaign_row *row);

/* Estimates the size of a campaign's journal. */
struct journal_bound {
    int64_t id;      /* of the campaign; 0: free */
    int64_t counted; /* rows at the last count; -1: not counted yet */
    int64_t added;   /* upper bound of rows that we added since */
    int64_t counted_us;
};

/* journal_bound_of: returns the campaign's bound. Campaigns can displace each other in the table; a
 * displaced one is counted again. */
#define JOURNAL_BOUNDS 256
struct journal_bound *journal_bound_of(struct journal_bound table[JOURNAL_BOUNDS], int64_t id);

/* journal_bound_roomy: is there certainly room for `wanted` more users? journal_bound_stale: must
 * the rows be counted before a user is turned away? */
bool journal_bound_roomy(const struct journal_bound *bound, int64_t limit, int64_t wanted);
bool journal_bound_stale(const struct journal_bound *bound, int64_t limit, int64_t wanted,
                         int64_t now_us);
void journal_bound_count(struct journal_bound *bound, int64_t counted, int64_t now_us);

/* journal_bound_take: admits up to `wanted` users. Returns how many. */
int64_t journal_bound_take(struct journal_bound *bound, int64_t limit, int64_t wanted);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for a decision: long-polls, and the POSTs of a campaign in instant mode.
 *
 * Nobody polls Redis for a single waiter: while a campaign has waiters, one head is fetched each
 * poll_ms, and only when more requests are decided, the waiters up to the watermark are asked for,
 * in batches. One thread.
 *
 * A POST that waits was accepted before: when its time is over, or anything fails, the answer is
 * 202 with the ticket that it has. */
#ifndef ONRUSH_GATEWAY_WAITERS_H
#define ONRUSH_GATEWAY_WAITERS_H

#include "gateway/request.h"

struct waiters {
    struct loop *loop;
    struct event *poll_event;
    int64_t poll_us;             /* monotonic: when poll_event comes; 0: it does not */
    struct campaign_list waited; /* those that have waiters, or instant ones */
    size_t n_waited, n_instant;  /* of those; waiting POSTs of all of them */
};

/* waiters_start: 0, or -ENOMEM. waiters_end: nobody waits any more; also when it was not
 * started. */
int waiters_start(struct waiters *waiters, struct loop *loop);
void waiters_end(struct waiters *waiters);

/* waiters_poll: begins or ends fetching heads each poll_ms, or instant_poll_ms while POSTs wait;
 * less often with many awaited campaigns. Beginning again never delays a poll that is due. */
void waiters_poll(struct waiters *waiters, bool on);

/* waiters_take: an undecided request waits from now on, or is answered. False: it does not wait and
 * is to be answered as it is, because neither its client nor its campaign wants that, its time is
 * over, or it is a POST and there is no place. */
bool waiters_take(struct request *request);

/* waiters_see: a new head is in campaign->head. */
void waiters_see(struct cached_campaign *campaign);

/* waiters_sweep: each tick; those whose time is over (or all of them) get the document as it is. */
void waiters_sweep(struct waiters *waiters, bool all);

/* waiters_gone: the client has left, or closed its half of the connection. A waiting request is
 * answered at once with what is known, and frees its place; any other is answered as usual. */
void waiters_gone(struct request *request);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for a decision: long-polls, and POSTs of a campaign in instant mode.
 *
 * Nothing polls Redis for a single waiter. While a campaign has waiters, one head is fetched each
 * poll_ms. Only when it shows more decided requests does the worker ask for the waiters up to the
 * watermark, in batches. One thread.
 *
 * A waiting POST is accepted already. When its time is over, or anything fails, the answer is 202
 * with its ticket. */
#ifndef ONRUSH_GATEWAY_WAITERS_H
#define ONRUSH_GATEWAY_WAITERS_H

#include "gateway/request.h"

struct waiters {
    struct loop *loop;
    struct event *poll_event;
    int64_t poll_us;             /* monotonic: when poll_event is due; 0: off */
    struct campaign_list waited; /* campaigns that have waiters */
    size_t n_waited, n_instant;  /* campaigns in `waited`; all waiting POSTs */
};

/* waiters_start: returns 0 or -ENOMEM. waiters_end: no request may wait any more. waiters_end() may
 * come without waiters_start(). */
int waiters_start(struct waiters *waiters, struct loop *loop);
void waiters_end(struct waiters *waiters);

/* waiters_poll: starts or stops fetching heads each poll_ms, or each instant_poll_ms while POSTs
 * wait; less often with many campaigns. Starting again never delays a poll that is due. */
void waiters_poll(struct waiters *waiters, bool on);

/* waiters_take: makes an undecided request wait. Returns true if it waits, or was answered because
 * no place is free. False: answer it as it is, because its client or campaign wants no waiting, its
 * time is over, or it is a POST and no place is free. */
bool waiters_take(struct request *request);

/* waiters_see: call it when campaign->head is new. */
void waiters_see(struct cached_campaign *campaign);

/* waiters_sweep: call it each tick. Answers those whose time is over, or all, with their present
 * state. */
void waiters_sweep(struct waiters *waiters, bool all);

/* waiters_gone: call it when the client left or closed its half of the connection. A waiting
 * request is answered at once with what is known; any other is answered as usual. */
void waiters_gone(struct request *request);

#endif

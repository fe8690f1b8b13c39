/* What becomes of a request once somebody has answered about it, and the long-polls.
 *
 * Nobody polls Redis for a single waiter: while a campaign has waiters, one head is fetched each
 * poll_ms, and only when more requests are decided, the waiters up to the watermark are asked for,
 * in batches. One thread.
 *
 * A POST waits in the same way when its campaign says so (instant_wait_ms in the head), but it was accepted before: when its time is
 * over, or anything goes wrong, it is answered 202 with the ticket that it has. */
#ifndef ONRUSH_GATEWAY_STATUS_H
#define ONRUSH_GATEWAY_STATUS_H

#include "gateway/request.h"

/* status_deliver: request->known is what Redis said; it was asked at `asked_us` (monotonic). */
void status_deliver(struct request *request, int64_t asked_us);

/* status_lost: Redis had accepted this POST, which waits, and does not know it any more: nobody knows what becomes of it. */
void status_lost(struct request *request);

/* status_gone: its client has left, or closed its half of the connection. Who waits is answered at once with what is known, and so
 * takes no place any more; all others will be. */
void status_gone(struct request *request);

/* status_outcome: how a request ends of which this is known. */
enum outcome status_outcome(enum request_kind kind);

/* waiters_see: a new head is in campaign->head. */
void waiters_see(struct campaign *campaign);

/* waiters_poll: each poll_ms; also ends the waiting POSTs whose time is over. waiters_sweep: each tick; those whose time is over (or all of them)
 * get the document as it is. */
void waiters_poll(struct worker *worker);
void waiters_sweep(struct worker *worker, bool all);

#endif

/* What becomes of a request once somebody has answered about it. One thread. */
#ifndef ONRUSH_GATEWAY_STATUS_H
#define ONRUSH_GATEWAY_STATUS_H

#include "gateway/request.h"

/* status_deliver: request->known is what Redis said; it was asked at `asked_us` (monotonic). */
void status_deliver(struct request *request, int64_t asked_us);

/* status_lost: Redis had accepted this POST, which waits, and does not know it any more: nobody knows what becomes of it. */
void status_lost(struct request *request);

/* status_outcome: how a request ends of which this is known. */
enum outcome status_outcome(enum request_kind kind);

#endif

/* Traces of sampled requests, on the scheduler's side. Gateways leave a traceparent in
 * onrush:{NAME}:traces (gateway/tracing.h). The scheduler fetches it for those that it has claimed,
 * and makes the spans "queue" (from the ticket to the claim) and "commit" (the transaction of the
 * batch). Nothing waits for it, and it forgets what it has no room for. The loop's thread. */
#ifndef ONRUSH_TRACES_H
#define ONRUSH_TRACES_H

#include "scheduler/campaign.h"
#include "shared/redis_link.h"
#include "shared/trace.h"

struct traces;

/* traces_new: NULL: no memory. traces_free: after the link is gone. Returns NULL. */
struct traces *traces_new(struct tracer *tracer);
struct traces *traces_free(struct traces *traces);

/* traces_claimed: asks Redis which of these requests are traced. */
void traces_claimed(struct traces *traces, struct redis_link *link, const struct campaign *campaign,
                    const struct grant *rows, size_t n);

/* traces_committed: the batch is in MariaDB; its transaction took `took_us`. */
void traces_committed(struct traces *traces, const char *campaign, const struct batch *batch,
                      int64_t took_us);

#endif

/* Traces of sampled requests, on the scheduler's side: what gateways left in onrush:{NAME}:traces
 * (gateway/tracing.h) is fetched for those who were claimed, and becomes the spans "queue" (from the
 * ticket to the claim) and "commit" (the transaction of the batch). Beside the work: nothing waits for
 * it, and it forgets what it has no room for. The loop's thread. */
#ifndef ONRUSH_TRACES_H
#define ONRUSH_TRACES_H

#include "scheduler/campaign.h"
#include "shared/redis_link.h"
#include "shared/tracer.h"

struct traces;

/* traces_new: NULL when out of memory. traces_free: after the link is gone. Gives NULL. */
struct traces *traces_new(struct tracer *tracer);
struct traces *traces_free(struct traces *traces);

/* traces_claimed: asks who of them is traced. */
void traces_claimed(struct traces *traces, struct redis_link *link, const struct campaign *campaign,
                    const struct grant *rows, size_t n);

/* traces_committed: this batch is in MariaDB; its transaction took so long. */
void traces_committed(struct traces *traces, const char *campaign, const struct batch *batch,
                      int64_t took_us);

#endif

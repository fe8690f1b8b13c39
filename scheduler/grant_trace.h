/* SPDX-License-Identifier: Apache-2.0 */
/* Traces of sampled requests, in the scheduler. Gateways leave a traceparent in
 * onrush:{NAME}:traces (gateway/request_trace.h). The scheduler fetches it for claimed requests,
 * and makes the spans "queue" (from ticket to claim) and "commit" (the batch's transaction).
 * Nothing waits for traces; those that find no room are dropped. The loop's thread. */
#ifndef ONRUSH_SCHEDULER_GRANT_TRACE_H
#define ONRUSH_SCHEDULER_GRANT_TRACE_H

#include "scheduler/campaign.h"
#include "shared/daemon/trace.h"
#include "shared/store/redis_link.h"

struct grant_traces;

/* grant_traces_new: returns NULL when memory has run out. free() it after the link. */
struct grant_traces *grant_traces_new(struct tracer *tracer);

/* grant_traces_claimed: asks Redis which of these requests are traced. */
void grant_traces_claimed(struct grant_traces *traces, struct redis_link *link,
                          const struct campaign *campaign, const struct grant *rows, size_t n);

/* grant_traces_committed: MariaDB has committed the batch, in `took_us`. */
void grant_traces_committed(struct grant_traces *traces, const char *campaign,
                            const struct batch *batch, int64_t took_us);

#endif

/* What the gateway says of its own health (shared/health.h), from the atomics of its workers. Any
 * thread. */
#ifndef ONRUSH_GATEWAY_HEALTH_H
#define ONRUSH_GATEWAY_HEALTH_H

#include "gateway/worker.h"
#include "shared/health.h"

/* gateway_health: it is able when every worker reaches Redis, or can write to the journal. */
void gateway_health(struct gateway *gateway, struct worker *const *workers, size_t n,
                    struct health_report *report);

/* gateway_health_counts: all answers, and those that were 5xx. */
void gateway_health_counts(struct worker *const *workers, size_t n, int64_t *all, int64_t *bad);

#endif

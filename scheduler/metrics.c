/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/metrics.h"

#include "shared/daemon/process_metrics.h"

struct scheduler_metrics scheduler_metrics;

METRICS_TABLE(scheduler_metrics, SCHEDULER_METRICS);

void scheduler_metrics_render(FILE *out)
{
    void *shard = &scheduler_metrics;
    metrics_render(out, &scheduler_metrics_table, &shard, 1);
    process_metrics_render(out, "scheduler");
}

void scheduler_metrics_errors(void *arg, int64_t *all, int64_t *bad)
{
    (void)arg;
    struct scheduler_metrics *m = &scheduler_metrics;
    *bad = metric_get(&m->jobs_busy) + metric_get(&m->jobs_refused) + metric_get(&m->jobs_unknown) +
           metric_get(&m->redis_refused) + metric_get(&m->redis_no_answer) +
           metric_get(&m->keeper_failures);
    *all =
        *bad + metric_get(&m->jobs_done) + metric_get(&m->claims) + metric_get(&m->keeper_rounds);
}

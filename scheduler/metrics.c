#include "scheduler/metrics.h"

#include "shared/process_metrics.h"

struct scheduler_metrics scheduler_metrics;

#define METRICS_SHARD scheduler_metrics
METRICS_TABLE(scheduler_metrics_table, SCHEDULER_METRICS);

void scheduler_metrics_render(FILE *out)
{
    void *shard = &scheduler_metrics;
    metrics_render(out, &scheduler_metrics_table, &shard, 1);
    process_metrics_render(out, "scheduler");
}

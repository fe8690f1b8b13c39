#include "scheduler/metrics.h"

struct scheduler_metrics scheduler_metrics;

#define METRICS_SHARD scheduler_metrics
METRICS_TABLE(rows, SCHEDULER_METRICS);

void scheduler_metrics_render(FILE *out)
{
    void *shard = &scheduler_metrics;
    metrics_render(out, rows, sizeof rows / sizeof rows[0], &shard, 1);
    fprintf(out,
            "# HELP onrush_build_info The version that runs.\n# TYPE onrush_build_info gauge\n"
            "onrush_build_info{daemon=\"scheduler\",version=\"%s\"} 1\n",
            ONRUSH_VERSION);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* metrics-doc: prints docs/metrics.md from the tables of both daemons. With --names it prints the
 * name of every possible series, one per line. */
#include "gateway/metrics.h"
#include "scheduler/campaign_stats.h"
#include "scheduler/metrics.h"
#include "shared/daemon/callback_sender.h"
#include "shared/daemon/process_metrics.h"
#include "shared/daemon/trace.h"
#include "shared/daemon/monitor.h"

#include <string.h>

static const struct {
    const char *title, *text;
    const struct metrics_table *table;
} sections[] = {
    {"Gateway", "Sums over all workers of one gateway.", &gateway_metrics_table},
    {"Scheduler", "Of one scheduler.", &scheduler_metrics_table},
    {"Campaigns",
     "From the schedulers, with the label `campaign`. Every scheduler reports the first two for\n"
     "every campaign that is not settled. The scheduler that holds the lease reports the others; "
     "it\n"
     "asks Redis once a second (less often above a thousand campaigns).\n\n"
     "The label has at most 1,000 values, for the newest campaigns. All others are summed up as\n"
     "`campaign=\"other\"`, with the highest age and the shortest lease among them.",
     &campaign_metrics_table},
    {"Health", "Of both daemons; [callbacks.md](callbacks.md#health) explains the components.",
     &health_metrics_table},
    {"Callbacks", "Of both daemons; see [callbacks.md](callbacks.md).", &callback_metrics_table},
    {"Traces", "Of both daemons; see [tracing.md](tracing.md).", &tracer_metrics_table},
    {"Process", "Of both daemons.", &process_metrics_table},
};

#define SECTIONS (sizeof sections / sizeof sections[0])

static void print_head(void)
{
    puts(
        "# Metrics\n\n"
        "<!-- Generated from the tables in the code; do not edit: "
        "cmake --build build/release --target metrics-doc-file -->\n\n"
        "`/metrics` of the admin listener returns these series in the text format of Prometheus.\n"
        "A scrape reads only atomics; no worker and no loop waits for it.\n\n"
        "- Names that end in `_seconds` are seconds.\n"
        "- Histograms of durations have bounds that double from 64 µs to 33.5 s, those of sizes\n"
        "  from 1 to 8,192.\n"
        "- Counters and histograms start at 0, so a rate is right from the first event on. An\n"
        "  unknown gauge is left out.\n\n"
        "`ops/prometheus` has the scrape configuration, recording rules and alerts, `ops/grafana`\n"
        "the dashboards. [runbook.md](runbook.md) explains what to do when an alert fires.");
}

static void print_document(void)
{
    print_head();
    for (size_t i = 0; i < SECTIONS; i++) {
        printf("\n## %s\n\n%s\n\n| name | type | labels | meaning |\n|---|---|---|---|\n",
               sections[i].title, sections[i].text);
        metrics_document(stdout, sections[i].table);
    }
    printf("| `%s` | gauge | `daemon` `version` `functions` `schema` | %s |\n", BUILD_INFO_NAME,
           BUILD_INFO_HELP);
}

static void print_names(void)
{
    for (size_t i = 0; i < SECTIONS; i++) {
        for (size_t j = 0; j < sections[i].table->n; j++) {
            const struct metric_row *row = &sections[i].table->rows[j];
            if (row->type == METRIC_HISTOGRAM)
                printf("%s_bucket\n%s_sum\n%s_count\n", row->name, row->name, row->name);
            else
                puts(row->name);
        }
    }
    puts(BUILD_INFO_NAME);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--names") == 0) {
        print_names();
        return 0;
    }
    if (argc > 1) {
        fprintf(stderr, "metrics-doc [--names]\n");
        return 64;
    }
    print_document();
    return 0;
}

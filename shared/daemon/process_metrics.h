/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics that Prometheus expects of any process, and those of the build. All daemons have
 * them. */
#ifndef ONRUSH_PROCESS_METRICS_H
#define ONRUSH_PROCESS_METRICS_H

#include "shared/base/metrics.h"

#define PROCESS_METRICS(COUNTER, GAUGE, HISTOGRAM)                                                 \
    GAUGE(open_fds, "process_open_fds", "", "File descriptors that are open.")                     \
    GAUGE(max_fds, "process_max_fds", "", "File descriptors that may be open.")                    \
    GAUGE(memory, "process_resident_memory_bytes", "", "Memory in use.")                           \
    GAUGE(threads, "process_threads", "", "Threads.")                                              \
    GAUGE(start, "process_start_time_seconds", "",                                                 \
          "When the process started, since the epoch: a change is a restart.")                     \
    COUNTER(cpu, "process_cpu_seconds_total", "", "Time on a processor.")                          \
    COUNTER(log_dropped, "onrush_log_dropped_lines_total", "",                                     \
            "Log lines that were dropped because their reader was too slow.")

METRICS_STRUCT(process_metrics, PROCESS_METRICS);

#define BUILD_INFO_NAME "onrush_build_info"
#define BUILD_INFO_HELP                                                                            \
    "What runs here: version, and the versions of Redis functions and schema it brings."

/* process_metrics_render: prints the metrics of this process, read from /proc, and
 * onrush_build_info. `daemon` is "gateway" or "scheduler". Unreadable values are left out. Any
 * thread. */
void process_metrics_render(FILE *out, const char *daemon);

#endif

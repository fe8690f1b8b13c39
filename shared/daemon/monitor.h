/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor of a daemon checks its health five times a second and tells callbacks about changes.
 * /readyz and the metrics use it too, so there is one notion of health.
 *
 *   report() ───────► monitor ── callback_body ──► callback_sender ══► callbacks
 *   monitor_tell() ──►   │                               ▲
 *                        └─► /readyz, metrics, log       └── spans for the collector (trace.h)
 *
 * It runs in the sender's thread. Nothing waits for a callback. */
#ifndef ONRUSH_MONITOR_H
#define ONRUSH_MONITOR_H

#include "shared/base/metrics.h"
#include "shared/daemon/callback_body.h"
#include "shared/daemon/health.h"
#include "shared/daemon/trace.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct health_config {
    int64_t worse_after_ms, better_after_ms;
    int64_t errors_percent, backlog, lag_ms;
};

struct callbacks_config {
    char urls_file[256], secret_file[256], heartbeat_url_file[256], ca_file[256];
    char source[65];
    int64_t heartbeat_s, queue, timeout_ms, retry_for_s;
    bool health; /* send changes of health */
};

#define HEALTH_METRIC(GAUGE, id)                                                                   \
    GAUGE(id, "onrush_health_state", "component=\"" #id "\"",                                      \
          "Health as the callbacks tell it: 0 ok, 1 degraded, 2 down.")
#define HEALTH_METRICS(COUNTER, GAUGE, HISTOGRAM)                                                  \
    HEALTH_METRIC(GAUGE, overall)                                                                  \
    HEALTH_COMPONENTS(HEALTH_METRIC, GAUGE)

METRICS_STRUCT(health_metrics, HEALTH_METRICS);

struct monitor_config {
    const char *daemon; /* a constant, without "onrush-" */
    const struct health_config *health;
    const struct callbacks_config *callbacks;
    const struct tracing_config *tracing;
    void *arg;
    /* report: fills in a zeroed report. Called by any thread; reads only atomics, never blocks. */
    void (*report)(void *arg, struct health_report *report);
    /* counts: how many answers or operations there were since the start, and how many of them
     * failed. */
    void (*counts)(void *arg, int64_t *all, int64_t *bad);
};

struct monitor;

/* monitor_start: copies the configuration, reads the files it names, and starts the thread. Returns
 * 0 and *out, or the daemon's exit code: EX_CONFIG if a file cannot be used, EX_UNAVAILABLE if
 * there is no memory or no thread. Logs why. */
int monitor_start(struct monitor **out, const struct monitor_config *config);

/* monitor_ready: for admin_hooks: returns `able` and prints a line for each component that is not
 * ok. */
bool monitor_ready(struct monitor *monitor, FILE *reasons);

/* monitor_metrics: prints the metrics of health, callbacks and traces. */
void monitor_metrics(struct monitor *monitor, FILE *out);

/* monitor_tell: sends callbacks an event that is not about health (see callback_body()). Returns
 * true if it was queued or there are no callbacks. False: a queue is half full, and the rest is
 * for health; try again later. Any thread; never blocks. */
bool monitor_tell(struct monitor *monitor, const char *type, const char *id, const char *text,
                  json_t *members);

/* monitor_tracer: the tracer, which lives as long as the monitor, or NULL without a collector. */
struct tracer *monitor_tracer(struct monitor *monitor);

/* monitor_stop: sends the queued messages (see callback_sender_free()). NULL is fine. Returns
 * NULL. */
struct monitor *monitor_stop(struct monitor *monitor);

#endif

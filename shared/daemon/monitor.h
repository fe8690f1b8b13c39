/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor of a daemon: looks at the daemon's health five times a second, and tells callbacks
 * what has changed. /readyz and the metrics ask it too, so that there is one notion of health.
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
    bool health; /* changes of health are told */
};

#define HEALTH_METRIC(GAUGE, id)                                                                   \
    GAUGE(id, "onrush_health_state", "component=\"" #id "\"",                                      \
          "Health as the callbacks tell it: 0 ok, 1 degraded, 2 down.")
#define HEALTH_METRICS(COUNTER, GAUGE, HISTOGRAM)                                                  \
    HEALTH_METRIC(GAUGE, overall)                                                                  \
    HEALTH_METRIC(GAUGE, redis)                                                                    \
    HEALTH_METRIC(GAUGE, mariadb)                                                                  \
    HEALTH_METRIC(GAUGE, backlog)                                                                  \
    HEALTH_METRIC(GAUGE, lag)                                                                      \
    HEALTH_METRIC(GAUGE, journal)                                                                  \
    HEALTH_METRIC(GAUGE, errors)

METRICS_STRUCT(health_metrics, HEALTH_METRICS);

extern const struct metrics_table health_metrics_table;

struct monitor_config {
    const char *daemon; /* a constant, without "onrush-" */
    const struct health_config *health;
    const struct callbacks_config *callbacks;
    const struct tracing_config *tracing;
    void *arg;
    /* report: fills in an empty report. Any thread; reads only atomics, never blocks. */
    void (*report)(void *arg, struct health_report *report);
    /* counts: what was answered or done since the start, and how much of it went wrong. */
    void (*counts)(void *arg, int64_t *all, int64_t *bad);
};

struct monitor;

/* monitor_start: reads the files of the configuration, which it copies, and starts the thread. 0
 * and *out. -EINVAL: a file cannot be used; another negative errno: no memory or no thread. Logs
 * why. */
int monitor_start(struct monitor **out, const struct monitor_config *config);

/* monitor_ready: for admin_hooks: able or not, and one line for each component that is not ok. */
bool monitor_ready(struct monitor *monitor, FILE *reasons);

/* monitor_metrics: of health, callbacks and traces. */
void monitor_metrics(struct monitor *monitor, FILE *out);

/* monitor_tell: sends callbacks an event that is none of health (see callback_body()). True: it was
 * queued, or there are no callbacks. False: a queue is half full, and the other half is for health;
 * try again later. Any thread; never blocks. */
bool monitor_tell(struct monitor *monitor, const char *type, const char *id, const char *text,
                  json_t *members);

/* monitor_tracer: takes spans to the collector; NULL when there is none. Lives as long as the
 * monitor. */
struct tracer *monitor_tracer(struct monitor *monitor);

/* monitor_stop: sends what is queued (see callback_sender_free()). Returns NULL. May be called with
 * NULL. */
struct monitor *monitor_stop(struct monitor *monitor);

#endif

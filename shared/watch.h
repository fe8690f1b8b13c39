/* The watch of a daemon over itself: it looks at the daemon's health a few times a second, and tells
 * what changed to the callbacks, by a courier, in the courier's thread. It is also what /readyz asks,
 * so that there is one notion of health.
 *
 * Whatever becomes of a callback, nothing else waits for it. */
#ifndef ONRUSH_WATCH_H
#define ONRUSH_WATCH_H

#include "shared/health.h"
#include "shared/metrics.h"
#include "shared/notice.h"
#include "shared/tracer.h"

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
    bool health;                              /* changes of health are told */
    bool opened, half_gone, sold_out, closed; /* scheduler only */
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

struct watch_hooks {
    void *arg;
    /* report: fills in an empty report. Any thread; reads only atomics, never blocks. */
    void (*report)(void *arg, struct health_report *report);
    /* counts: what was answered or done since the start, and how much of it went wrong. */
    void (*counts)(void *arg, int64_t *all, int64_t *bad);
};

struct watch;

#define WATCH_ERROR_SIZE 400

/* watch_start: reads the files and starts the thread. 0 and *out, or a negative errno with a message
 * in `error`: -EINVAL for a file that cannot be used. `daemon` is a constant. */
int watch_start(struct watch **out, const char *daemon, const struct health_config *health,
                const struct callbacks_config *callbacks, const struct tracing_config *tracing,
                const struct watch_hooks *hooks, char error[WATCH_ERROR_SIZE]);

/* watch_ready: for admin_hooks: able or not, and one line for each component that is not ok. */
bool watch_ready(struct watch *watch, FILE *reasons);

/* watch_metrics: the health as it is shown, and the courier's. */
void watch_metrics(struct watch *watch, FILE *out);

/* watch_tell: an event of a campaign. True when it was queued, or nobody wants it. False when a
 * queue is half full: the other half is for health; try again later. Any thread; never blocks. */
bool watch_tell(struct watch *watch, enum notice_event event,
                const struct notice_campaign *campaign);

/* watch_tracer: takes spans to the collector; NULL when there is none. As long as the watch. */
struct tracer *watch_tracer(struct watch *watch);

/* watch_stop: NULL is fine. Gives NULL. */
struct watch *watch_stop(struct watch *watch);

#endif

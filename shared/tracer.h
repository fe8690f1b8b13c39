/* Spans on their way to a collector (OTLP over HTTP, in JSON). Any thread adds; the courier's
 * thread drains. Bounded: what does not fit is dropped and counted, for a span that is missing
 * harms nobody, and nobody waits for one. */
#ifndef ONRUSH_TRACER_H
#define ONRUSH_TRACER_H

#include "shared/campaign.h"
#include "shared/metrics.h"
#include "shared/trace.h"

#include <stdint.h>

#define TRACER_METRICS(COUNTER, GAUGE, HISTOGRAM)                                                  \
    COUNTER(spans, "onrush_trace_spans_total", "", "Spans of sampled requests.")                   \
    COUNTER(dropped, "onrush_trace_spans_dropped_total", "",                                       \
            "Of these, how many found no room on their way to the collector.")

METRICS_STRUCT(tracer_metrics, TRACER_METRICS);

extern const struct metrics_table tracer_metrics_table;

struct tracing_config {
    char url[1024];     /* "": off */
    int64_t sample_ppm; /* of the requests that bring no traceparent */
};

/* Beside the keys of a campaign, in its slot: user → traceparent; expires, and may be lost. */
#define TRACES_KEY "onrush:{%s}:traces"

enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER = 2, SPAN_CONSUMER = 5 }; /* as in OTLP */

struct span {
    struct trace_context context; /* its trace and its own id */
    char parent_id[SPAN_ID_LEN + 1];
    const char *name; /* a constant */
    enum span_kind kind;
    int64_t start_us, end_us; /* wall */
    char campaign[CAMPAIGN_NAME_MAX + 1];
    const char *outcome; /* a constant; NULL: none */
    int64_t status;      /* of HTTP; 0: none */
    int64_t batch;       /* how many requests were in it; 0: none */
};

struct tracer;

/* tracer_new: spans carry the service "onrush-DAEMON". NULL: no memory. tracer_free: returns
 * NULL. */
struct tracer *tracer_new(const char *daemon, const char *instance, int64_t sample_ppm);
struct tracer *tracer_free(struct tracer *tracer);

/* tracer_wants: by the dice, for a request that brings no traceparent. */
bool tracer_wants(const struct tracer *tracer);

/* tracer_add: copied. Any thread; never waits. */
void tracer_add(struct tracer *tracer, const struct span *span);

/* tracer_drain: what has gathered, at most 256 spans, as a malloc'ed document; NULL when there are
 * none. */
char *tracer_drain(struct tracer *tracer);

/* tracer_metrics_render: as Prometheus text. */
void tracer_metrics_render(struct tracer *tracer, FILE *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Traces: the context of a request (W3C traceparent), and spans for a collector (OTLP over HTTP, in
 * JSON). docs/tracing.md shows the spans.
 *
 * Any thread adds spans; the monitor's thread drains them. Nobody waits: a span that does not fit
 * is dropped and counted. */
#ifndef ONRUSH_TRACE_H
#define ONRUSH_TRACE_H

#include "shared/base/metrics.h"
#include "shared/store/protocol.h"

#include <stdbool.h>
#include <stdint.h>

/* --- the context: 00-<trace id>-<span id>-<flags>, in lower-case hex --- */

#define TRACE_ID_LEN     32
#define SPAN_ID_LEN      16
#define TRACEPARENT_LEN  55
#define TRACEPARENT_SIZE (TRACEPARENT_LEN + 1)

struct trace_context {
    char trace_id[TRACE_ID_LEN + 1];
    char span_id[SPAN_ID_LEN + 1];
    bool sampled;
};

/* trace_parse: returns 0, or -EINVAL and leaves *out alone. Of versions after 00 it reads the part
 * that version 00 defines, as the recommendation asks. */
int trace_parse(const char *text, struct trace_context *out);

/* trace_format: writes version 00. */
void trace_format(const struct trace_context *context, char out[TRACEPARENT_SIZE]);

/* trace_new_span: generates a span id, which is not all zeros. trace_new: generates a trace id,
 * too. */
void trace_new_span(char span_id[SPAN_ID_LEN + 1]);
void trace_new(struct trace_context *out);

/* --- spans --- */

#define TRACER_METRICS(COUNTER, GAUGE, HISTOGRAM)                                                  \
    COUNTER(spans, "onrush_trace_spans_total", "", "Spans of sampled requests.")                   \
    COUNTER(dropped, "onrush_trace_spans_dropped_total", "",                                       \
            "Of these, how many found no room on their way to the collector.")

METRICS_STRUCT(tracer_metrics, TRACER_METRICS);

struct tracing_config {
    char url[1024];     /* "": off */
    int64_t sample_ppm; /* of the requests without traceparent */
};

/* A hash in the slot of the campaign's keys: user → traceparent. It expires, and may be lost. */
#define TRACES_KEY "onrush:{%s}:traces"

enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER = 2, SPAN_CONSUMER = 5 }; /* as in OTLP */

struct span {
    struct trace_context context; /* its trace, and its own span id */
    char parent_id[SPAN_ID_LEN + 1];
    const char *name; /* a constant */
    enum span_kind kind;
    int64_t start_us, end_us; /* wall */
    char campaign[CAMPAIGN_NAME_MAX + 1];
    const char *outcome; /* a constant; NULL: none */
    int64_t status;      /* of HTTP; 0: none */
    int64_t batch;       /* requests in it; 0: none */
};

/* span_begin: returns a span with a new id, as a child of `parent`, or as the root of a new trace
 * if that is NULL. */
struct span span_begin(const char *name, enum span_kind kind, const struct trace_context *parent,
                       const char *campaign, int64_t start_us);

struct tracer;

/* tracer_new: the spans belong to the service "onrush-DAEMON". Returns NULL if there is no memory.
 * tracer_free: returns NULL. */
struct tracer *tracer_new(const char *daemon, const char *instance, int64_t sample_ppm);
struct tracer *tracer_free(struct tracer *tracer);

/* tracer_wants: samples a request without traceparent, at random. */
bool tracer_wants(const struct tracer *tracer);

/* tracer_add: copies the span. Any thread; never waits. */
void tracer_add(struct tracer *tracer, const struct span *span);

/* tracer_drain: returns at most 256 spans as a malloc'ed document, or NULL if there are none. */
char *tracer_drain(struct tracer *tracer);

/* tracer_metrics_render: prints the metrics. `tracer` may be NULL. */
void tracer_metrics_render(struct tracer *tracer, FILE *out);

#endif

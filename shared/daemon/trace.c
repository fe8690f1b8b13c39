/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/daemon/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX       "0123456789abcdef"
#define ROOM      2048 /* spans that may wait */
#define DRAIN_MAX 256
#define MILLION   1000000

/* --- the context --- */

/* field_good: true for exactly `n` hex digits and then `end`. */
static bool field_good(const char *text, size_t n, char end)
{
    return strspn(text, HEX) == n && text[n] == end;
}

/* id_good: true for `n` hex digits that are not all zeros, and "-". */
static bool id_good(const char *text, size_t n)
{
    return field_good(text, n, '-') && strspn(text, "0") < n;
}

int trace_parse(const char *text, struct trace_context *out)
{
    bool first = strncmp(text, "00", 2) == 0;
    if (strnlen(text, TRACEPARENT_LEN) < TRACEPARENT_LEN || strncmp(text, "ff", 2) == 0)
        return -EINVAL;
    const char *trace_id = text + 3, *span_id = text + 36, *flags = text + 53;
    if (!field_good(text, 2, '-') || !id_good(trace_id, TRACE_ID_LEN) ||
        !id_good(span_id, SPAN_ID_LEN) ||
        !(field_good(flags, 2, '\0') || (!first && field_good(flags, 2, '-'))))
        return -EINVAL;
    snprintf(out->trace_id, sizeof out->trace_id, "%s", trace_id);
    snprintf(out->span_id, sizeof out->span_id, "%s", span_id);
    out->sampled = strchr("13579bdf", flags[1]) != NULL;
    return 0;
}

void trace_format(const struct trace_context *c, char out[TRACEPARENT_SIZE])
{
    snprintf(out, TRACEPARENT_SIZE, "00-%s-%s-%02x", c->trace_id, c->span_id, c->sampled ? 1 : 0);
}

void trace_new_span(char span_id[SPAN_ID_LEN + 1])
{
    uint64_t dice;
    arc4random_buf(&dice, sizeof dice);
    snprintf(span_id, SPAN_ID_LEN + 1, "%016" PRIx64, dice | 1); /* never all zeros */
}

void trace_new(struct trace_context *out)
{
    trace_new_span(out->trace_id);
    trace_new_span(out->trace_id + SPAN_ID_LEN);
    trace_new_span(out->span_id);
    out->sampled = true;
}

/* --- spans --- */

struct span span_begin(const char *name, enum span_kind kind, const struct trace_context *parent,
                       const char *campaign, int64_t start_us)
{
    struct span span = {.name = name, .kind = kind, .start_us = start_us};
    trace_new(&span.context);
    if (parent != NULL) {
        memcpy(span.context.trace_id, parent->trace_id, sizeof parent->trace_id);
        memcpy(span.parent_id, parent->span_id, sizeof parent->span_id);
    }
    snprintf(span.campaign, sizeof span.campaign, "%s", campaign);
    return span;
}

struct tracer {
    char service[32], instance[96];
    int64_t sample_ppm;
    struct tracer_metrics metrics;
    pthread_mutex_t lock; /* guards the rest; held only to copy */
    struct span spans[ROOM];
    size_t n;
};

struct tracer *tracer_new(const char *daemon, const char *instance, int64_t sample_ppm)
{
    struct tracer *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->sample_ppm = sample_ppm;
    snprintf(t->service, sizeof t->service, "onrush-%s", daemon);
    snprintf(t->instance, sizeof t->instance, "%s", instance);
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

struct tracer *tracer_free(struct tracer *t)
{
    if (t != NULL)
        pthread_mutex_destroy(&t->lock);
    free(t);
    return NULL;
}

bool tracer_wants(const struct tracer *t)
{
    return t->sample_ppm > 0 && arc4random_uniform(MILLION) < t->sample_ppm;
}

void tracer_add(struct tracer *t, const struct span *span)
{
    pthread_mutex_lock(&t->lock);
    bool fits = t->n < ROOM;
    if (fits)
        t->spans[t->n++] = *span;
    pthread_mutex_unlock(&t->lock);
    metric_add(&t->metrics.spans, 1);
    metric_add(&t->metrics.dropped, !fits);
}

/* --- the document --- */

static void add_text(json_t *list, const char *key, const char *value)
{
    json_array_append_new(list,
                          json_pack("{s:s, s:{s:s}}", "key", key, "value", "stringValue", value));
}

/* add_number: JSON of protobuf writes 64-bit integers as strings. */
static void add_number(json_t *list, const char *key, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    json_array_append_new(list, json_pack("{s:s, s:{s:s}}", "key", key, "value", "intValue", text));
}

static json_t *attributes(const struct span *s)
{
    json_t *list = json_array();
    if (s->campaign[0] != '\0')
        add_text(list, "onrush.campaign", s->campaign);
    if (s->outcome != NULL)
        add_text(list, "onrush.outcome", s->outcome);
    if (s->status > 0)
        add_number(list, "http.response.status_code", s->status);
    if (s->batch > 0)
        add_number(list, "onrush.batch_size", s->batch);
    return list;
}

static json_t *span_json(const struct span *s)
{
    char start[32], end[32];
    const char *parent = s->parent_id[0] != '\0' ? s->parent_id : NULL;
    json_t *failed = s->status >= 500 ? json_pack("{s:i}", "code", 2) : NULL;
    snprintf(start, sizeof start, "%" PRId64 "000", s->start_us);
    snprintf(end, sizeof end, "%" PRId64 "000", s->end_us > s->start_us ? s->end_us : s->start_us);
    return json_pack("{s:s, s:s, s:s*, s:s, s:i, s:s, s:s, s:o, s:o*}", "traceId",
                     s->context.trace_id, "spanId", s->context.span_id, "parentSpanId", parent,
                     "name", s->name, "kind", (int)s->kind, "startTimeUnixNano", start,
                     "endTimeUnixNano", end, "attributes", attributes(s), "status", failed);
}

/* take: newest first; a collector does not care. */
static size_t take(struct tracer *t, struct span out[DRAIN_MAX])
{
    pthread_mutex_lock(&t->lock);
    size_t n = t->n < DRAIN_MAX ? t->n : DRAIN_MAX;
    t->n -= n;
    memcpy(out, &t->spans[t->n], n * sizeof *out);
    pthread_mutex_unlock(&t->lock);
    return n;
}

char *tracer_drain(struct tracer *t)
{
    struct span spans[DRAIN_MAX];
    size_t n = take(t, spans);
    if (n == 0)
        return NULL;
    json_t *list = json_array(), *resource = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, span_json(&spans[i]));
    add_text(resource, "service.name", t->service);
    add_text(resource, "service.version", ONRUSH_VERSION);
    add_text(resource, "service.instance.id", t->instance);
    json_t *doc = json_pack("{s:[{s:{s:o}, s:[{s:{s:s, s:s}, s:o}]}]}", "resourceSpans", "resource",
                            "attributes", resource, "scopeSpans", "scope", "name", "onrush",
                            "version", ONRUSH_VERSION, "spans", list);
    char *body = json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    return body;
}

METRICS_TABLE(tracer_metrics, TRACER_METRICS);

void tracer_metrics_render(struct tracer *t, FILE *out)
{
    static struct tracer_metrics none;
    void *shard = t != NULL ? &t->metrics : &none;
    metrics_render(out, &tracer_metrics_table, &shard, 1);
}

#include "shared/tracer.h"

#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define ROOM      2048
#define DRAIN_MAX 256
#define MILLION   1000000

struct tracer {
    char service[32], instance[96];
    int64_t sample_ppm;
    struct tracer_metrics metrics;
    pthread_mutex_t lock; /* guards what follows; held only to copy */
    struct span spans[ROOM];
    size_t first, n;
};

struct tracer *tracer_new(const char *daemon, const char *instance, int64_t sample_ppm)
{
    struct tracer *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    snprintf(t->service, sizeof t->service, "onrush-%s", daemon);
    t->sample_ppm = sample_ppm;
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
    uint32_t dice = 0;
    if (t->sample_ppm == 0 || getrandom(&dice, sizeof dice, GRND_NONBLOCK) != sizeof dice)
        return false;
    return (int64_t)((uint64_t)dice * MILLION >> 32) < t->sample_ppm;
}

void tracer_add(struct tracer *t, const struct span *span)
{
    pthread_mutex_lock(&t->lock);
    bool fits = t->n < ROOM;
    if (fits)
        t->spans[(t->first + t->n++) % ROOM] = *span;
    pthread_mutex_unlock(&t->lock);
    metric_add(&t->metrics.spans, 1);
    metric_add(&t->metrics.dropped, !fits);
}

/* --- the document --- */

static json_t *text_attribute(const char *key, const char *value)
{
    return json_pack("{s:s, s:{s:s}}", "key", key, "value", "stringValue", value);
}

/* int_attribute: 64-bit integers are texts in the JSON of protobuf. */
static json_t *int_attribute(const char *key, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    return json_pack("{s:s, s:{s:s}}", "key", key, "value", "intValue", text);
}

static json_t *attributes(const struct span *s)
{
    json_t *list = json_array();
    if (s->campaign[0] != '\0')
        json_array_append_new(list, text_attribute("onrush.campaign", s->campaign));
    if (s->outcome != NULL)
        json_array_append_new(list, text_attribute("onrush.outcome", s->outcome));
    if (s->status > 0)
        json_array_append_new(list, int_attribute("http.response.status_code", s->status));
    if (s->batch > 0)
        json_array_append_new(list, int_attribute("onrush.batch_size", s->batch));
    return list;
}

static json_t *span_json(const struct span *s)
{
    char start[32], end[32];
    int64_t end_us = s->end_us > s->start_us ? s->end_us : s->start_us;
    snprintf(start, sizeof start, "%" PRId64 "000", s->start_us);
    snprintf(end, sizeof end, "%" PRId64 "000", end_us);
    json_t *doc =
        json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:o}", "traceId", s->context.trace_id, "spanId",
                  s->context.span_id, "name", s->name, "kind", (int)s->kind, "startTimeUnixNano",
                  start, "endTimeUnixNano", end, "attributes", attributes(s));
    if (s->parent_id[0] != '\0')
        json_object_set_new(doc, "parentSpanId", json_string(s->parent_id));
    if (s->status >= 500)
        json_object_set_new(doc, "status", json_pack("{s:i}", "code", 2));
    return doc;
}

static size_t take(struct tracer *t, struct span *out)
{
    size_t n = 0;
    pthread_mutex_lock(&t->lock);
    for (; n < DRAIN_MAX && t->n > 0; n++, t->n--) {
        out[n] = t->spans[t->first];
        t->first = (t->first + 1) % ROOM;
    }
    pthread_mutex_unlock(&t->lock);
    return n;
}

char *tracer_drain(struct tracer *t)
{
    struct span *spans = malloc(DRAIN_MAX * sizeof *spans);
    size_t n = spans != NULL ? take(t, spans) : 0;
    if (n == 0) {
        free(spans);
        return NULL;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, span_json(&spans[i]));
    free(spans);
    json_t *doc = json_pack("{s:[{s:{s:[o, o, o]}, s:[{s:{s:s, s:s}, s:o}]}]}", "resourceSpans",
                            "resource", "attributes", text_attribute("service.name", t->service),
                            text_attribute("service.version", ONRUSH_VERSION),
                            text_attribute("service.instance.id", t->instance), "scopeSpans",
                            "scope", "name", "onrush", "version", ONRUSH_VERSION, "spans", list);
    char *body = doc != NULL ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);
    return body;
}

#define METRICS_SHARD tracer_metrics
METRICS_TABLE(tracer_metrics_table, TRACER_METRICS);

void tracer_metrics_render(struct tracer *t, FILE *out)
{
    static struct tracer_metrics none;
    void *shard = t != NULL ? &t->metrics : &none;
    metrics_render(out, &tracer_metrics_table, &shard, 1);
}

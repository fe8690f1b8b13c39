/* Metrics: one table is the source of names, help and types.
 *
 * A daemon lists its metrics in an X-macro (gateway/metrics.h, scheduler/metrics.h). From it come a
 * struct of atomics, of which each thread has its own ("shard"), and the table that
 * metrics_render() sums over the shards.
 *
 *   #define MY_METRICS(COUNTER, GAUGE, HISTOGRAM) \
 *       COUNTER(accepted, "onrush_gateway_answers_total", "outcome=\"accepted\"", "Answers by
 * outcome.") METRICS_STRUCT(my_metrics, MY_METRICS);             // in the header #define
 * METRICS_SHARD my_metrics                    // in one .c file METRICS_TABLE(my_metrics_table,
 * MY_METRICS);
 *
 * Updates are relaxed atomics: any thread, no lock. Rows with the same name must stand together. */
#ifndef ONRUSH_METRICS_H
#define ONRUSH_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef _Atomic int64_t metric_value;

/* Upper bounds, in µs, double from 64 µs: 64, 128, ... 33.5 s, then +Inf. */
#define HISTOGRAM_FIRST_US 64
#define HISTOGRAM_BUCKETS  21

struct metric_histogram {
    metric_value buckets[HISTOGRAM_BUCKETS]; /* not cumulative; the last is +Inf */
    metric_value sum_us;
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_row {
    const char *name, *labels, *help; /* labels: `a="b",c="d"` or "" */
    enum metric_type type;
    size_t offset; /* into the shard */
};

static inline void metric_add(metric_value *value, int64_t n)
{
    atomic_fetch_add_explicit(value, n, memory_order_relaxed);
}

static inline void metric_set(metric_value *value, int64_t n)
{
    atomic_store_explicit(value, n, memory_order_relaxed);
}

static inline int64_t metric_get(metric_value *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

/* metric_observe: counts a duration. */
void metric_observe(struct metric_histogram *histogram, int64_t us);

/* metrics_render: the Prometheus text format (version 0.0.4) of `n` rows, each summed over the
 * shards. */
void metrics_render(FILE *out, const struct metric_row *rows, size_t n, void *const *shards,
                    size_t n_shards);

#define METRICS_FIELD_VALUE(field, name, labels, help)     metric_value field;
#define METRICS_FIELD_HISTOGRAM(field, name, labels, help) struct metric_histogram field;
#define METRICS_STRUCT(type, LIST)                                                                 \
    struct type {                                                                                  \
        LIST(METRICS_FIELD_VALUE, METRICS_FIELD_VALUE, METRICS_FIELD_HISTOGRAM)                    \
    }

#define METRICS_ROW_(field, name, labels, help, kind)                                              \
    {name, labels, help, kind, offsetof(struct METRICS_SHARD, field)},
#define METRICS_ROW_COUNTER(field, name, labels, help)                                             \
    METRICS_ROW_(field, name, labels, help, METRIC_COUNTER)
#define METRICS_ROW_GAUGE(field, name, labels, help)                                               \
    METRICS_ROW_(field, name, labels, help, METRIC_GAUGE)
#define METRICS_ROW_HISTOGRAM(field, name, labels, help)                                           \
    METRICS_ROW_(field, name, labels, help, METRIC_HISTOGRAM)

/* METRICS_TABLE: define METRICS_SHARD as the name of the struct before. */
#define METRICS_TABLE(table, LIST)                                                                 \
    static const struct metric_row table[] = {                                                     \
        LIST(METRICS_ROW_COUNTER, METRICS_ROW_GAUGE, METRICS_ROW_HISTOGRAM)}

#endif

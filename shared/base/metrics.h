/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics: one table defines names, help, types and docs/metrics.md.
 *
 * A daemon lists its metrics in an X-macro (gateway/metrics.h, scheduler/metrics.h). The macro
 * generates a struct of atomics, one per thread if need be (a "shard"), and a table.
 * metrics_render() adds up the shards.
 *
 *   #define MY_METRICS(COUNTER, GAUGE, HISTOGRAM) \
 *       COUNTER(accepted, "onrush_my_answers_total", "outcome=\"accepted\"", "Answers by outcome.")
 *
 *   METRICS_STRUCT(my_metrics, MY_METRICS);             // in the header
 *   METRICS_TABLE(my_metrics, MY_METRICS);              // in its .c file
 *
 * Updates are relaxed atomics: any thread, no lock. Rows of the same name must be adjacent; the
 * first one has the help.
 *
 * The name determines the unit, as Prometheus recommends: a metric called ..._seconds or
 * ..._seconds_total is kept in µs and printed in seconds; any other is a plain number. */
#ifndef ONRUSH_METRICS_H
#define ONRUSH_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef _Atomic int64_t metric_value;

/* METRIC_ABSENT: an unknown value, whose line is left out. */
#define METRIC_ABSENT INT64_MIN

/* Upper bounds double: durations from 64 µs (64, 128, ... 33.5 s, +Inf), sizes from 1 (1, 2, ...
 * 8192, +Inf). */
#define HISTOGRAM_FIRST_US 64
#define HISTOGRAM_BUCKETS  21
#define HISTOGRAM_SIZES    15

struct metric_histogram {
    metric_value buckets[HISTOGRAM_BUCKETS]; /* not cumulative; the last is +Inf */
    metric_value sum;                        /* µs, or a sum of sizes */
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_row {
    const char *name, *labels, *help; /* labels: `a="b",c="d"` or "" */
    enum metric_type type;
    size_t offset; /* into the shard */
};

struct metrics_table {
    const struct metric_row *rows;
    size_t n;
};

/* A shard with a label of its own, such as that of a campaign. */
struct metrics_labelled {
    char label[96]; /* `campaign="noon"` */
    void *shard;
};

static inline void metric_add(metric_value *value, int64_t n)
{
    atomic_fetch_add_explicit(value, n, memory_order_relaxed);
}

static inline void metric_set(metric_value *value, int64_t n)
{
    atomic_store_explicit(value, n, memory_order_relaxed);
}

static inline int64_t metric_get(const metric_value *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

/* metric_at: the value at an offset of a shard. */
static inline metric_value *metric_at(const void *shard, size_t offset)
{
    return (metric_value *)((char *)shard + offset);
}

/* metric_observe: adds a duration to a histogram. metric_observe_size: adds a size. */
void metric_observe(struct metric_histogram *histogram, int64_t us);
void metric_observe_size(struct metric_histogram *histogram, int64_t n);

/* metric_in_seconds: true if the name says that the metric is a duration. */
bool metric_in_seconds(const char *name);

/* metrics_render: prints the Prometheus text format (version 0.0.4), each row summed over the
 * shards. */
void metrics_render(FILE *out, const struct metrics_table *table, void *const *shards,
                    size_t n_shards);

/* metrics_render_labelled: the same, with a line per shard and its label. Without shards it prints
 * nothing. */
void metrics_render_labelled(FILE *out, const struct metrics_table *table,
                             const struct metrics_labelled *shards, size_t n_shards);

/* metrics_document: prints the table as rows of Markdown: name, type, labels, help. */
void metrics_document(FILE *out, const struct metrics_table *table);

#define METRICS_FIELD_VALUE(field, name, labels, help)     metric_value field;
#define METRICS_FIELD_HISTOGRAM(field, name, labels, help) struct metric_histogram field;

/* METRICS_STRUCT: defines `struct type`, and declares the table `type_table`. */
#define METRICS_STRUCT(type, LIST)                                                                 \
    struct type {                                                                                  \
        LIST(METRICS_FIELD_VALUE, METRICS_FIELD_VALUE, METRICS_FIELD_HISTOGRAM)                    \
    };                                                                                             \
    extern const struct metrics_table type##_table

#define METRICS_ROW_(field, name, labels, help, kind)                                              \
    {name, labels, help, kind, offsetof(metrics_shard, field)},
#define METRICS_ROW_COUNTER(field, name, labels, help)                                             \
    METRICS_ROW_(field, name, labels, help, METRIC_COUNTER)
#define METRICS_ROW_GAUGE(field, name, labels, help)                                               \
    METRICS_ROW_(field, name, labels, help, METRIC_GAUGE)
#define METRICS_ROW_HISTOGRAM(field, name, labels, help)                                           \
    METRICS_ROW_(field, name, labels, help, METRIC_HISTOGRAM)

/* METRICS_TABLE: defines the table; once per C file. */
#define METRICS_TABLE(type, LIST)                                                                  \
    typedef struct type metrics_shard;                                                             \
    static const struct metric_row type##_rows[] = {                                               \
        LIST(METRICS_ROW_COUNTER, METRICS_ROW_GAUGE, METRICS_ROW_HISTOGRAM)};                      \
    const struct metrics_table type##_table = {type##_rows,                                        \
                                               sizeof type##_rows / sizeof type##_rows[0]}

#endif

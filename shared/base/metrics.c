/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/base/metrics.h"

#include <string.h>

#define SECONDS_SHIFT 6 /* the first bound of a duration is 2^6 µs */

_Static_assert(HISTOGRAM_FIRST_US == 1 << SECONDS_SHIFT, "the first bound");

static const char *const type_texts[] = {"counter", "gauge", "histogram"};

/* --- counting --- */

/* observe: the bucket is the number of bits by which the value exceeds the first bound. */
static void observe(struct metric_histogram *h, int64_t value, int shift)
{
    uint64_t above = value > 1 ? (uint64_t)(value - 1) >> shift : 0;
    int i = above == 0 ? 0 : 64 - __builtin_clzll(above);
    metric_add(&h->buckets[i < HISTOGRAM_BUCKETS ? i : HISTOGRAM_BUCKETS - 1], 1);
    metric_add(&h->sum, value);
}

void metric_observe(struct metric_histogram *h, int64_t us)
{
    observe(h, us, SECONDS_SHIFT);
}

void metric_observe_size(struct metric_histogram *h, int64_t n)
{
    observe(h, n, 0);
}

/* --- writing --- */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

bool metric_in_seconds(const char *name)
{
    return ends_with(name, "_seconds") || ends_with(name, "_seconds_total");
}

/* What a line needs: the metric, the shards to add up, and a label besides those of the row. */
struct spot {
    FILE *out;
    const struct metric_row *row;
    void *const *shards;
    size_t n;
    const char *label;
    bool seconds;
};

static int64_t sum_over(const struct spot *s, size_t offset)
{
    int64_t sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        int64_t value = metric_get(metric_at(s->shards[i], offset));
        if (value == METRIC_ABSENT)
            return METRIC_ABSENT;
        sum += value;
    }
    return sum;
}

/* put_labels: prints the labels and `last`, such as le="1"; nothing if there are none. */
static void put_labels(const struct spot *s, const char *last)
{
    const char *labels[] = {s->label, s->row->labels, last};
    const char *before = "{";
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        if (*labels[i] == '\0')
            continue;
        fputs(before, s->out);
        fputs(labels[i], s->out);
        before = ",";
    }
    if (*before == ',')
        fputc('}', s->out);
}

static void put_number(const struct spot *s, int64_t value)
{
    if (s->seconds)
        fprintf(s->out, " %.6f\n", (double)value / 1e6);
    else
        fprintf(s->out, " %lld\n", (long long)value);
}

static void put_value(const struct spot *s)
{
    int64_t value = sum_over(s, s->row->offset);
    if (value == METRIC_ABSENT)
        return;
    fputs(s->row->name, s->out);
    put_labels(s, "");
    put_number(s, value);
}

static void put_bucket(const struct spot *s, const char *le, int64_t count)
{
    fprintf(s->out, "%s_bucket", s->row->name);
    put_labels(s, le);
    fprintf(s->out, " %lld\n", (long long)count);
}

static void put_histogram(const struct spot *s)
{
    size_t bounds = s->seconds ? HISTOGRAM_BUCKETS - 1 : HISTOGRAM_SIZES - 1;
    int64_t count = 0, bound = s->seconds ? HISTOGRAM_FIRST_US : 1;
    char le[32];
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++, bound *= 2) {
        count += sum_over(s, s->row->offset + i * sizeof(metric_value));
        if (i >= bounds)
            continue;
        snprintf(le, sizeof le, s->seconds ? "le=\"%.6f\"" : "le=\"%.0f\"",
                 s->seconds ? (double)bound / 1e6 : (double)bound);
        put_bucket(s, le, count);
    }
    put_bucket(s, "le=\"+Inf\"", count);
    fprintf(s->out, "%s_sum", s->row->name);
    put_labels(s, "");
    put_number(s, sum_over(s, s->row->offset + offsetof(struct metric_histogram, sum)));
    fprintf(s->out, "%s_count", s->row->name);
    put_labels(s, "");
    fprintf(s->out, " %lld\n", (long long)count);
}

static void put(const struct spot *s)
{
    if (s->row->type == METRIC_HISTOGRAM)
        put_histogram(s);
    else
        put_value(s);
}

/* same_name: true if two rows belong to one metric. */
static bool same_name(const struct metrics_table *table, size_t a, size_t b)
{
    return strcmp(table->rows[a].name, table->rows[b].name) == 0;
}

/* begin: a spot for row i. The first row of a name prints the head. */
static struct spot begin(FILE *out, const struct metrics_table *table, size_t i)
{
    const struct metric_row *row = &table->rows[i];
    if (i == 0 || !same_name(table, i, i - 1))
        fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
                type_texts[row->type]);
    return (struct spot){
        .out = out, .row = row, .label = "", .seconds = metric_in_seconds(row->name)};
}

void metrics_render(FILE *out, const struct metrics_table *table, void *const *shards,
                    size_t n_shards)
{
    for (size_t i = 0; i < table->n; i++) {
        struct spot spot = begin(out, table, i);
        spot.shards = shards;
        spot.n = n_shards;
        put(&spot);
    }
}

void metrics_render_labelled(FILE *out, const struct metrics_table *table,
                             const struct metrics_labelled *shards, size_t n_shards)
{
    for (size_t i = 0; i < table->n && n_shards > 0; i++) {
        struct spot spot = begin(out, table, i);
        spot.n = 1;
        for (size_t j = 0; j < n_shards; j++) {
            spot.shards = &shards[j].shard;
            spot.label = shards[j].label;
            put(&spot);
        }
    }
}

/* --- documenting --- */

void metrics_document(FILE *out, const struct metrics_table *table)
{
    for (size_t i = 0, next; i < table->n; i = next) {
        const struct metric_row *row = &table->rows[i];
        fprintf(out, "| `%s` | %s | ", row->name, type_texts[row->type]);
        for (next = i; next < table->n && same_name(table, i, next); next++) {
            if (*table->rows[next].labels != '\0')
                fprintf(out, "%s`%s`", next == i ? "" : " ", table->rows[next].labels);
        }
        fprintf(out, " | %s |\n", row->help);
    }
}

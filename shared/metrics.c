#include "shared/metrics.h"

#include <string.h>

static const char *const type_texts[] = {"counter", "gauge", "histogram"};

void metric_observe(struct metric_histogram *histogram, int64_t us)
{
    int i = 0;
    for (int64_t bound = HISTOGRAM_FIRST_US; us > bound && i < HISTOGRAM_BUCKETS - 1; bound *= 2)
        i++;
    metric_add(&histogram->buckets[i], 1);
    metric_add(&histogram->sum_us, us);
}

static int64_t sum_over(void *const *shards, size_t n, size_t offset)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += metric_get((metric_value *)((char *)shards[i] + offset));
    return sum;
}

static void render_value(FILE *out, const struct metric_row *row, void *const *shards, size_t n)
{
    fprintf(out, "%s%s%s%s %lld\n", row->name, *row->labels ? "{" : "", row->labels,
            *row->labels ? "}" : "", (long long)sum_over(shards, n, row->offset));
}

static void render_histogram(FILE *out, const struct metric_row *row, void *const *shards, size_t n)
{
    const char *comma = *row->labels ? "," : "";
    int64_t count = 0, bound = HISTOGRAM_FIRST_US;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS - 1; i++, bound *= 2) {
        count += sum_over(shards, n, row->offset + i * sizeof(metric_value));
        fprintf(out, "%s_bucket{%s%sle=\"%.6f\"} %lld\n", row->name, row->labels, comma,
                (double)bound / 1e6, (long long)count);
    }
    count += sum_over(shards, n, row->offset + (HISTOGRAM_BUCKETS - 1) * sizeof(metric_value));
    fprintf(out, "%s_bucket{%s%sle=\"+Inf\"} %lld\n", row->name, row->labels, comma,
            (long long)count);
    size_t sum_offset = row->offset + offsetof(struct metric_histogram, sum_us);
    const char *open = *row->labels ? "{" : "", *close = *row->labels ? "}" : "";
    fprintf(out, "%s_sum%s%s%s %.6f\n", row->name, open, row->labels, close,
            (double)sum_over(shards, n, sum_offset) / 1e6);
    fprintf(out, "%s_count%s%s%s %lld\n", row->name, open, row->labels, close, (long long)count);
}

void metrics_render(FILE *out, const struct metric_row *rows, size_t n, void *const *shards,
                    size_t n_shards)
{
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(rows[i].name, rows[i - 1].name) != 0)
            fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", rows[i].name, rows[i].help, rows[i].name,
                    type_texts[rows[i].type]);
        if (rows[i].type == METRIC_HISTOGRAM)
            render_histogram(out, &rows[i], shards, n_shards);
        else
            render_value(out, &rows[i], shards, n_shards);
    }
}

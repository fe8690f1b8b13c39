/* SPDX-License-Identifier: Apache-2.0 */
/* shared/base/metrics: the exact text, and the buckets of durations. */
#include "tests/support/test.h"

#include "shared/base/clock.h"
#include "shared/base/metrics.h"
#include "shared/daemon/process_metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METRICS(COUNTER, GAUGE, HISTOGRAM)                                                         \
    COUNTER(good, "t_answers_total", "outcome=\"good\"", "Answers by outcome.")                    \
    COUNTER(bad, "t_answers_total", "outcome=\"bad\"", "")                                         \
    GAUGE(open, "t_open", "", "Open connections.")                                                 \
    HISTOGRAM(took, "t_took_seconds", "", "Duration.")                                             \
    HISTOGRAM(took_b, "t_took_seconds", "of=\"b\"", "")

METRICS_STRUCT(test_metrics, METRICS);
METRICS_TABLE(test_metrics, METRICS);

#define UNITS(COUNTER, GAUGE, HISTOGRAM)                                                           \
    GAUGE(age, "t_age_seconds", "", "A duration.")                                                 \
    HISTOGRAM(batch, "t_batch", "", "How many.")

METRICS_STRUCT(unit_metrics, UNITS);
#define metrics_shard unit_shard /* for a second table in one file */
METRICS_TABLE(unit_metrics, UNITS);

static char *render_table(const struct metrics_table *which, void *const *shards, size_t n)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    metrics_render(out, which, shards, n);
    fclose(out);
    return text;
}

static char *render(void *const *shards, size_t n, size_t rows)
{
    return render_table(&(struct metrics_table){test_metrics_table.rows, rows}, shards, n);
}

static double process_value(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at != NULL ? strtod(at + strlen(name), NULL) : -1;
}

TEST(test_values_are_summed)
{
    struct test_metrics a = {0}, b = {0};
    metric_add(&a.good, 3);
    metric_add(&b.good, 4);
    metric_add(&b.bad, 1);
    metric_set(&a.open, 10);
    metric_set(&b.open, -2);
    char *text = render((void *const[]){&a, &b}, 2, 3);
    assert_string_equal(text, "# HELP t_answers_total Answers by outcome.\n"
                              "# TYPE t_answers_total counter\n"
                              "t_answers_total{outcome=\"good\"} 7\n"
                              "t_answers_total{outcome=\"bad\"} 1\n"
                              "# HELP t_open Open connections.\n"
                              "# TYPE t_open gauge\n"
                              "t_open 8\n");
    free(text);
}

static const struct {
    int64_t us;
    int bucket;
} observations[] = {
    {-5, 0},
    {0, 0},
    {1, 0},
    {64, 0},
    {65, 1},
    {128, 1},
    {129, 2},
    {1024, 4},
    {1025, 5},
    {INT64_C(64) << 19, 19},
    {(INT64_C(64) << 19) + 1, 20},
    {INT64_C(64) << 20, 20},
    {INT64_C(1) << 60, 20},
};

TEST(test_bounds)
{
    for (size_t i = 0; i < LENGTH(observations); i++) {
        struct metric_histogram h = {0};
        metric_observe(&h, observations[i].us);
        for (int b = 0; b < HISTOGRAM_BUCKETS; b++) {
            if (metric_get(&h.buckets[b]) != (b == observations[i].bucket))
                fail_msg("%lld us, bucket %d", (long long)observations[i].us, b);
        }
        assert_int_equal(metric_get(&h.sum), observations[i].us);
    }
}

TEST(test_size_bounds)
{
    static const struct {
        int64_t n;
        int bucket;
    } sizes[] = {{-1, 0}, {0, 0}, {1, 0}, {2, 1}, {3, 2}, {4, 2}, {5, 3}, {8192, 13}, {8193, 14}};
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        struct metric_histogram h = {0};
        metric_observe_size(&h, sizes[i].n);
        if (metric_get(&h.buckets[sizes[i].bucket]) != 1)
            fail_msg("%lld", (long long)sizes[i].n);
    }
}

/* Names with "seconds" are printed in seconds. A histogram of sizes has sizes as bounds, and values
 * beyond the last are in +Inf. */
TEST(test_units)
{
    struct unit_metrics m = {0};
    metric_set(&m.age, 1500000);
    metric_observe_size(&m.batch, 3);
    metric_observe_size(&m.batch, 1000000);
    char *text = render_table(&unit_metrics_table, (void *const[]){&m}, 1);
    assert_non_null(strstr(text, "\nt_age_seconds 1.500000\n"));
    assert_non_null(strstr(text, "\nt_batch_bucket{le=\"2\"} 0\nt_batch_bucket{le=\"4\"} 1\n"));
    assert_non_null(strstr(text, "\nt_batch_bucket{le=\"8192\"} 1\nt_batch_bucket{le=\"+Inf\"} 2\n"
                                 "t_batch_sum 1000003\nt_batch_count 2\n"));
    free(text);
}

/* Each shard has a line, with the shard's label before the row's; an unknown value has no line. */
TEST(test_labelled)
{
    struct test_metrics a = {.good = 1, .bad = 2}, b = {.good = 3, .bad = METRIC_ABSENT};
    struct metrics_labelled shards[] = {{"of=\"a\"", &a}, {"of=\"b\"", &b}};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    metrics_render_labelled(out, &(struct metrics_table){test_metrics_table.rows, 2}, shards, 2);
    fclose(out);
    assert_string_equal(text, "# HELP t_answers_total Answers by outcome.\n"
                              "# TYPE t_answers_total counter\n"
                              "t_answers_total{of=\"a\",outcome=\"good\"} 1\n"
                              "t_answers_total{of=\"b\",outcome=\"good\"} 3\n"
                              "t_answers_total{of=\"a\",outcome=\"bad\"} 2\n");
    free(text);
}

/* Metrics of the process, from /proc. */
TEST(test_process)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    process_metrics_render(out, "test");
    fclose(out);
    assert_true(process_value(text, "\nprocess_open_fds ") >= 3);
    assert_true(process_value(text, "\nprocess_max_fds ") >=
                process_value(text, "\nprocess_open_fds "));
    assert_true(process_value(text, "\nprocess_resident_memory_bytes ") > 100000);
    assert_true(process_value(text, "\nprocess_threads ") >= 1);
    double start = process_value(text, "\nprocess_start_time_seconds ");
    assert_true(start > (double)clock_wall_us() / 1e6 - 3600 &&
                start < (double)clock_wall_us() / 1e6 + 1);
    assert_non_null(
        strstr(text, "\nonrush_build_info{daemon=\"test\",version=\"" ONRUSH_VERSION "\","));
    free(text);
}

TEST(test_histogram_text)
{
    struct test_metrics a = {0}, b = {0};
    metric_observe(&a.took, 64);
    metric_observe(&a.took, 100);
    metric_observe(&b.took, 100000000);
    metric_observe(&b.took_b, 1);
    char *text = render((void *const[]){&a, &b}, 2, test_metrics_table.n);
    static const char *const lines[] = {
        "# HELP t_took_seconds Duration.\n# TYPE t_took_seconds histogram\n",
        "t_took_seconds_bucket{le=\"0.000064\"} 1\n",
        "t_took_seconds_bucket{le=\"0.000128\"} 2\n",
        "t_took_seconds_bucket{le=\"0.000256\"} 2\n",
        "t_took_seconds_bucket{le=\"33.554432\"} 2\n",
        "t_took_seconds_bucket{le=\"+Inf\"} 3\n",
        "t_took_seconds_sum 100.000164\n",
        "t_took_seconds_count 3\n",
        "t_took_seconds_bucket{of=\"b\",le=\"0.000064\"} 1\n",
        "t_took_seconds_bucket{of=\"b\",le=\"+Inf\"} 1\n",
        "t_took_seconds_sum{of=\"b\"} 0.000001\n",
        "t_took_seconds_count{of=\"b\"} 1\n",
    };
    const char *at = text; /* in this order */
    for (size_t i = 0; i < LENGTH(lines); i++) {
        at = strstr(at, lines[i]);
        assert_non_null(at);
    }
    assert_ptr_equal(strstr(text, "# TYPE t_took"), strrchr(text, '#'));
    free(text);
}

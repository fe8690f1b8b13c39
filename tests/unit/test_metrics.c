/* shared/metrics: the exact text, and where a duration is counted. */
#include "tests/support/test.h"

#include "shared/metrics.h"

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
#define METRICS_SHARD test_metrics
METRICS_TABLE(table, METRICS);

static char *render(void *const *shards, size_t n, size_t rows)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    metrics_render(out, table, rows, shards, n);
    fclose(out);
    return text;
}

static void test_values_are_summed(void **state)
{
    (void)state;
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

static void test_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(observations); i++) {
        struct metric_histogram h = {0};
        metric_observe(&h, observations[i].us);
        for (int b = 0; b < HISTOGRAM_BUCKETS; b++) {
            if (metric_get(&h.buckets[b]) != (b == observations[i].bucket))
                fail_msg("%lld us, bucket %d", (long long)observations[i].us, b);
        }
        assert_int_equal(metric_get(&h.sum_us), observations[i].us);
    }
}

static void test_histogram_text(void **state)
{
    (void)state;
    struct test_metrics a = {0}, b = {0};
    metric_observe(&a.took, 64);
    metric_observe(&a.took, 100);
    metric_observe(&b.took, 100000000);
    metric_observe(&b.took_b, 1);
    char *text = render((void *const[]){&a, &b}, 2, LENGTH(table));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_summed),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_histogram_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

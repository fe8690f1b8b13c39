/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler/campaign_stats: campaigns on a snapshot, the sum beyond the limit, growing durations,
 * and a writer and a reader that never wait for each other. */
#include "tests/support/test.h"

#include "scheduler/campaign_stats.h"
#include "shared/base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct campaign_metrics blank(void)
{
    struct campaign_metrics m = {0};
    for (size_t i = 0; i < campaign_metrics_table.n; i++)
        metric_set(metric_at(&m, campaign_metrics_table.rows[i].offset), METRIC_ABSENT);
    return m;
}

/* render: noinline, or gcc 12 confuses the text from open_memstream() with the pointer to it. */
__attribute__((noinline)) static char *render(struct stats_slot *stats, int64_t now_us)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    stats_render(stats, out, now_us);
    fclose(out);
    return text;
}

static size_t lines_of(const char *text, const char *start)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, start)) != NULL; at++)
        n += at == text || at[-1] == '\n';
    return n;
}

TEST(test_an_empty_board_says_nothing)
{
    struct stats_slot stats = {.snapshot = NULL};
    char *text = render(&stats, 1);
    assert_string_equal(text, "");
    free(text);
    stats_publish(&stats, stats_snapshot_new(0));
    text = render(&stats, 1);
    assert_string_equal(text, "");
    free(text);
    stats_publish(&stats, NULL);
}

TEST(test_durations_go_on)
{
    struct stats_slot stats = {.snapshot = NULL};
    struct campaign_metrics m = blank();
    struct stats_snapshot *snapshot = stats_snapshot_new(1000000);
    metric_set(&m.open, 1);
    metric_set(&m.oldest, 2000000);
    metric_set(&m.lease, 5000000);
    stats_snapshot_add(snapshot, "noon", &m);
    metric_set(&m.oldest, 0);
    stats_snapshot_add(snapshot, "idle", &m);
    stats_publish(&stats, snapshot);
    for (int64_t now_us = 2000000; now_us <= 3000000; now_us += 1000000) {
        char *text = render(&stats, now_us);
        bool first = now_us == 2000000;
        assert_non_null(strstr(text, "onrush_campaign_open{campaign=\"noon\"} 1\n"));
        assert_non_null(
            strstr(text, first ? "onrush_campaign_oldest_waiting_seconds{campaign=\"noon\"} 3.0"
                               : "onrush_campaign_oldest_waiting_seconds{campaign=\"noon\"} 4.0"));
        assert_non_null(
            strstr(text, "onrush_campaign_oldest_waiting_seconds{campaign=\"idle\"} 0.0"));
        assert_non_null(strstr(text, first
                                         ? "onrush_campaign_lease_seconds{campaign=\"noon\"} 4.0"
                                         : "onrush_campaign_lease_seconds{campaign=\"noon\"} 3.0"));
        assert_null(strstr(text, "onrush_campaign_quota{")); /* unknown: no line */
        free(text);
    }
    stats_publish(&stats, NULL);
}

/* A label has at most STATS_CAMPAIGNS_MAX values and "other", for any number of campaigns. */
TEST(test_the_cap)
{
    struct stats_slot stats = {.snapshot = NULL};
    struct stats_snapshot *snapshot = stats_snapshot_new(0);
    struct campaign_metrics m = blank();
    char name[32];
    for (int i = 0; i < STATS_CAMPAIGNS_MAX + 3; i++) {
        snprintf(name, sizeof name, "c%d", i);
        metric_set(&m.quota, 10);
        metric_set(&m.oldest, i * 1000000);
        metric_set(&m.lease, (STATS_CAMPAIGNS_MAX + 5 - i) * INT64_C(1000000));
        metric_set(&m.refused, i % 2 == 0 ? METRIC_ABSENT : 7);
        stats_snapshot_add(snapshot, name, &m);
    }
    stats_publish(&stats, snapshot);
    char *text = render(&stats, 0);
    assert_int_equal(lines_of(text, "onrush_campaign_quota{"), STATS_CAMPAIGNS_MAX + 1);
    assert_non_null(strstr(text, "onrush_campaign_quota{campaign=\"other\"} 30\n"));
    assert_non_null(
        strstr(text, "onrush_campaign_oldest_waiting_seconds{campaign=\"other\"} 1002.000000\n"));
    assert_non_null(strstr(text, "onrush_campaign_lease_seconds{campaign=\"other\"} 3.000000\n"));
    assert_non_null(
        strstr(text, "onrush_campaign_requests{campaign=\"other\",state=\"refused\"} 7\n"));
    assert_null(strstr(text, "campaign=\"c1000\""));
    free(text);
    stats_publish(&stats, NULL);
}

static double thread_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* scrape_ms: the best of ten scrapes of n campaigns, in processor time, so that a busy machine does
 * not count. */
static double scrape_ms(int n)
{
    struct stats_slot stats = {.snapshot = NULL};
    struct campaign_metrics m = {.quota = 10};
    double best = 1e9;
    for (int i = 0; i < 10; i++) {
        struct stats_snapshot *snapshot = stats_snapshot_new(0);
        for (int c = 0; c < n; c++) {
            stats_snapshot_add(snapshot, textf("a-campaign-with-a-rather-long-name-%d", c), &m);
        }
        stats_publish(&stats, snapshot);
        double began = thread_ms();
        char *text = render(&stats, i);
        double took = thread_ms() - began;
        assert_int_equal(lines_of(text, "onrush_campaign_quota{"), n);
        best = took < best ? took : best;
        free(text);
    }
    stats_publish(&stats, NULL);
    return best;
}

/* A scrape of ten times as many campaigns costs about ten times as much, not a hundred times. */
TEST(test_a_thousand_campaigns)
{
    double some = scrape_ms(STATS_CAMPAIGNS_MAX / 10), all = scrape_ms(STATS_CAMPAIGNS_MAX);
    print_message("a scrape of %d campaigns takes %.2f ms, of %d %.2f ms\n",
                  STATS_CAMPAIGNS_MAX / 10, some, STATS_CAMPAIGNS_MAX, all);
    assert_true(all < 40 * some);
}

/* --- a writer and a reader at once --- */

#define SHEETS 20000

static struct stats_slot shared;
static _Atomic bool over;

static void *write_sheets(void *arg)
{
    (void)arg;
    for (int i = 1; i <= SHEETS; i++) {
        struct stats_snapshot *snapshot = stats_snapshot_new(i);
        struct campaign_metrics m = blank();
        metric_set(&m.quota, i);
        metric_set(&m.accepted, i);
        stats_snapshot_add(snapshot, "noon", &m);
        stats_publish(&shared, snapshot);
    }
    over = true;
    return NULL;
}

static long long value_of(const char *text, const char *start)
{
    const char *at = strstr(text, start);
    return at != NULL ? strtoll(at + strlen(start), NULL, 10) : -1;
}

/* Every snapshot is complete, none is older than the one before, and the last one is found. */
TEST(test_nobody_waits)
{
    pthread_t writer;
    long long last = 0;
    assert_int_equal(pthread_create(&writer, NULL, write_sheets, NULL), 0);
    for (bool stop = false; !stop;) {
        stop = over;
        char *text = render(&shared, SHEETS);
        long long quota = value_of(text, "onrush_campaign_quota{campaign=\"noon\"} ");
        long long accepted = value_of(text, "onrush_campaign_accepted{campaign=\"noon\"} ");
        assert_int_equal(quota, accepted);
        if (quota >= 0) {
            assert_true(quota >= last);
            last = quota;
        }
        free(text);
    }
    pthread_join(writer, NULL);
    assert_int_equal(last, SHEETS);
    stats_publish(&shared, NULL);
}

/* --- against MariaDB --- */

static const struct {
    int64_t shown, claimed, before, after, shown_only, hidden;
} differences[] = {
    {0, 0, 0, 0, 0, 0},       {10, 0, 10, 10, 0, 0}, {10, 5, 15, 15, 0, 0},
    {10, 5, 12, 30, 0, 0},    {10, 0, 10, 9, 1, 0}, /* shown as granted, but not in MariaDB */
    {10, 5, 16, 16, 0, 1},    /* in MariaDB, but neither shown nor claimed in Redis */
    {0, 0, 100, 100, 0, 100}, /* Redis lost its data */
};

TEST(test_against_mariadb)
{
    for (size_t i = 0; i < LENGTH(differences); i++) {
        struct campaign_head head = {.granted = differences[i].shown,
                                     .claimed = differences[i].claimed};
        if (campaign_stats_shown_only(&head, differences[i].after) != differences[i].shown_only ||
            campaign_stats_hidden(&head, differences[i].before) != differences[i].hidden)
            fail_msg("row %zu", i);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* shared/base/backoff: bounds, maximum, jitter. */
#include "tests/support/test.h"

#include "shared/base/backoff.h"

TEST(test_doubles_up_to_the_cap)
{
    struct backoff b = {.first_ms = 20, .most_ms = 1000};
    static const int64_t full[] = {20, 40, 80, 160, 320, 640, 1000, 1000, 1000};
    for (size_t i = 0; i < LENGTH(full); i++)
        assert_in_range(backoff_next(&b), full[i] / 2, full[i]);
}

TEST(test_never_runs_over)
{
    struct backoff b = {.first_ms = 1, .most_ms = INT64_C(1) << 31, .tries = UINT32_MAX - 2};
    for (int i = 0; i < 5; i++)
        assert_in_range(backoff_next(&b), 0, INT64_C(1) << 31);
    struct backoff small = {.first_ms = 500, .most_ms = 100};
    assert_in_range(backoff_next(&small), 50, 100);
}

/* The jitter covers its range: each tenth of it gets some of 4,000 tries. */
TEST(test_jitter)
{
    int parts[10] = {0};
    for (int i = 0; i < 4000; i++) {
        struct backoff b = {.first_ms = 2000, .most_ms = 2000};
        int64_t ms = backoff_next(&b);
        assert_in_range(ms, 1000, 2000);
        parts[ms == 2000 ? 9 : (ms - 1000) / 100]++;
    }
    for (size_t i = 0; i < LENGTH(parts); i++)
        assert_in_range(parts[i], 200, 600);
}

TEST(test_reset)
{
    struct backoff b = {.first_ms = 20, .most_ms = 1000};
    for (int i = 0; i < 8; i++)
        backoff_next(&b);
    backoff_reset(&b);
    assert_in_range(backoff_next(&b), 10, 20);
}

TEST(test_news_gets_rarer)
{
    struct backoff b = {.first_ms = 1, .most_ms = 1};
    int said = 0;
    for (int i = 1; i <= 3600; i++) {
        backoff_next(&b);
        assert_true(i > 2 || backoff_is_news(&b));
        said += backoff_is_news(&b);
    }
    assert_int_equal(said, 12);
    backoff_reset(&b);
    backoff_next(&b);
    assert_true(backoff_is_news(&b));
}

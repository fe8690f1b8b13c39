/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler/pace: the batch size with databases whose commits take a + b per row. */
#include "scheduler/pace.h"
#include "tests/support/test.h"

/* commit: reports one full batch. */
static void commit(struct pace *p, int64_t fixed_us, int64_t row_us)
{
    pace_see(p, p->size, fixed_us + (int64_t)p->size * row_us);
}

TEST(test_begins_at_the_ceiling)
{
    struct pace p = {0};
    pace_set(&p, 1000, 50000);
    assert_int_equal(p.size, 1000);
    for (int i = 0; i < 100; i++)
        commit(&p, 2000, 3);
    assert_int_equal(p.size, 1000);
}

/* A row costs 100 us: 50 ms hold 500 rows. */
TEST(test_settles_near_the_target)
{
    struct pace p = {0};
    pace_set(&p, 1000, 50000);
    for (int i = 0; i < 20; i++)
        commit(&p, 0, 100);
    for (int i = 0; i < 100; i++) {
        commit(&p, 0, 100);
        assert_in_range(p.size, 500 * 3 / 4 - 1, 500 + 1000 / 16 + 1);
    }
}

TEST(test_recovers)
{
    struct pace p = {0};
    pace_set(&p, 1000, 50000);
    for (int i = 0; i < 20; i++)
        commit(&p, 0, 1000);
    assert_in_range(p.size, 125, 200);
    for (int i = 0; i < 16; i++)
        commit(&p, 2000, 3);
    assert_int_equal(p.size, 1000);
}

/* A slow disk does not push the size below the minimum. */
TEST(test_keeps_the_floor)
{
    static const size_t most[] = {1, 5, 8, 1000, 5000};
    for (size_t i = 0; i < LENGTH(most); i++) {
        struct pace p = {0};
        pace_set(&p, most[i], 1000);
        for (int n = 0; n < 50; n++)
            commit(&p, 500000, 1);
        assert_int_equal(p.size, most[i] / 8 > 0 ? most[i] / 8 : 1);
    }
}

TEST(test_small_batches_say_little)
{
    struct pace p = {0};
    pace_set(&p, 1000, 50000);
    pace_see(&p, 1000, 60000);
    assert_int_equal(p.size, 750);
    pace_see(&p, 10, 1000);
    assert_int_equal(p.size, 750);
    pace_see(&p, 1000, 60000); /* claimed before the size fell */
    assert_int_equal(p.size, 750);
    pace_see(&p, 10, 60000); /* they still show that it is slow */
    assert_int_equal(p.size, 562);
}

TEST(test_fixed)
{
    struct pace p = {0};
    pace_set(&p, 1000, 0);
    pace_see(&p, 1000, 5000000);
    assert_int_equal(p.size, 1000);
}

TEST(test_new_settings)
{
    struct pace p = {0};
    pace_set(&p, 1000, 50000);
    pace_see(&p, 1000, 60000);
    pace_set(&p, 2000, 50000); /* keeps the learned size */
    assert_int_equal(p.size, 750);
    pace_set(&p, 500, 50000);
    assert_int_equal(p.size, 500);
    pace_set(&p, 4000, 50000); /* was at its maximum: takes the new one */
    assert_int_equal(p.size, 4000);
    pace_see(&p, 4000, 60000);
    pace_set(&p, 4000, 0);
    assert_int_equal(p.size, 4000);
}

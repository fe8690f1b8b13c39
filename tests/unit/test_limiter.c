/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/limiter against a simple model: a full table, reuse, and threads that ask for the same
 * keys. */
#include "tests/support/test.h"

#include "gateway/limiter.h"
#include "tests/support/dice.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)

static struct limiter_hold hold;
static int64_t wait_us;

static enum limiter_verdict take(struct limiter *l, uint32_t key, const struct limit *limit,
                                 int64_t now_us)
{
    return limiter_take(l, &key, sizeof key, limit, now_us, &hold, &wait_us);
}

/* Three at once, then one per third of the period; refusals change nothing. */
TEST(test_three_in_ten_seconds)
{
    const struct limit limit = {3, 10 * SECOND};
    struct limiter *l = limiter_new(LIMITER_BUCKET);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(l, 1, &limit, SECOND), LIMITER_PASSED);
    for (int i = 0; i < 100; i++)
        assert_int_equal(take(l, 1, &limit, SECOND), LIMITER_REFUSED);
    assert_int_equal(wait_us, 3333334);
    assert_int_equal(take(l, 2, &limit, SECOND), LIMITER_PASSED);
    assert_int_equal(take(l, 1, &limit, SECOND + 3333333), LIMITER_REFUSED);
    assert_int_equal(wait_us, 1);
    assert_int_equal(take(l, 1, &limit, SECOND + 3333334), LIMITER_PASSED);
    assert_int_equal(take(l, 1, &limit, SECOND + 3333334), LIMITER_REFUSED);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(l, 1, &limit, 20 * SECOND), LIMITER_PASSED);
    assert_int_equal(take(l, 1, &limit, 20 * SECOND), LIMITER_REFUSED);
    limiter_free(l);
}

TEST(test_give_back)
{
    const struct limit limit = {1, SECOND};
    struct limiter *l = limiter_new(LIMITER_BUCKET);
    struct limiter_hold first;
    assert_int_equal(take(l, 1, &limit, SECOND), LIMITER_PASSED);
    first = hold;
    assert_int_equal(take(l, 1, &limit, SECOND), LIMITER_REFUSED);
    limiter_give_back(l, &hold); /* giving back a refused one has no effect */
    assert_int_equal(take(l, 1, &limit, SECOND), LIMITER_REFUSED);
    limiter_give_back(l, &first);
    assert_int_equal(take(l, 1, &limit, SECOND), LIMITER_PASSED);
    /* Others have taken the slot, so their count is not given back. */
    first = hold;
    for (uint32_t key = 2; key < 2 + LIMITER_BUCKET; key++)
        assert_int_equal(take(l, key, &limit, 10 * SECOND), LIMITER_PASSED);
    limiter_give_back(l, &first);
    for (uint32_t key = 2; key < 2 + LIMITER_BUCKET; key++)
        assert_int_equal(take(l, key, &limit, 10 * SECOND), LIMITER_REFUSED);
    limiter_free(l);
}

/* In a full bucket, present keys stay limited and other keys pass uncounted; expired slots are
 * reused. */
TEST(test_full)
{
    const struct limit limit = {1, SECOND};
    struct limiter *l = limiter_new(LIMITER_BUCKET);
    for (uint32_t key = 0; key < LIMITER_BUCKET; key++)
        assert_int_equal(take(l, key, &limit, SECOND), LIMITER_PASSED);
    for (uint32_t key = 0; key < 1000; key++)
        assert_int_equal(take(l, key, &limit, SECOND),
                         key < LIMITER_BUCKET ? LIMITER_REFUSED : LIMITER_UNCOUNTED);
    for (uint32_t key = 100; key < 100 + LIMITER_BUCKET; key++)
        assert_int_equal(take(l, key, &limit, 2 * SECOND), LIMITER_PASSED);
    for (uint32_t key = 100; key < 100 + LIMITER_BUCKET; key++)
        assert_int_equal(take(l, key, &limit, 2 * SECOND), LIMITER_REFUSED);
    limiter_free(l);
}

/* A request is judged by the limits in force when it arrives. */
TEST(test_limit_changes)
{
    const struct limit tight = {1, 10 * SECOND}, wide = {100, 10 * SECOND};
    struct limiter *l = limiter_new(LIMITER_BUCKET);
    assert_int_equal(take(l, 1, &tight, SECOND), LIMITER_PASSED);
    assert_int_equal(take(l, 1, &tight, SECOND), LIMITER_REFUSED);
    assert_int_equal(take(l, 1, &wide, SECOND + SECOND / 5), LIMITER_PASSED);
    assert_int_equal(take(l, 1, &tight, 2 * SECOND), LIMITER_REFUSED);
    limiter_free(l);
}

/* After a period is shortened, nobody waits for the old one. */
TEST(test_period_is_shortened)
{
    const struct limit hour = {1, 3600 * SECOND}, wide = {4, 8 * SECOND};
    struct limiter *l = limiter_new(LIMITER_BUCKET);
    assert_int_equal(take(l, 1, &hour, SECOND), LIMITER_PASSED);
    assert_int_equal(take(l, 1, &wide, 2 * SECOND), LIMITER_REFUSED);
    assert_int_equal(wait_us, 2 * SECOND);
    assert_int_equal(take(l, 1, &wide, 4 * SECOND - 1), LIMITER_REFUSED);
    assert_int_equal(take(l, 1, &wide, 4 * SECOND), LIMITER_PASSED);
    assert_int_equal(take(l, 1, &wide, 4 * SECOND), LIMITER_REFUSED);
    limiter_free(l);
}

/* A caller with a slightly slow clock does not lift a limit. */
TEST(test_clocks_differ)
{
    const struct limit limit = {10, 10 * SECOND};
    struct limiter *l = limiter_new(LIMITER_BUCKET);
    for (int i = 0; i < 10; i++)
        assert_int_equal(take(l, 1, &limit, 5 * SECOND), LIMITER_PASSED);
    assert_int_equal(take(l, 1, &limit, 4 * SECOND), LIMITER_REFUSED);
    assert_int_equal(wait_us, 2 * SECOND);
    assert_int_equal(take(l, 1, &limit, 5 * SECOND), LIMITER_REFUSED);
    assert_int_equal(take(l, 1, &limit, 6 * SECOND), LIMITER_PASSED);
    limiter_free(l);
}

/* --- against a model: a queue that leaks one request each period / requests --- */

#define KEYS  200
#define STEPS 200000

TEST(test_model)
{
    dice_seed();
    static double level[KEYS];
    static int64_t at_us[KEYS];
    memset(level, 0, sizeof level);
    memset(at_us, 0, sizeof at_us);
    /* Powers of two, so that the model has no rounding. */
    const struct limit limit = {(int64_t)1 << dice(5), (int64_t)(1 << 20) << dice(4)};
    double per_us = (double)limit.requests / (double)limit.period_us;
    struct limiter *l = limiter_new(1024);
    int64_t now_us = 0;
    int passed = 0;
    for (int i = 0; i < STEPS; i++) {
        uint32_t key = (uint32_t)dice(dice(2) > 0 ? KEYS : 5);
        now_us += (int64_t)dice((uint64_t)(limit.period_us / limit.requests / 16));
        level[key] -= (double)(now_us - at_us[key]) * per_us;
        level[key] = level[key] < 0 ? 0 : level[key];
        at_us[key] = now_us;
        bool want = level[key] + 1 <= (double)limit.requests;
        enum limiter_verdict got = take(l, key, &limit, now_us);
        if (got != (want ? LIMITER_PASSED : LIMITER_REFUSED))
            fail_msg("step %d: %d", i, (int)got);
        level[key] += want;
        passed += want;
        if (want && dice(10) == 0) {
            limiter_give_back(l, &hold);
            level[key]--;
        }
    }
    assert_in_range(passed, 1, STEPS - 1);
    limiter_free(l);
}

#define THREADS 4
#define ROUNDS  1500
#define CROWD   48 /* new keys of one round; all fit */

/* All threads ask for the same new keys at once. The previous round's keys have expired, so their
 * slots are reused. */
static struct crowd {
    struct limiter *limiter;
    struct limit limit;
    pthread_barrier_t barrier;
    _Atomic int passed[CROWD], uncounted, wrong;
} crowd;

static void *ask(void *arg)
{
    unsigned shift = (unsigned)(uintptr_t)arg;
    for (int64_t round = 1; round <= ROUNDS; round++) {
        pthread_barrier_wait(&crowd.barrier);
        for (unsigned i = 0; i < 8 * CROWD; i++) {
            unsigned n = (i * 5 + shift * 11) % CROWD;
            uint64_t key = (uint64_t)round << 32 | n;
            struct limiter_hold h;
            int64_t w;
            enum limiter_verdict v = limiter_take(crowd.limiter, &key, sizeof key, &crowd.limit,
                                                  round * 2 * SECOND, &h, &w);
            if (v == LIMITER_PASSED)
                atomic_fetch_add(&crowd.passed[n], 1);
            if (v == LIMITER_UNCOUNTED)
                atomic_fetch_add(&crowd.uncounted, 1);
        }
        pthread_barrier_wait(&crowd.barrier);
        for (unsigned n = shift; n < CROWD; n += THREADS)
            atomic_fetch_add(&crowd.wrong,
                             atomic_exchange(&crowd.passed[n], 0) != crowd.limit.requests);
    }
    return NULL;
}

/* Each new key passes exactly as often as allowed, whichever threads ask. */
TEST(test_threads)
{
    pthread_t threads[THREADS];
    for (crowd.limit = (struct limit){1, SECOND}; crowd.limit.requests <= 4;
         crowd.limit.requests += 3) {
        crowd.limiter = limiter_new(512);
        pthread_barrier_init(&crowd.barrier, NULL, THREADS);
        for (uintptr_t i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, ask, (void *)i), 0);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&crowd.barrier);
        limiter_free(crowd.limiter);
        assert_int_equal(atomic_load(&crowd.uncounted), 0);
        assert_int_equal(atomic_load(&crowd.wrong), 0);
    }
}

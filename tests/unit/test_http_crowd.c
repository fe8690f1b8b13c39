/* shared/http/crowd: limits for all and for one address, from many threads. */
#include "tests/support/test.h"

#include "shared/http/crowd.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct address address_of_number(unsigned n)
{
    struct address a = {{[10] = 0xff, [11] = 0xff, [12] = 10}};
    a.bytes[14] = (unsigned char)(n >> 8);
    a.bytes[15] = (unsigned char)n;
    return a;
}

static void test_limits(void **state)
{
    (void)state;
    struct http_crowd *crowd = http_crowd_new(8);
    struct address ann = address_of_number(1), bob = address_of_number(2);
    struct http_crowd_place *places[5], *none;
    assert_int_equal(http_crowd_enter(crowd, &ann, 4, 0, &none), HTTP_CROWD_HERE_FULL);
    assert_null(none);
    assert_int_equal(http_crowd_enter(crowd, &ann, 4, 2, &places[0]), HTTP_CROWD_IN);
    assert_int_equal(http_crowd_enter(crowd, &ann, 4, 2, &places[1]), HTTP_CROWD_IN);
    assert_ptr_equal(places[0], places[1]);
    assert_int_equal(http_crowd_size_here(places[0]), 2);
    assert_int_equal(http_crowd_enter(crowd, &ann, 4, 2, &none), HTTP_CROWD_HERE_FULL);
    assert_int_equal(http_crowd_size(crowd), 2);
    assert_int_equal(http_crowd_enter(crowd, &bob, 4, 2, &places[2]), HTTP_CROWD_IN);
    assert_int_equal(http_crowd_enter(crowd, NULL, 4, 2, &places[3]), HTTP_CROWD_IN);
    assert_null(places[3]);
    assert_int_equal(http_crowd_size_here(places[3]), 0);
    assert_int_equal(http_crowd_enter(crowd, NULL, 4, 2, &none), HTTP_CROWD_FULL);
    assert_int_equal(http_crowd_enter(crowd, &bob, 4, 2, &none), HTTP_CROWD_FULL);
    http_crowd_leave(crowd, places[0]);
    assert_int_equal(http_crowd_size_here(places[1]), 1);
    assert_int_equal(http_crowd_enter(crowd, &ann, 4, 2, &places[0]), HTTP_CROWD_IN);
    for (int i = 0; i < 4; i++)
        http_crowd_leave(crowd, places[i]);
    assert_int_equal(http_crowd_size(crowd), 0);
    assert_null(http_crowd_free(crowd));
    assert_null(http_crowd_free(NULL));
}

/* --- threads --- */

#define THREADS 8
#define ROUNDS  20000
#define NAMES   50 /* more than there are locks, fewer than there are buckets */
#define MOST    3

static struct http_crowd *crowd;
static _Atomic int inside[NAMES];
static atomic_bool too_many;

static void *come_and_go(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    for (int i = 0; i < ROUNDS; i++) {
        unsigned name = (unsigned)rand_r(&seed) % NAMES;
        struct address a = address_of_number(name);
        struct http_crowd_place *place;
        if (http_crowd_enter(crowd, &a, THREADS - 2, MOST, &place) != HTTP_CROWD_IN)
            continue;
        if (++inside[name] > MOST || http_crowd_size(crowd) > THREADS)
            too_many = true;
        inside[name]--;
        http_crowd_leave(crowd, place);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    crowd = http_crowd_new(1);
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_false(too_many);
    assert_int_equal(http_crowd_size(crowd), 0);
    http_crowd_free(crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* shared/http/client_limit: total and per-address limits, from many threads. */
#include "tests/support/test.h"

#include "shared/http/client_limit.h"

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

TEST(test_limits)
{
    struct http_client_limit *clients = http_client_limit_new(8);
    struct address ann = address_of_number(1), bob = address_of_number(2);
    struct http_client_place *places[5], *none;
    assert_int_equal(http_client_limit_enter(clients, &ann, 4, 0, &none), HTTP_CLIENT_ADDRESS_FULL);
    assert_null(none);
    assert_int_equal(http_client_limit_enter(clients, &ann, 4, 2, &places[0]), HTTP_CLIENT_IN);
    assert_int_equal(http_client_limit_enter(clients, &ann, 4, 2, &places[1]), HTTP_CLIENT_IN);
    assert_ptr_equal(places[0], places[1]);
    assert_int_equal(http_client_limit_size_here(places[0]), 2);
    assert_int_equal(http_client_limit_enter(clients, &ann, 4, 2, &none), HTTP_CLIENT_ADDRESS_FULL);
    assert_int_equal(http_client_limit_size(clients), 2);
    assert_int_equal(http_client_limit_enter(clients, &bob, 4, 2, &places[2]), HTTP_CLIENT_IN);
    assert_int_equal(http_client_limit_enter(clients, NULL, 4, 2, &places[3]), HTTP_CLIENT_IN);
    assert_null(places[3]);
    assert_int_equal(http_client_limit_size_here(places[3]), 0);
    assert_int_equal(http_client_limit_enter(clients, NULL, 4, 2, &none), HTTP_CLIENT_ALL_FULL);
    assert_int_equal(http_client_limit_enter(clients, &bob, 4, 2, &none), HTTP_CLIENT_ALL_FULL);
    http_client_limit_leave(clients, places[0]);
    assert_int_equal(http_client_limit_size_here(places[1]), 1);
    assert_int_equal(http_client_limit_enter(clients, &ann, 4, 2, &places[0]), HTTP_CLIENT_IN);
    for (int i = 0; i < 4; i++)
        http_client_limit_leave(clients, places[i]);
    assert_int_equal(http_client_limit_size(clients), 0);
    assert_null(http_client_limit_free(clients));
    assert_null(http_client_limit_free(NULL));
}

#define THREADS 8
#define ROUNDS  20000
#define NAMES   50 /* more than locks, fewer than buckets */
#define MOST    3

static struct http_client_limit *clients;
static _Atomic int inside[NAMES];
static atomic_bool too_many;

static void *come_and_go(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    for (int i = 0; i < ROUNDS; i++) {
        unsigned name = (unsigned)rand_r(&seed) % NAMES;
        struct address a = address_of_number(name);
        struct http_client_place *place;
        if (http_client_limit_enter(clients, &a, THREADS - 2, MOST, &place) != HTTP_CLIENT_IN)
            continue;
        if (++inside[name] > MOST || http_client_limit_size(clients) > THREADS)
            too_many = true;
        inside[name]--;
        http_client_limit_leave(clients, place);
    }
    return NULL;
}

TEST(test_threads)
{
    pthread_t threads[THREADS];
    clients = http_client_limit_new(1);
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_false(too_many);
    assert_int_equal(http_client_limit_size(clients), 0);
    http_client_limit_free(clients);
}

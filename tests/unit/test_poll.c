/* gateway/worker: when what is waited for is looked at. */
#include "tests/support/test.h"

#include "gateway/worker.h"

#include <string.h>

#define SECOND INT64_C(1000000)

static struct gateway gateway;
static struct worker worker;
static struct gateway_config config;

static void on_poll(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    fail(); /* the loop never runs */
}

static int set_up(void **state)
{
    (void)state;
    config = (struct gateway_config){.poll_ms = 20, .instant_poll_ms = 2};
    gateway.config = &config;
    memset(&worker, 0, sizeof worker);
    worker.gateway = &gateway;
    worker.now_us = 100 * SECOND;
    worker.base = event_base_new();
    worker.poll_event = evtimer_new(worker.base, on_poll, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    event_free(worker.poll_event);
    event_base_free(worker.base);
    return 0;
}

/* due_ms: from now on; -1: never. */
static int64_t due_ms(void)
{
    if (!event_pending(worker.poll_event, EV_TIMEOUT, NULL))
        return -1;
    return (worker.poll_us - worker.now_us) / 1000;
}

/* Somebody who begins to wait puts off nobody who waits already. */
static void test_nothing_is_put_off(void **state)
{
    struct timeval first, later;
    (void)state;
    worker_poll(&worker, true);
    assert_true(event_pending(worker.poll_event, EV_TIMEOUT, &first));
    for (int i = 1; i <= 4; i++) {
        worker.now_us += 4000;
        worker.campaigns.n_waited++;
        worker_poll(&worker, true);
        assert_int_equal(due_ms(), 20 - 4 * i);
    }
    assert_true(event_pending(worker.poll_event, EV_TIMEOUT, &later));
    assert_int_equal(first.tv_sec * SECOND + first.tv_usec, later.tv_sec * SECOND + later.tv_usec);
}

/* The first POST that waits is looked at sooner, and the last that leaves ends it. */
static void test_sooner_and_never(void **state)
{
    (void)state;
    worker_poll(&worker, true);
    worker.campaigns.n_instant = 1;
    worker_poll(&worker, true);
    assert_int_equal(due_ms(), 2);
    worker_poll(&worker, false);
    assert_int_equal(due_ms(), -1);
    worker_poll(&worker, true);
    assert_int_equal(due_ms(), 2);
}

static const struct {
    size_t n_waited, n_instant;
    int64_t ms;
} crowds[] = {{1, 0, 20},   {100, 0, 20},    {1000, 0, 200}, {4096, 0, 819}, {1, 1, 2},
              {1, 1000, 4}, {1, 100000, 20}, {10, 10, 2},    {100, 1, 20},   {1000, 1, 200}};

static void test_crowds(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(crowds); i++) {
        worker.campaigns.n_waited = crowds[i].n_waited;
        worker.campaigns.n_instant = crowds[i].n_instant;
        worker_poll(&worker, false);
        worker_poll(&worker, true);
        assert_int_equal(due_ms(), crowds[i].ms);
    }
}

#define POLL_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POLL_TEST(test_nothing_is_put_off),
        POLL_TEST(test_sooner_and_never),
        POLL_TEST(test_crowds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

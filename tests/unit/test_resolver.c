/* SPDX-License-Identifier: Apache-2.0 */
/* shared/base/resolver and the link that uses it: a name that never resolves blocks nobody. */
#include "tests/support/test.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/resolver.h"
#include "shared/store/redis_link.h"
#include "tests/support/child.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define PATIENCE_US 20000000

static struct event_base *base;
static atomic_int lookups; /* lookups begun */
static int answers;
static char last[RESOLVER_ADDRESS_MAX];

/* While the gate is shut, a lookup hangs. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static int behind_the_gate(const char *host, char address[RESOLVER_ADDRESS_MAX])
{
    lookups++;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    if (strcmp(host, "nowhere.test") == 0)
        return -EADDRNOTAVAIL;
    strcpy(address, "127.0.0.1");
    return 0;
}

static void on_answer(void *arg, const char *address)
{
    (void)arg;
    answers++;
    snprintf(last, sizeof last, "%s", address != NULL ? address : "none");
}

static void turn(void)
{
    struct timeval tv = {.tv_usec = 5000};
    event_base_loopexit(base, &tv);
    event_base_dispatch(base);
}

static void turn_until(const int *value, int least)
{
    for (int64_t began_us = clock_mono_us(); *value < least; turn())
        assert_true(clock_mono_us() - began_us < PATIENCE_US);
}

static void set_up(void)
{
    lookups = 0;
    answers = 0;
    base = event_base_new();
    resolver_replace(behind_the_gate);
    assert_non_null(base);
}

static void tear_down(void)
{
    resolver_replace(NULL);
    event_base_free(base);
}

TEST_WITH(test_answers, set_up, tear_down)
{
    struct resolver *r;
    r = resolver_new(base, on_answer, NULL);
    assert_non_null(r);
    assert_int_equal(resolver_ask(r, "redis.test"), 0);
    turn_until(&answers, 1);
    assert_string_equal(last, "127.0.0.1");
    assert_int_equal(resolver_ask(r, "nowhere.test"), 0);
    turn_until(&answers, 2);
    assert_string_equal(last, "none");
    resolver_replace(NULL);
    /* The system's own lookup, of an address, because a fresh system may not know localhost. */
    assert_int_equal(resolver_ask(r, "127.0.0.2"), 0);
    turn_until(&answers, 3);
    assert_string_equal(last, "127.0.0.2");
    assert_null(resolver_free(r));
    assert_null(resolver_free(NULL));
}

TEST_WITH(test_is_address, set_up, tear_down)
{
    assert_true(resolver_is_address("10.0.0.1"));
    assert_true(resolver_is_address("::1"));
    assert_false(resolver_is_address("redis.test"));
    assert_false(resolver_is_address("10.0.0"));
    assert_false(resolver_is_address(""));
}

/* While a lookup hangs, asking again adds no second one, and freeing does not wait. */
TEST_WITH(test_hangs, set_up, tear_down)
{
    struct resolver *r;
    pthread_mutex_lock(&gate);
    r = resolver_new(base, on_answer, NULL);
    assert_non_null(r);
    for (int i = 0; i < 3; i++)
        assert_int_equal(resolver_ask(r, "redis.test"), 0);
    for (int i = 0; i < 20; i++)
        turn();
    assert_int_equal(answers, 0);
    assert_int_equal(lookups, 1);
    resolver_free(r);
    pthread_mutex_unlock(&gate);
}

/* --- the link --- */

static void on_state(void *arg, bool up)
{
    (void)arg;
    (void)up;
}

static void wait_for_reason(const struct redis_link *link, const char *reason)
{
    for (int64_t began_us = clock_mono_us(); strcmp(redis_link_reason(link), reason) != 0; turn())
        if (clock_mono_us() - began_us >= PATIENCE_US)
            fail_msg("%s", redis_link_reason(link));
}

static void count_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (*(int *)arg)++;
}

TEST_WITH(test_link_with_a_name, set_up, tear_down)
{
    int turns = 0;
    struct redis_config config = {
        .host = "redis.test", .port = 1, .connect_timeout_ms = 300, .command_timeout_ms = 300};
    struct redis_link *link;
    struct event *tick = event_new(base, -1, EV_PERSIST, count_turn, &turns);
    event_add(tick, &(struct timeval){.tv_usec = 1000});
    pthread_mutex_lock(&gate);
    assert_int_equal(redis_link_new(&link, base, &config, on_state, NULL), 0);
    wait_for_reason(link, "the name in redis.host is not resolved in time");
    assert_true(turns > 10); /* the loop continued meanwhile */
    pthread_mutex_unlock(&gate);
    /* now there is an address, but nobody listens */
    wait_for_reason(link, "redis cannot be reached");
    redis_link_free(link);
    strcpy(config.host, "nowhere.test");
    assert_int_equal(redis_link_new(&link, base, &config, on_state, NULL), 0);
    wait_for_reason(link, "the name in redis.host is not known");
    redis_link_free(link);
    event_free(tick);
}

BEFORE_ALL(prepare)
{
    signal(SIGPIPE, SIG_IGN);
    log_configure(LOG_LEVEL_ERROR, LOG_LOGFMT, LOG_PRIORITIES_AUTO);
}

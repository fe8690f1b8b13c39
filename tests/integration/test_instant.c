/* SPDX-License-Identifier: Apache-2.0 */
/* Instant mode: the answer to a POST carries the decision if it is made in time; otherwise it is
 * 202, whatever happened meanwhile. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct stack stack;
static struct event fast, slow, off;

BEFORE_ALL(up)
{
    stack_up(&stack, (const char *const[]){"--set", "gateway.workers=1", "--set",
                                           "gateway.max_waiters=1", NULL});
    event_open(&fast, &stack, "fast");
    event_open(&slow, &stack, "slow");
    event_open(&off, &stack, "off");
    event_create(&fast, "--quota 3 --overflow 1 --instant-wait-ms 10000");
    event_create(&slow, "--quota 100 --instant-wait-ms 1000");
    event_create(&off, "--quota 100");
}

static bool says(const struct http_answer *a, const char *text)
{
    return strstr(a->body, text) != NULL;
}

/* The answer itself has the coupon or the final refusal. */
TEST(test_decided_at_once)
{
    static struct http_answer a;
    static const char *const users[] = {"ann", "bob", "carl"};
    for (size_t i = 0; i < LENGTH(users); i++) {
        char code[COUPON_CODE_LEN + 1];
        if (event_post(&fast, users[i], &a) != 200)
            fail_msg("%s: %d %s", users[i], a.status, a.body);
        assert_true(says(&a, "\"status\":\"granted\"") &&
                    says(&a, textf("\"serial\":%zu,", i + 1)));
        assert_int_equal(sscanf(strstr(a.body, "\"code\":\""), "\"code\":\"%19[^\"]", code), 1);
        assert_int_equal(
            stack_number(&fast.db,
                         "SELECT COUNT(*) FROM coupons WHERE user_id = '%s' AND code = '%s'",
                         users[i], code),
            1);
    }
    assert_int_equal(event_post(&fast, "dora", &a), 409);
    assert_true(says(&a, "\"SOLD_OUT\"") &&
                says(&a, "\"ticket\":")); /* she was admitted and waited */
    assert_int_equal(event_post(&fast, "emil", &a), 409);
    assert_int_equal(event_post(&fast, "ann", &a), 200);
    assert_int_equal(event_post(&off, "ann", &a), 202);
}

static void check_accepted(const struct http_answer *a)
{
    if (a->status != 202 || !says(a, "\"status\":\"waiting\"") || !says(a, "\"ticket\":1"))
        fail_msg("%d %s", a->status, a->body);
    assert_non_null(http_header(a, "Location"));
}

/* Nobody decides: 202, but not before the wait is over. */
TEST(test_not_in_time)
{
    static struct http_answer a;
    stack_kill(&stack, "scheduler", "TERM");
    int64_t from_us = clock_mono_us();
    event_post(&slow, "ann", &a);
    assert_true(clock_mono_us() - from_us >= 990000);
    check_accepted(&a);
    event_post(&slow, "ann", &a); /* asking again waits again, with the same ticket */
    check_accepted(&a);
}

/* --- a waiting POST in its own thread --- */

static struct posting poster;

/* start_post: returns when the gateway holds the answer. */
static void start_post(const struct event *event, const char *user)
{
    posting_begin(&poster, event, user);
    event_wait_metric(stack.admin_url, "onrush_gateway_waiters", 1);
}

/* A POST beyond max_waiters is still accepted: 202 at once. */
TEST(test_too_many_waiters)
{
    static struct http_answer a;
    assert_int_equal(stack_ctl(&stack, NULL, "campaign set-instant-wait slow 10001"), 64);
    start_post(&slow, "bob");
    event_post(&slow, "carl", &a);
    check_accepted(&a);
    posting_end(&poster);
    check_accepted(&poster.answer);
}

/* Redis goes away: the request was accepted and gets 202. */
TEST(test_redis_lost)
{
    start_post(&slow, "dora");
    stack_kill(&stack, "redis", "KILL");
    posting_end(&poster);
    check_accepted(&poster.answer);
    stack_start(&stack, "redis");
}

/* set_instant: changes the wait; returns when the gateway knows. */
static void set_instant(int64_t ms)
{
    struct campaign_head head;
    redisContext *redis = stack_redis(&stack);
    event_ctl(&stack, "campaign set-instant-wait slow %d", (int)ms);
    wait_for(stack_head(redis, "slow", &head) && head.instant_wait_ms == ms);
    redisFree(redis);
    /* fetches a new head; 503: the gateway has no Redis yet */
    wait_for(http_get(event_url(&slow, "/requests/nobody"), NULL) == 404);
}

TEST(test_changed)
{
    static struct http_answer a;
    stack_start(&stack, "scheduler");
    set_instant(0);
    stack_kill(&stack, "scheduler", "TERM");
    assert_int_equal(event_post(&slow, "emil", &a), 202);
    /* ann twice, bob, dora */
    assert_int_equal(
        event_metric(stack.admin_url, "onrush_gateway_instant_total{answer=\"waiting\"}"), 4);
    stack_start(&stack, "scheduler");
    set_instant(10000);
    stack_kill(&stack, "scheduler", "TERM");
}

/* A stopping gateway answers all waiting requests. */
TEST(test_stopping)
{
    start_post(&slow, "fred");
    int64_t from_us = clock_mono_us();
    stack_kill(&stack, "gateway", "TERM");
    posting_end(&poster);
    assert_true(clock_mono_us() - from_us < 9000000);
    check_accepted(&poster.answer);
}

TEST(test_the_stack_stops_clean)
{
    event_close(&fast);
    event_close(&slow);
    event_close(&off);
    assert_int_equal(stack_finish(&stack), 0);
}

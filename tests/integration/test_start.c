/* SPDX-License-Identifier: Apache-2.0 */
/* A starting gateway answers nothing before it knows the state of Redis. Otherwise it could journal
 * a request, and a later one that goes to Redis would overtake it. Redis is stopped (SIGSTOP): it
 * accepts connections and does not answer. */
#include "tests/integration/event.h"

#include "tests/support/child.h"

#include <stdio.h>
#include <string.h>

static const char *const options[] = {
    "--set", "gateway.workers=1", "--set", "gateway.redis.command_timeout_ms=60000", NULL,
};

static struct stack stack;
static struct event noon;

BEFORE_ALL(up)
{
    event_start(&noon, &stack, options, "--quota 100 --overflow -1");
}

/* wait_listening: waits until both listeners answer requests that need no store. */
static void wait_listening(void)
{
    wait_for(http_get(textf("%s/no-such-route", stack.url), NULL) == 404);
    wait_for(http_get(textf("%s/healthz", stack.admin_url), NULL) == 200);
}

/* ask_early: sends a request to a gateway that has just started; it waits for Redis. */
static void ask_early(struct posting *w, const char *user)
{
    static const char *const start[] = {"gateway", "--launched", NULL};
    stack_kill(&stack, "gateway", "KILL");
    stack_kill(&stack, "redis", "STOP");
    assert_int_equal(stack_try(&stack, "start", start), 0);
    wait_listening();
    posting_begin(w, &noon, user);
    event_wait_metric(stack.admin_url, "onrush_gateway_in_flight", 1);
    assert_int_equal(w->status, 0);
}

TEST(test_redis_comes)
{
    struct posting w;
    ask_early(&w, "ann");
    stack_kill(&stack, "redis", "CONT");
    assert_int_equal(posting_end(&w), 202);
    assert_non_null(strstr(w.answer.body, "\"ticket\":"));
    assert_int_equal(event_metric(stack.admin_url, "onrush_gateway_journalled_total"), 0);
}

TEST(test_redis_does_not_come)
{
    struct posting w;
    ask_early(&w, "bob");
    stack_kill(&stack, "redis", "KILL");
    assert_int_equal(posting_end(&w), 202);
    assert_null(strstr(w.answer.body, "\"ticket\":"));
    stack_start(&stack, "redis");
    event_reconnect(&noon);
    event_wait(&noon, 20000);
}

EVENT_ENDS(noon)

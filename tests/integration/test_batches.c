/* SPDX-License-Identifier: Apache-2.0 */
/* Two calls in flight for one campaign: each answer goes to its request, in order, even if Redis
 * had lost its functions and both calls are repeated. */
#include "tests/integration/event.h"

#include "tests/support/private_redis.h"
#include "tests/support/raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REQUESTS  6 /* one call for the first, one for the second; the others wait */
#define ANSWER_MS 10000

static struct stack stack;
static struct event noon;

BEFORE_ALL(up)
{
    event_start(&noon, &stack,
                (const char *const[]){"--set", "gateway.workers=1", "--set",
                                      "gateway.redis.command_timeout_ms=60000", NULL},
                "--quota 3 --overflow -1");
    stack_kill(&stack, "scheduler", "KILL"); /* waiting users stay waiting */
}

/* take: returns the ticket of a 202. */
static uint64_t take(int fd)
{
    static char text[RAW_MAX];
    bool closed;
    raw_read(fd, text, ANSWER_MS, &closed);
    assert_int_equal(raw_status(text), 202);
    const char *ticket = strstr(text, "\"ticket\":");
    assert_non_null(ticket);
    return strtoull(ticket + strlen("\"ticket\":"), NULL, 10);
}

/* in_order: earlier users must have lower tickets, and Redis must have the same. */
static void in_order(const char *prefix)
{
    int fds[REQUESTS];
    uint64_t last = 0;
    stack_kill(&stack, "redis", "STOP");
    for (int i = 0; i < REQUESTS; i++) {
        fds[i] = raw_connect(stack.url);
        event_raw_post(&noon, fds[i], textf("%s-%d", prefix, i));
        event_wait_metric(stack.admin_url, "onrush_gateway_in_flight", i + 1);
    }
    stack_kill(&stack, "redis", "CONT");
    for (int i = 0; i < REQUESTS; i++) {
        uint64_t ticket = take(fds[i]);
        assert_true(ticket > last);
        assert_int_equal(stack_ticket(noon.redis, "noon", textf("%s-%d", prefix, i)), ticket);
        last = ticket;
        close(fds[i]);
    }
}

TEST(test_two_calls)
{
    in_order("early");
}

TEST(test_two_calls_without_functions)
{
    redis_says(noon.redis, "FUNCTION FLUSH");
    in_order("late");
}

EVENT_ENDS(noon)

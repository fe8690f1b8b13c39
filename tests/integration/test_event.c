/* SPDX-License-Identifier: Apache-2.0 */
/* One coupon event: 20,000 requests of 5,000 users for 1,000 coupons over 200 connections; once
 * with the default admission limit, once without one. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUOTA    1000
#define USERS    5000
#define REQUESTS 20000

static struct stack stack;

BEFORE_ALL(up)
{
    stack_up(&stack, NULL);
}

static void run_event(struct event *e, const char *options)
{
    char *out;
    event_create(e, options);
    const char *ledger = textf("%s/%s.ledger", stack.dir, e->name);
    int code =
        stack_ctl(&stack, &out,
                  "burst %s --users %d --requests %d --concurrency 200 --no-progress --ledger %s",
                  e->name, USERS, REQUESTS, ledger);
    if (code != 0)
        fail_msg("%s", out);
    free(out);
    event_wait(e, 30000);
    event_read_ledger(e, ledger);
    remove(ledger);
    assert_int_equal(e->answers, REQUESTS);
    assert_int_equal(e->faults, 0);
    assert_int_equal(e->n, USERS);
}

TEST(test_exactly_the_first_win)
{
    struct event e;
    event_open(&e, &stack, "noon");
    run_event(&e, "--quota 1000");
    event_check(&e, QUOTA);
    /* the rest was told at once that the campaign is full */
    assert_in_range(e.n_tickets, QUOTA, 2 * QUOTA);
    event_check_answers(&e);
    event_close(&e);
}

TEST(test_without_a_bound_of_admission)
{
    struct event e;
    event_open(&e, &stack, "open-end");
    run_event(&e, "--quota 1000 --overflow -1");
    event_check(&e, QUOTA);
    assert_int_equal(e.n_tickets, USERS);
    event_check_answers(&e);
    event_close(&e);
}

/* The decision ends a long-poll, not its timeout. */
TEST(test_long_poll)
{
    static struct http_answer a;
    struct event e;
    event_make(&e, &stack, "poll", "--quota 1");
    assert_int_equal(event_post(&e, "ann", &a), 202);
    int64_t began_us = clock_mono_us();
    assert_int_equal(http_get(event_url(&e, "/requests/ann?wait=30"), &a), 200);
    assert_non_null(strstr(a.body, "\"status\":\"granted\""));
    assert_in_range(clock_mono_us() - began_us, 0, 10000000);
    event_close(&e);
}

STACK_ENDS(stack)

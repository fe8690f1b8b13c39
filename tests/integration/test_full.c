/* SPDX-License-Identifier: Apache-2.0 */
/* A full campaign, answered from the gateway's user filter: every admitted user still gets their
 * status, whether above the mark, below it, or decided. */
#include "tests/integration/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADMITTED    6 /* quota and overflow; the first is decided, the next two are claimed */
#define FROM_MEMORY 20
#define ROUNDS      10     /* new connections, to reach all workers */
#define CROWD       100000 /* read in about 100 steps */
#define A_CALL      5000
#define MOVED       1000

#define MEMORY_ANSWERS "onrush_gateway_memory_answers_total"

static struct stack stack;
static struct event noon;

BEFORE_ALL(up)
{
    event_start(&noon, &stack, NULL, "--quota 4 --overflow 2");
    stack_kill(&stack, "scheduler", "KILL"); /* no other decisions */
}

static void call(const char *campaign, const char *function, const char *arguments)
{
    redisReply *r = redisCommand(
        noon.redis,
        textf("FCALL onrush_%s 3 onrush:{%s}:meta onrush:{%s}:queue onrush:{%s}:users %s", function,
              campaign, campaign, campaign, arguments));
    if (r->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", function, r->str);
    freeReplyObject(r);
}

/* place: one user is decided, two are claimed, the others are above the mark. */
static void place(uint64_t first_ticket)
{
    struct campaign_head h;
    assert_true(stack_head(noon.redis, "noon", &h));
    call("noon", "claim", textf("%" PRId64 " 3", h.epoch));
    call("noon", "settle",
         textf("%" PRId64 " %" PRIu64 " %" PRIu64 " u-0 s%" PRIu64, h.epoch, first_ticket,
               first_ticket, first_ticket));
}

static long from_memory(void)
{
    return event_metric(stack.admin_url, MEMORY_ANSWERS);
}

static void post_stranger(const struct event *e, int i)
{
    assert_int_equal(event_post(e, textf("late-%d", i), NULL), 409);
}

/* asked_again: a stranger asks; returns the value of this metric. */
static long asked_again(const struct event *e, const char *metric)
{
    static int i;
    post_stranger(e, i++);
    return event_metric(stack.admin_url, metric);
}

static void wait_until_memory_answers(const struct event *e, int answers)
{
    long before = from_memory();
    wait_for(asked_again(e, MEMORY_ANSWERS) >= before + answers);
}

TEST(test_who_was_admitted_is_known)
{
    static struct http_answer a;
    for (int i = 0; i < ADMITTED; i++)
        event_accept(&noon, "u-%d", i);
    place(stack_ticket(noon.redis, "noon", "u-0"));
    wait_until_memory_answers(&noon, FROM_MEMORY);
    for (int i = 0; i < ADMITTED * ROUNDS; i++) {
        const char *user = textf("u-%d", i % ADMITTED);
        int status = event_post(&noon, user, &a);
        if (status != (i % ADMITTED == 0 ? 409 : 202) || strstr(a.body, "\"ticket\"") == NULL)
            fail_msg("%s: %d %s", user, status, a.body);
    }
    assert_true(from_memory() >= FROM_MEMORY);
}

/* crowd: fills a campaign that no scheduler opens. MariaDB has it, because the gateway looks for it
 * in the journal. */
static void crowd(const char *campaign)
{
    static char users[A_CALL * 16];
    event_sql(&noon, textf("INSERT INTO campaigns (name, quota, overflow, state, opens_at) "
                           "VALUES ('%s', 10, %d, 'open', '2000-01-01')",
                           campaign, CROWD - 10));
    call(campaign, "publish", textf("5 7 open 10 %d 0 0 0 1", CROWD));
    for (int i = 0; i < CROWD; i += A_CALL) {
        size_t n = 0;
        for (int j = 0; j < A_CALL; j++)
            n += (size_t)sprintf(users + n, "%su-%d", j > 0 ? " " : "", i + j);
        call(campaign, "enqueue", users);
    }
}

/* wait_for_scan: waits until the workers have read about half of the queue. */
static void wait_for_scan(const struct event *e)
{
    static const char name[] = "onrush_gateway_redis_calls_total{call=\"scan\"}";
    long before = event_metric(stack.admin_url, name);
    for (int i = 0; i < ROUNDS; i++)
        post_stranger(e, i);
    wait_for(event_metric(stack.admin_url, name) >= before + CROWD / 1000 / 2);
}

/* moved: the first users and their states in the form for settle and drain. */
static const char *moved(const char *begin, const char *state)
{
    static char arguments[MOVED * 32];
    size_t n = (size_t)sprintf(arguments, "%s", begin);
    for (int u = 0; u < MOVED; u++)
        n += (size_t)sprintf(arguments + n, " u-%d %s", u, state);
    return arguments;
}

/* During the scan a scheduler decides some users; or a takeover, whose epoch is published by then,
 * revives the sold out; or the journal moves some forward. Nobody is missed. */
TEST(test_who_moves_during_the_scan_is_known)
{
    static struct http_answer a;
    static const struct {
        const char *name, *during, *arguments, *state;
        bool sold_out; /* answer before the scan */
        int status;
    } cases[] = {
        {"decides", "settle", "6 0 0", "s1", false, 409},
        {"returns", "revive", "6 0 5000", NULL, true, 202},
        {"improves", "drain", "6 0", "1000000000000000", false, 202},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct event e = noon;
        e.name = cases[i].name;
        crowd(e.name);
        if (cases[i].sold_out)
            call(e.name, "settle", moved("5 0 0", "s1"));
        call(e.name, "publish", "6 7 open 10 100000 0 0 0 keep -");
        wait_for_scan(&e);
        call(e.name, cases[i].during,
             cases[i].state != NULL ? moved(cases[i].arguments, cases[i].state)
                                    : cases[i].arguments);
        wait_until_memory_answers(&e, 1);
        for (int u = 0; u < MOVED; u++) {
            const char *user = textf("u-%d", u);
            if (event_post(&e, user, &a) != cases[i].status || strstr(a.body, "\"ticket\"") == NULL)
                fail_msg("%s: %s was admitted, and is told %s", e.name, user, a.body);
        }
    }
}

/* wait_until_memory_is_read: the gateway reads the filter even if it cannot use it. */
static void wait_until_memory_is_read(const struct event *e)
{
    wait_for(asked_again(e, "onrush_gateway_memory_bytes") > 0);
}

/* A request that was journalled while Redis was away, and that no scheduler has drained yet. GET
 * and POST look for it before they say that it does not exist, though the gateway knows that the
 * campaign is full. */
TEST(test_who_is_in_the_journal_is_known)
{
    static struct http_answer a;
    long links = event_metric(stack.admin_url, "onrush_gateway_redis_links_up");
    stack_kill(&stack, "gateway", "TERM"); /* forget what it knew */
    stack_kill(&stack, "redis", "KILL");
    stack_start(&stack, "gateway");
    assert_int_equal(event_post(&noon, "journalled", NULL), 202);
    stack_start(&stack, "redis");
    event_wait_metric(stack.admin_url, "onrush_gateway_redis_links_up", links);
    wait_until_memory_is_read(&noon);
    for (int i = 0; i < ROUNDS; i++) {
        post_stranger(&noon, i);
        assert_int_equal(event_post(&noon, "journalled", NULL), 202);
        assert_int_equal(http_get(event_url(&noon, "/requests/journalled"), &a), 200);
        if (strstr(a.body, "waiting") == NULL)
            fail_msg("%s", a.body);
    }
}

/* The request is in the queue now, and Redis goes away before the gateway learns that: its filter
 * does not have this user. */
TEST(test_who_has_left_the_journal_is_not_denied)
{
    static struct http_answer a;
    struct campaign_head h;
    event_reconnect(&noon);
    assert_true(stack_head(noon.redis, "noon", &h));
    wait_until_memory_is_read(&noon);
    call("noon", "drain", textf("%" PRId64 " 0 journalled 1000000000000000", h.epoch));
    event_sql(&noon, "DELETE FROM journal");
    stack_kill(&stack, "redis", "KILL");
    event_wait_metric(stack.admin_url, "onrush_gateway_redis_links_up", 0);
    for (int i = 0; i < ROUNDS * 2; i++) {
        int status = i % 2 > 0 ? event_post(&noon, "journalled", &a)
                               : http_get(event_url(&noon, "/requests/journalled"), &a);
        if (status == 409)
            fail_msg("accepted, in the queue, and told %s", a.body);
    }
    stack_start(&stack, "redis");
}

EVENT_ENDS(noon)

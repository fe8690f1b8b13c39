/* A campaign that is full, answered out of the gateway's memory: whoever was admitted is still told where the request stands,
 * be it in the queue, claimed, or decided. */
#include "tests/integration/event.h"

#include "shared/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADMITTED    6 /* of quota and overflow; the first is decided, the next two are claimed */
#define FROM_MEMORY 20
#define ROUNDS      10 /* new connections: they come to all workers */

static struct stack stack;
static struct event noon;

static int up(void **state)
{
    (void)state;
    stack_up(&stack, NULL);
    event_open(&noon, &stack, "noon");
    event_create(&noon, "--quota 4 --overflow 2");
    stack_kill(&stack, "scheduler", "KILL"); /* nobody else decides */
    return 0;
}

static void call(const char *function, const char *arguments)
{
    char line[512];
    snprintf(line, sizeof line,
             "FCALL onrush_%s 4 onrush:{noon}:meta onrush:{noon}:queue onrush:{noon}:claimed "
             "onrush:{noon}:users %s",
             function, arguments);
    redisReply *r = redisCommand(noon.redis, line);
    assert_int_not_equal(r->type, REDIS_REPLY_ERROR);
    freeReplyObject(r);
}

/* place: one decided, two claimed, the others in the queue. */
static void place(uint64_t first_ticket)
{
    char arguments[128];
    struct campaign_head h;
    assert_true(stack_head(noon.redis, "noon", &h));
    snprintf(arguments, sizeof arguments, "%" PRId64 " 3", h.epoch);
    call("claim", arguments);
    snprintf(arguments, sizeof arguments, "%" PRId64 " u-0 s%" PRIu64, h.epoch, first_ticket);
    call("settle", arguments);
}

static long from_memory(void)
{
    static struct http_answer a;
    static const char name[] = "\nonrush_gateway_memory_answers_total ";
    char url[256];
    snprintf(url, sizeof url, "%s/metrics", stack.admin_url);
    assert_int_equal(http_get(url, &a), 200);
    const char *line = strstr(a.body, name);
    assert_non_null(line);
    return atol(line + strlen(name));
}

static void wait_until_memory_answers(void)
{
    static struct http_answer a;
    int64_t deadline_us = clock_mono_us() + 20000000;
    for (int i = 0; from_memory() < FROM_MEMORY; i++) {
        char user[32];
        snprintf(user, sizeof user, "late-%d", i);
        assert_int_equal(event_post(&noon, user, &a), 409);
        assert_true(clock_mono_us() < deadline_us);
    }
}

static void test_who_was_admitted_is_known(void **state)
{
    (void)state;
    static struct http_answer a;
    char user[32];
    for (int i = 0; i < ADMITTED; i++) {
        snprintf(user, sizeof user, "u-%d", i);
        assert_int_equal(event_post(&noon, user, NULL), 202);
    }
    place(stack_ticket(noon.redis, "noon", "u-0"));
    wait_until_memory_answers();
    for (int i = 0; i < ADMITTED * ROUNDS; i++) {
        snprintf(user, sizeof user, "u-%d", i % ADMITTED);
        int status = event_post(&noon, user, &a);
        if (status != (i % ADMITTED == 0 ? 409 : 202) || strstr(a.body, "\"ticket\"") == NULL)
            fail_msg("%s: %d %s", user, status, a.body);
    }
    assert_true(from_memory() >= FROM_MEMORY);
}

static void test_stops_without_a_trace(void **state)
{
    (void)state;
    event_close(&noon);
    assert_int_equal(stack_finish(&stack), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_was_admitted_is_known),
        cmocka_unit_test(test_stops_without_a_trace),
    };
    return cmocka_run_group_tests(tests, up, NULL);
}

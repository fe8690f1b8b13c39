/* SPDX-License-Identifier: Apache-2.0 */
/* A campaign's life: it opens and closes on time; pause, resume, close, another quota; many
 * campaigns at once. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)

static struct stack stack;

BEFORE_ALL(up)
{
    stack_up(&stack, NULL);
}

/* wait_for_refusal: posts new users until one is refused with this code. */
static void wait_for_refusal(const struct event *e, const char *code)
{
    static struct http_answer a;
    static int number;
    wait_for(event_post(e, textf("late-%d", number++), &a) == 403 && strstr(a.body, code) != NULL);
}

TEST(test_opens_on_time)
{
    static struct http_answer a;
    char when[CLOCK_TEXT_SIZE];
    struct event e;
    event_open(&e, &stack, "opens");
    int64_t opens_us = clock_wall_us() + 3 * SECOND;
    event_create(&e, textf("--quota 5 --opens-at %s", clock_format(opens_us, when)));
    assert_int_equal(event_post(&e, "ann", &a), 403);
    assert_non_null(strstr(a.body, "\"code\":\"NOT_OPEN\""));
    assert_in_range(atoi(http_header(&a, "Retry-After")), 1, 4);
    assert_int_equal(http_get(event_url(&e, "%s", ""), &a), 200);
    assert_non_null(strstr(a.body, "\"state\":\"scheduled\""));
    event_wait_post(&e, "ann", 202);
    int64_t late_us = clock_wall_us() - opens_us;
    /* never early, and at most a second late */
    assert_in_range(late_us + SECOND, SECOND, 2 * SECOND);
    event_wait_request(&e, "ann", "\"status\":\"granted\"");
    event_close(&e);
}

TEST(test_closes_on_time)
{
    static struct http_answer a;
    char when[CLOCK_TEXT_SIZE];
    struct event e;
    event_open(&e, &stack, "closes");
    int64_t closes_us = clock_wall_us() + 3 * SECOND;
    event_create(&e,
                 textf("--quota 5 --overflow -1 --closes-at %s", clock_format(closes_us, when)));
    assert_int_equal(event_post(&e, "ann", &a), 202);
    wait_for_refusal(&e, "CLOSED");
    assert_true(clock_wall_us() >= closes_us);
    assert_in_range(clock_wall_us() - closes_us, 0, SECOND);
    event_wait_request(&e, "ann", "\"status\":\"granted\""); /* a user in time keeps the coupon */
    event_close(&e);
}

TEST(test_pause_resume_close)
{
    struct event e;
    event_make(&e, &stack, "pause", "--quota 5");
    event_ctl(&stack, "campaign pause pause");
    wait_for_refusal(&e, "PAUSED");
    event_ctl(&stack, "campaign resume pause");
    event_wait_post(&e, "ann", 202);
    event_ctl(&stack, "campaign close pause");
    wait_for_refusal(&e, "CLOSED");
    event_wait_request(&e, "ann", "\"status\":\"granted\"");
    event_close(&e);
}

TEST(test_unknown_campaign)
{
    static struct http_answer a;
    struct event e;
    event_open(&e, &stack, "nowhere");
    assert_int_equal(event_post(&e, "ann", &a), 404);
    assert_non_null(strstr(a.body, "\"code\":\"NO_CAMPAIGN\""));
    assert_int_equal(http_get(event_url(&e, "%s", ""), &a), 404);
    assert_int_equal(http_get(event_url(&e, "/requests/ann"), &a), 404);
    event_close(&e);
    event_open(&e, &stack, "pause");
    assert_int_equal(http_get(event_url(&e, "/requests/nobody"), &a), 404);
    assert_non_null(strstr(a.body, "\"code\":\"NO_REQUEST\""));
    event_close(&e);
}

/* A raised quota goes to the sold out, first come, first served. */
TEST(test_raised_quota)
{
    static const char *const users[] = {"ann", "bob", "cid", "dan", "eve"};
    static struct http_answer a;
    struct event e;
    event_make(&e, &stack, "more", "--quota 2 --overflow -1");
    for (size_t i = 0; i < LENGTH(users); i++) {
        assert_int_equal(event_post(&e, users[i], &a), 202);
        event_note(&e, users[i], event_ticket(&a));
    }
    for (size_t i = 0; i < LENGTH(users); i++)
        event_wait_request(&e, users[i],
                           i < 2 ? "\"status\":\"granted\"" : "\"status\":\"sold_out\"");
    event_ctl(&stack, "campaign set-quota more 4");
    event_wait_request(&e, "cid", "\"status\":\"granted\"");
    event_wait_request(&e, "dan", "\"status\":\"granted\"");
    event_wait_request(&e, "eve", "\"status\":\"sold_out\"");
    event_wait(&e, 10000);
    event_check(&e, 4);
    event_check_answers(&e);
    event_close(&e);
}

/* A huge backlog does not starve a small campaign: the small one finishes before half of the huge
 * one. */
TEST(test_a_huge_campaign_does_not_starve_a_small_one)
{
    enum { HUGE_N = 30000, SMALL_N = 20 };
    struct event huge, small;
    event_open(&huge, &stack, "huge");
    event_open(&small, &stack, "small");
    event_create(&huge, "--quota 30000");
    event_create(&small, "--quota 10");
    stack_kill(&stack, "scheduler", "TERM");
    event_ctl(&stack, "burst huge --requests %d --concurrency 100 --no-progress --json", HUGE_N);
    for (int i = 0; i < SMALL_N; i++)
        event_accept(&small, "s-%d", i);
    stack_start(&stack, "scheduler");
    event_wait(&small, 10000);
    event_wait(&huge, 30000);
    assert_int_equal(event_granted(&small), 10);
    int64_t before = stack_number(
        &huge.db, "SELECT COUNT(*) FROM coupons WHERE campaign_id = (SELECT id FROM campaigns "
                  "WHERE name = 'huge') "
                  "AND granted_at <= (SELECT MAX(granted_at) FROM coupons WHERE campaign_id = "
                  "(SELECT id FROM campaigns WHERE name = 'small'))");
    print_message("%d of the huge one were granted before the small one was done\n", (int)before);
    assert_in_range(before, 0, HUGE_N / 2);
    event_close(&huge);
    event_close(&small);
}

/* Twenty campaigns at once, each exact. */
TEST(test_many_campaigns_at_once)
{
    enum { CAMPAIGNS = 20, USERS = 30 };
    static struct http_answer a;
    static char names[CAMPAIGNS][16];
    struct event events[CAMPAIGNS];
    for (int i = 0; i < CAMPAIGNS; i++) {
        snprintf(names[i], sizeof names[i], "many-%d", i);
        event_open(&events[i], &stack, names[i]);
        event_ctl(&stack, "campaign create %s --quota 12 --no-wait", names[i]);
    }
    for (int i = 0; i < CAMPAIGNS; i++)
        event_wait_open(&events[i]);
    for (int u = 0; u < USERS; u++) {
        for (int i = 0; i < CAMPAIGNS; i++) {
            const char *user = textf("u-%d", u);
            assert_int_equal(event_post(&events[i], user, &a), 202);
            event_note(&events[i], user, event_ticket(&a));
        }
    }
    for (int i = 0; i < CAMPAIGNS; i++) {
        event_wait(&events[i], 10000);
        event_check(&events[i], 12);
        event_close(&events[i]);
    }
}

STACK_ENDS(stack)

/* SPDX-License-Identifier: Apache-2.0 */
/* onrushctl drill: Redis loses the data of a drill campaign or of a live one, and a scheduler
 * rebuilds it. */
#include "tests/integration/event.h"

#include "tests/support/child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct stack stack;

BEFORE_ALL(up)
{
    stack_up(&stack, NULL);
}

static int64_t member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

/* Its campaign is paused: nothing is claimed, and the loss is still noticed. More than two pages.
 * */
TEST(test_drill_of_its_own)
{
    struct event e;
    event_open(&e, &stack, "other");
    json_t *result = stack_ctl_json(&stack, "drill --grants 12345");
    assert_int_equal(member(result, "grants"), 12345);
    assert_true(member(result, "noticed_ms") <= member(result, "restored_ms"));
    assert_true(member(result, "grants_per_s") > 0);
    json_decref(result);
    assert_int_equal(stack_number(&e.db, "SELECT COUNT(*) FROM campaigns"), 0);
    assert_int_equal(stack_number(&e.db, "SELECT COUNT(*) FROM coupons"), 0);
    assert_int_equal(stack_number(&e.db, "SELECT COUNT(*) FROM audit_log WHERE action = 'drill'"),
                     1);
    event_close(&e);
}

TEST(test_drill_keeps_its_campaign)
{
    json_t *result = stack_ctl_json(&stack, "drill --grants 10 --keep");
    const char *name = json_string_value(json_object_get(result, "campaign"));
    json_t *audit = stack_ctl_json(&stack, "audit %s", name);
    assert_int_equal(member(audit, "granted"), 10);
    assert_int_equal(member(audit, "not_shown"), 0);
    json_decref(audit);
    json_decref(result);
}

/* drill touches a live campaign only with --live; then granted users keep their coupons. */
TEST(test_drill_of_a_live_campaign)
{
    static struct http_answer a;
    struct event e;
    event_make(&e, &stack, "live", "--quota 3");
    for (int i = 0; i < 3; i++)
        assert_int_equal(event_post(&e, (const char *[]){"ann", "bob", "cid"}[i], NULL), 202);
    event_wait(&e, 10000);
    assert_int_equal(stack_ctl(&stack, NULL, "drill --campaign live 2>&1"), 75);
    assert_int_equal(stack_ctl(&stack, NULL, "drill --campaign live --grants 5 2>&1"), 64);
    assert_int_equal(stack_ctl(&stack, NULL, "drill --campaign nobody --live 2>&1"), 2);
    json_t *result = stack_ctl_json(&stack, "drill --campaign live --live");
    assert_int_equal(member(result, "grants"), 3);
    json_decref(result);
    assert_int_equal(event_post(&e, "bob", &a), 200);
    assert_non_null(strstr(a.body, "\"status\":\"granted\""));
    event_ctl(&stack, "audit live");
    event_close(&e);
}

/* Nobody restores the data: drill says so and removes its campaign. */
TEST(test_drill_without_a_scheduler)
{
    struct event e;
    event_open(&e, &stack, "none");
    stack_kill(&stack, "scheduler", "TERM");
    assert_int_equal(stack_ctl(&stack, NULL, "drill --grants 10 --timeout-s 1 2>&1"), 1);
    assert_int_equal(stack_number(&e.db, "SELECT COUNT(*) FROM campaigns WHERE state = 'paused'"),
                     0);
    stack_start(&stack, "scheduler");
    event_close(&e);
}

static int64_t rows_of_drills(struct event *e)
{
    return stack_number(&e->db, "SELECT (SELECT COUNT(*) FROM campaigns WHERE state = 'paused') + "
                                "(SELECT COUNT(*) FROM coupons WHERE user_id LIKE 'drill-%%' AND "
                                "campaign_id NOT IN (SELECT id FROM campaigns))");
}

/* Ctrl-C while drill waits for a scheduler: it removes its campaign with keys and grants (two
 * chunks). */
TEST(test_drill_is_interrupted)
{
    struct event e;
    event_open(&e, &stack, "ctrl-c");
    stack_kill(&stack, "scheduler", "TERM");
    pid_t pid = child_start(
        (const char *const[]){
            "sh", "-c", textf("exec %s drill --grants 30000 --timeout-s 100", stack.ctl), NULL},
        textf("%s/drill.log", stack.dir));
    while (stack_number(&e.db, "SELECT COUNT(*) FROM campaigns WHERE state = 'paused'") == 0) {
        assert_true(child_running(pid));
        wait_a_moment();
    }
    kill(pid, SIGINT);
    assert_int_equal(child_wait(pid, 30000), 1);
    assert_int_equal(rows_of_drills(&e), 0);
    stack_start(&stack, "scheduler");
    event_close(&e);
}

TEST(test_the_prefix_is_reserved)
{
    assert_int_equal(stack_ctl(&stack, NULL, "campaign create drill-1 --quota 1 2>&1"), 64);
}

STACK_ENDS(stack)

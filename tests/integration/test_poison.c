/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that MariaDB refuses, and queue members that cannot be decoded: all other users get their
 * result, and onrushctl shows the bad ones with a reason. */
#include "tests/integration/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POISONED 3
#define ODD      2500 /* more than two pages of a takeover */

static struct stack stack;

BEFORE_ALL(up)
{
    stack_up(&stack, NULL);
}

static json_t *show(const char *name, int64_t total)
{
    json_t *object = stack_ctl_json(&stack, "campaign show %s", name);
    assert_non_null(object);
    assert_int_equal(json_integer_value(json_object_get(object, "refused_total")), total);
    return object;
}

/* check_metric: the scheduler must have counted n with this reason. */
static void check_metric(const char *reason, int64_t n)
{
    assert_int_equal(event_metric(stack.scheduler_admin_url,
                                  textf("onrush_scheduler_refused_total{reason=\"%s\"}", reason)),
                     n);
}

static void check_audit(const char *name)
{
    json_t *audit = stack_ctl_json(&stack, "audit %s", name);
    assert_true(json_is_true(json_object_get(audit, "ok")));
    json_decref(audit);
}

static void post_users(struct event *e, int n)
{
    for (int i = 0; i < n; i++) {
        bool bad = i % 10 == 5 && i / 10 < POISONED;
        event_accept(e, bad ? "bad-%d" : "u-%d", bad ? i / 10 : i);
    }
}

/* Their serials go to the next in the queue: 40 of 43 users, 40 coupons. */
TEST(test_refused_rows)
{
    static struct http_answer a;
    struct event e;
    event_open(&e, &stack, "poison");
    event_sql(&e, "ALTER TABLE coupons ADD CONSTRAINT poison CHECK (user_id NOT LIKE 'bad-%')");
    event_create(&e, "--quota 40");
    stack_kill(&stack, "scheduler", "STOP"); /* one batch has valid and bad rows */
    post_users(&e, 40 + POISONED);
    stack_kill(&stack, "scheduler", "CONT");
    event_wait(&e, 30000);
    assert_int_equal(stack_number(&e.db, "SELECT COUNT(*) FROM coupons JOIN campaigns c ON c.id = "
                                         "campaign_id WHERE name = 'poison'"),
                     40);
    assert_int_equal(http_get(event_url(&e, "/requests/bad-1"), &a), 200);
    assert_non_null(strstr(a.body, "\"status\":\"refused\""));
    assert_non_null(strstr(a.body, "\"reason\":\"row-refused\""));
    json_t *object = show("poison", POISONED);
    const json_t *row = json_array_get(json_object_get(object, "refused"), 0);
    assert_non_null(strstr(json_string_value(json_object_get(row, "detail")), "CONSTRAINT"));
    assert_true(json_is_integer(json_object_get(row, "ticket")));
    json_decref(object);
    check_metric("row-refused", POISONED);
    check_audit("poison");
    event_sql(&e, "ALTER TABLE coupons DROP CONSTRAINT poison");
    event_close(&e);
}

/* Redis is lost: MariaDB still has the refused users. One that asks again and is accepted is no
 * longer shown. */
TEST(test_refused_outlive_redis)
{
    struct event e;
    event_open(&e, &stack, "poison");
    freeReplyObject(redisCommand(e.redis, "FLUSHALL"));
    event_ctl(&stack, "campaign set-quota poison 41");
    event_wait_open(&e);
    json_decref(show("poison", POISONED));
    event_wait_post(&e, "bad-1", 200);
    json_t *object = show("poison", POISONED - 1), *row;
    size_t i;
    json_array_foreach(json_object_get(object, "refused"), i, row)
    {
        assert_string_not_equal(json_string_value(json_object_get(row, "user")), "bad-1");
        assert_string_equal(json_string_value(json_object_get(row, "reason")), "row-refused");
    }
    json_decref(object);
    event_close(&e);
}

static bool more_ask(const struct event *e)
{
    static int number;
    return event_post(e, textf("late-%d", number++ % 50), NULL) > 0;
}

/* Nobody is admitted beyond the quota; but each refused request admits another, so no coupon is
 * left. */
TEST(test_refused_make_room)
{
    struct event e;
    event_open(&e, &stack, "room");
    event_sql(&e, "ALTER TABLE coupons ADD CONSTRAINT poison CHECK (user_id NOT LIKE 'worse-%')");
    event_create(&e, "--quota 10 --overflow 0");
    for (int i = 0; i < 10; i++)
        event_accept(&e, i < POISONED ? "worse-%d" : "u-%d", i);
    wait_for(more_ask(&e) && event_granted(&e) >= 10);
    event_wait(&e, 30000);
    check_audit("room");
    event_sql(&e, "ALTER TABLE coupons DROP CONSTRAINT poison");
    event_close(&e);
}

/* A new scheduler finds them below the mark of its predecessor, and some above it. */
TEST(test_undecodable_members)
{
    struct event e;
    event_make(&e, &stack, "odd", "--quota 10");
    stack_kill(&stack, "scheduler", "TERM");
    for (int i = 0; i < 5; i++)
        event_accept(&e, "u-%d", i);
    freeReplyObject(redisCommand(e.redis, "EVAL %s 2 onrush:{odd}:queue onrush:{odd}:meta",
                                 "local p = redis.call('ZRANGE', KEYS[1], 1, 1, 'WITHSCORES') "
                                 "redis.call('HSET', KEYS[2], 'claimed_to', p[2]) "
                                 "for i = 1, 2500 do redis.call('ZADD', KEYS[1], i, 'no/id' .. i) "
                                 "end redis.call('ZADD', KEYS[1], 'inf', 'u-4') "
                                 "redis.call('ZADD', KEYS[1], 1.5, 'a\\0b')"));
    stack_start(&stack, "scheduler");
    event_wait(&e, 30000);
    assert_int_equal(event_granted(&e), 4);
    json_t *object = show("odd", ODD + 2);
    assert_int_equal(json_array_size(json_object_get(object, "refused")), 20);
    json_decref(object);
    assert_int_equal(stack_number(&e.db, "SELECT COUNT(*) FROM refused WHERE member = 'a\\0b'"), 1);
    check_metric("undecodable", ODD + 2);
    assert_int_equal(event_post(&e, "later", NULL), 202); /* its ticket is a time */
    event_wait(&e, 10000);
    assert_int_equal(event_granted(&e), 5);
    check_audit("odd");
    event_close(&e);
}

/* The account may not write to `refused` (error 1142): the note is lost, and nobody waits for it.
 * */
TEST(test_notes_are_denied)
{
    struct event e;
    event_make(&e, &stack, "denied", "--quota 10");
    event_sql(&e,
              "CREATE TRIGGER denied BEFORE INSERT ON refused FOR EACH ROW SIGNAL SQLSTATE '42000' "
              "SET MYSQL_ERRNO = 1142, MESSAGE_TEXT = 'INSERT command denied'");
    stack_kill(&stack, "scheduler", "TERM");
    freeReplyObject(redisCommand(e.redis, "ZADD onrush:{denied}:queue 0.5 nobody"));
    assert_int_equal(event_post(&e, "ann", NULL), 202);
    stack_start(&stack, "scheduler");
    event_wait(&e, 30000);
    assert_int_equal(event_granted(&e), 1);
    event_sql(&e, "DROP TRIGGER denied");
    event_close(&e);
}

/* The account may not write to `journalled`: journalled users still get their coupons. */
TEST(test_keeping_is_denied)
{
    struct event e;
    event_make(&e, &stack, "unkept", "--quota 10");
    event_sql(&e, "CREATE TRIGGER unkept BEFORE INSERT ON journalled FOR EACH ROW SIGNAL SQLSTATE "
                  "'42000' SET MYSQL_ERRNO = 1142, MESSAGE_TEXT = 'INSERT command denied'");
    event_sql(&e, "INSERT INTO journal (campaign_id, user_id, ticket, gateway) "
                  "SELECT id, 'ann', 1, 'test' FROM campaigns WHERE name = 'unkept'");
    assert_true(stack_log_wait(&stack, "scheduler", 0, "GRANT INSERT ON journalled"));
    event_wait(&e, 30000);
    assert_int_equal(event_granted(&e), 1);
    assert_int_equal(stack_number(&e.db, "SELECT COUNT(*) FROM journal"), 0);
    event_sql(&e, "DROP TRIGGER unkept");
    event_close(&e);
}

STACK_ENDS(stack)

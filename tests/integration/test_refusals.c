/* SPDX-License-Identifier: Apache-2.0 */
/* Redis answers with refusals: for all (read-only, out of memory, cannot save), because the
 * functions are gone or old, or for one campaign with an overwritten key. Checks the gateway's
 * answers, the scheduler's reaction, /readyz, and recovery. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"
#include "tests/support/private_redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SECOND INT64_C(1000000)

static const char *const options[] = {"--set", "gateway.workers=2", NULL};

static struct stack stack;
static struct event noon;
static redisContext *redis;

BEFORE_ALL(up)
{
    event_start(&noon, &stack, options, "--quota 1000 --overflow -1");
    redis = noon.redis;
}

/* wait_ready: waits until /readyz of this admin listener has the status and the text ("": any). */
static void wait_ready(const char *admin_url, int status, const char *text)
{
    static struct http_answer a;
    const char *url = textf("%s/readyz", admin_url);
    wait_for(http_get(url, &a) == status && strstr(a.body, text) != NULL &&
             (text[0] != '\0' || strstr(a.body, "redis") == NULL));
}

/* post: sends one request, which must be accepted; returns its ticket, or 0 if it was journalled.
 * */
static uint64_t post(const char *user)
{
    static struct http_answer a;
    int status = event_post(&noon, user, &a);
    if (status != 202)
        fail_msg("%s: %d %s", user, status, a.body);
    return event_ticket(&a);
}

/* --- Redis refuses everybody --- */

static void make_saving_impossible(void)
{
    /* Redis cannot rename a file to a directory */
    assert_int_equal(mkdir(textf("%s/redis/dump.rdb", stack.dir), 0700), 0);
    redis_says(redis, "CONFIG SET save %s", "1 1");
    redis_says(redis, "SET something new");
    for (bool failed = false; !failed; wait_a_moment()) {
        redisReply *r = redisCommand(redis, "SET something newer");
        failed = r->type == REDIS_REPLY_ERROR;
        freeReplyObject(r);
    }
}

static const struct {
    const char *close; /* a command; NULL: make_saving_impossible() */
    const char *open;  /* %s: an empty text */
    const char *reason;
} causes[] = {
    {"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "redis is a read-only replica"},
    {"CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "redis has reached its maxmemory"},
    {NULL, "CONFIG SET save %s", "redis cannot save to its disk"},
};

/* Users who come while Redis refuses are journalled, and stay ahead of later ones. */
TEST(test_refuses_everybody)
{
    for (size_t i = 0; i < LENGTH(causes); i++) {
        const char *before = textf("before%zu", i);
        const char *during = textf("during%zu", i);
        const char *after = textf("after%zu", i);
        assert_int_not_equal(post(before), 0);
        if (causes[i].close != NULL)
            redis_says(redis, causes[i].close);
        else
            make_saving_impossible();
        assert_int_equal(post(during), 0); /* even the first one, which detects the refusal */
        wait_ready(stack.admin_url, 200, causes[i].reason);
        wait_ready(stack.scheduler_admin_url, 503, causes[i].reason);
        redis_says(redis, causes[i].open, "");
        wait_ready(stack.admin_url, 200, "");
        assert_int_not_equal(post(after), 0);
        wait_ready(stack.scheduler_admin_url, 200, "");
        assert_true(event_wait_grant(&noon, before) < event_wait_grant(&noon, during));
        assert_true(event_wait_grant(&noon, during) < event_wait_grant(&noon, after));
        assert_int_equal(stack_number(&noon.db, "SELECT COUNT(*) FROM journal"), 0);
    }
}

static void load_older(void)
{
    redis_says(redis, "FUNCTION LOAD REPLACE %s",
               "#!lua name=onrush\n"
               "redis.register_function{function_name='onrush_version', "
               "callback=function() return 1 end, flags={'no-writes'}}");
}

static void flush(void)
{
    redis_says(redis, "FUNCTION FLUSH");
}

/* Only the logs show it: the functions are reloaded within the call. */
TEST(test_functions_are_gone_or_older)
{
    static void (*const takes[])(void) = {flush, load_older};
    size_t from = stack_log_size(&stack, "gateway");
    for (int i = 0; i < 2; i++) {
        const char *user = textf("gone%d", i);
        /* a link reloads at most once a second */
        int64_t until_us = clock_mono_us() + 5 * SECOND / 2;
        takes[i]();
        assert_int_not_equal(post(user), 0);
        event_wait_grant(&noon, user);
        wait_ready(stack.admin_url, 200, "");
        wait_ready(stack.scheduler_admin_url, 200, "");
        while (clock_mono_us() < until_us)
            wait_a_moment();
    }
    assert_true(stack_log_wait(&stack, "gateway", from, "loaded again"));
}

/* --- one campaign is broken --- */

static size_t count_in(char *log, const char *text)
{
    size_t n = 0;
    for (const char *at = log; (at = strstr(at, text)) != NULL; at++)
        n++;
    free(log);
    return n;
}

TEST(test_one_campaign_is_broken)
{
    static struct http_answer a;
    static const char *const kinds[] = {"queue", "users", "meta"};
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        struct event broken;
        const char *name = textf("broken%zu", i);
        const char *user = textf("well%zu", i);
        const char *key = textf("onrush:{%s}:%s", name, kinds[i]);
        event_make(&broken, &stack, name, "--quota 5");
        assert_int_equal(event_post(&broken, "ann", NULL), 202);
        event_wait(&broken, 20000);
        redisReply *r = redisCommand(redis, "RENAME %s kept", key);
        bool was_there = r->type != REDIS_REPLY_ERROR; /* an empty queue has no key */
        freeReplyObject(r);
        redis_says(redis, "SET %s nonsense", key);
        wait_ready(stack.scheduler_admin_url, 200, "redis refuses single campaigns");
        assert_int_equal(event_post(&broken, "bob", &a), 503);
        assert_non_null(http_header(&a, "Retry-After"));
        wait_ready(stack.admin_url, 200, "redis refuses single campaigns");
        assert_int_not_equal(post(user), 0); /* the other campaign continues */
        event_wait_grant(&noon, user);
        redis_says(redis, "DEL %s", key);
        if (was_there)
            redis_says(redis, "RENAME kept %s", key);
        wait_for(event_post(&broken, "bob", &a) < 500);
        wait_ready(stack.scheduler_admin_url, 200, "");
        event_wait(&broken, 20000);
        assert_int_equal(event_granted(&broken), 2);
        event_close(&broken);
    }
    assert_int_equal(count_in(stack_log(&stack, "scheduler"), "redis refuses a call"), 3);
}

TEST(test_all_of_it_is_right)
{
    event_ctl(&stack, "audit noon");
}

EVENT_ENDS(noon)

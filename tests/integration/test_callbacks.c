/* SPDX-License-Identifier: Apache-2.0 */
/* Callbacks of real daemons to a real server: Redis and MariaDB go away and come back, a campaign
 * sells out, another scheduler takes over, and a hanging receiver delays nobody. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"
#include "tests/support/file.h"
#include "tests/support/hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET  "what only the two of us know"
#define WAIT_MS 40000

static struct stack stack;
static struct hook *hook, *heart;

static size_t set(const char **options, size_t n, const char *value)
{
    options[n] = "--set";
    options[n + 1] = value;
    return n + 2;
}

BEFORE_ALL(up)
{
    static const char *const quick[] = {"health.worse_after_ms=300", "health.better_after_ms=600",
                                        "callbacks.heartbeat_s=1", "callbacks.source=shop"};
    const char *options[40];
    size_t n = 0;
    hook = hook_start(NULL);
    heart = hook_start(NULL);
    const char *urls = file_make("urls", "%s\n", hook_url(hook));
    const char *secret = file_make("secret", SECRET "\n");
    const char *heart_url = file_make("heart", "%s\n", hook_url(heart));
    for (int i = 0; i < 2; i++) {
        const char *part = i == 0 ? "gateway" : "scheduler";
        for (size_t j = 0; j < LENGTH(quick); j++)
            n = set(options, n, textf("%s.%s", part, quick[j]));
        n = set(options, n, textf("%s.callbacks.urls_file=%s", part, urls));
        n = set(options, n, textf("%s.callbacks.secret_file=%s", part, secret));
    }
    n = set(options, n, textf("gateway.callbacks.heartbeat_url_file=%s", heart_url));
    options[n] = NULL;
    stack_up(&stack, options);
}

/* --- received messages --- */

static const char *text_of(json_t *doc, const char *key)
{
    const char *text = json_string_value(json_object_get(doc, key));
    return text != NULL ? text : "";
}

/* check: checks what every message must have. Returns it parsed. */
static json_t *check(const struct hook_request *r)
{
    static const char *const keys[] = {"id",     "type",     "time", "source",
                                       "daemon", "instance", "text"};
    char id[160];
    int64_t at_us;
    hook_check_signature(r, SECRET);
    assert_true(hook_header(r, "Onrush-Event", id, sizeof id));
    json_t *doc = json_loads(r->body, 0, NULL);
    assert_non_null(doc);
    assert_int_equal(json_integer_value(json_object_get(doc, "version")), 1);
    for (size_t i = 0; i < LENGTH(keys); i++)
        assert_string_not_equal(text_of(doc, keys[i]), "");
    assert_string_equal(text_of(doc, "id"), id);
    assert_string_equal(text_of(doc, "source"), "shop");
    assert_int_equal(clock_parse(text_of(doc, "time"), &at_us), 0);
    return doc;
}

/* await: waits for a message, from number `from` on, for which `wanted` returns true. The caller
 * frees it. */
static json_t *await(size_t *from, bool (*wanted)(json_t *doc, const void *arg), const void *arg)
{
    static struct hook_request r;
    while (hook_wait(hook, *from + 1, WAIT_MS)) {
        hook_get(hook, (*from)++, &r);
        json_t *doc = check(&r);
        if (wanted(doc, arg))
            return doc;
        json_decref(doc);
    }
    fail_msg("the message did not come");
    return NULL;
}

struct wanted {
    const char *daemon, *state, *component, *component_state;
};

static json_t *component(json_t *doc, const char *name)
{
    return json_object_get(json_object_get(doc, "components"), name);
}

static bool is_health(json_t *doc, const void *arg)
{
    const struct wanted *w = arg;
    return strcmp(text_of(doc, "type"), "health") == 0 &&
           strcmp(text_of(doc, "daemon"), w->daemon) == 0 &&
           strcmp(text_of(doc, "state"), w->state) == 0 &&
           (w->component == NULL ||
            strcmp(text_of(component(doc, w->component), "state"), w->component_state) == 0);
}

static json_t *await_health(size_t from, const char *daemon, const char *state, const char *name,
                            const char *name_state)
{
    struct wanted w = {
        .daemon = daemon, .state = state, .component = name, .component_state = name_state};
    return await(&from, is_health, &w);
}

/* --- the tests --- */

TEST(test_the_first_message_says_ok)
{
    static const char *const components[] = {"redis", "mariadb", "backlog",
                                             "lag",   "journal", "errors"};
    static const char *const daemons[] = {"gateway", "scheduler"};
    for (size_t i = 0; i < LENGTH(daemons); i++) {
        json_t *doc = await_health(0, daemons[i], "ok", NULL, NULL);
        assert_true(json_is_null(json_object_get(doc, "was")));
        assert_int_equal(json_object_size(json_object_get(doc, "components")), LENGTH(components));
        for (size_t j = 0; j < LENGTH(components); j++) {
            assert_string_equal(text_of(component(doc, components[j]), "state"), "ok");
            assert_string_equal(text_of(component(doc, components[j]), "reason"), "");
        }
        json_decref(doc);
    }
}

/* The gateway journals, so it is degraded; the scheduler cannot work, so it is down. */
TEST(test_redis_goes_and_comes_back)
{
    size_t from = hook_count(hook);
    stack_kill(&stack, "redis", "KILL");
    json_t *doc = await_health(from, "gateway", "degraded", "journal", "degraded");
    assert_non_null(strstr(text_of(doc, "text"), "degraded"));
    json_decref(doc);
    doc = await_health(from, "gateway", "degraded", "redis", "down");
    assert_string_not_equal(text_of(component(doc, "redis"), "reason"), "");
    json_decref(doc);
    json_decref(await_health(from, "scheduler", "down", "redis", "down"));
    assert_true(stack_log_wait(&stack, "scheduler", 0,
                               "msg=\"health\" state=down redis=\"down: redis cannot be reached"));
    from = hook_count(hook);
    stack_start(&stack, "redis");
    json_decref(await_health(from, "scheduler", "ok", "redis", "ok"));
    json_decref(await_health(from, "gateway", "ok", "redis", "ok"));
}

TEST(test_both_are_away)
{
    size_t from = hook_count(hook);
    stack_kill(&stack, "redis", "KILL");
    stack_kill(&stack, "mariadb", "KILL");
    json_decref(await_health(from, "gateway", "down", "mariadb", "down"));
    /* the heartbeat stops, which alarms its receiver */
    size_t beats = hook_count(heart);
    assert_false(hook_wait(heart, beats + 2, 3000));
    stack_start(&stack, "mariadb");
    stack_start(&stack, "redis");
    json_decref(await_health(from, "gateway", "ok", NULL, NULL));
    json_decref(await_health(from, "scheduler", "ok", NULL, NULL));
    assert_true(hook_wait(heart, beats + 3, WAIT_MS));
}

static bool is_event(json_t *doc, const void *arg)
{
    return strcmp(text_of(doc, "type"), arg) == 0 &&
           strcmp(text_of(json_object_get(doc, "campaign"), "name"), "soldout") == 0;
}

static void await_event(size_t *from, const char *type, char id[160])
{
    json_t *doc = await(from, is_event, type);
    snprintf(id, 160, "%s", text_of(doc, "id"));
    assert_string_equal(text_of(doc, "daemon"), "scheduler");
    assert_true(json_integer_value(json_object_get(json_object_get(doc, "campaign"), "quota")) >=
                4);
    json_decref(doc);
}

/* check_raised: a campaign with a raised quota can sell out again, which is another event. */
static void check_raised(struct event *e, size_t *from, const char *before)
{
    event_ctl(&stack, "campaign set-quota soldout 5");
    event_wait_post(e, "u-5", 202); /* until the gateway sees the new quota */
    json_t *doc = await(from, is_event, "campaign.sold_out");
    assert_string_not_equal(text_of(doc, "id"), before);
    json_decref(doc);
}

/* The events come in order. The next scheduler sends them again, with the same ids. */
TEST(test_a_campaign)
{
    struct event e;
    char first[4][160], again[3][160];
    size_t from = hook_count(hook);
    event_make(&e, &stack, "soldout", "--quota 4");
    await_event(&from, "campaign.opened", first[0]);
    assert_int_equal(event_post(&e, "u-1", NULL), 202);
    assert_int_equal(event_post(&e, "u-2", NULL), 202);
    await_event(&from, "campaign.half_gone", first[1]);
    assert_int_equal(event_post(&e, "u-3", NULL), 202);
    assert_int_equal(event_post(&e, "u-4", NULL), 202);
    await_event(&from, "campaign.sold_out", first[2]);
    from = hook_count(hook);
    stack_kill(&stack, "scheduler", "KILL");
    stack_start(&stack, "scheduler");
    await_event(&from, "campaign.opened", again[0]);
    await_event(&from, "campaign.half_gone", again[1]);
    await_event(&from, "campaign.sold_out", again[2]);
    for (size_t i = 0; i < LENGTH(again); i++)
        assert_string_equal(again[i], first[i]);
    assert_string_not_equal(first[0], first[1]);
    check_raised(&e, &from, first[2]);
    event_ctl(&stack, "campaign close soldout");
    await_event(&from, "campaign.closed", first[3]);
    event_close(&e);
}

/* A hook that hangs affects nobody: requests are answered and decided as usual. */
TEST(test_a_hook_that_hangs)
{
    struct event e;
    hook_answer(hook, HOOK_HANG);
    size_t from = hook_count(hook);
    event_make(&e, &stack, "hanging", "--quota 100");
    assert_true(hook_wait(hook, from + 1, WAIT_MS)); /* campaign.opened is in flight and hangs */
    for (int i = 0; i < 100; i++)
        event_accept(&e, "u-%d", i);
    event_wait(&e, 20000);
    hook_answer(hook, HOOK_OK);
    event_close(&e);
}

TEST(test_the_stack_stops_clean)
{
    assert_false(stack_log_says(&stack, "gateway", 0, SECRET));
    assert_false(stack_log_says(&stack, "gateway", 0, "/hook")); /* the URL may be a secret */
    assert_int_equal(stack_finish(&stack), 0);
    hook = hook_stop(hook);
    heart = hook_stop(heart);
}

/* check_switches: with the two types in `off` switched off, the others come in this order. */
static void check_switches(const char *const *off, const char *const *types, size_t n)
{
    struct stack quiet;
    struct event e;
    hook = hook_start(NULL);
    stack_up(&quiet, (const char *const[]){"--set",
                                           textf("scheduler.callbacks.urls_file=%s",
                                                 file_make("urls", "%s\n", hook_url(hook))),
                                           "--set", off[0], "--set", off[1], "--set",
                                           "scheduler.callbacks.health=false", NULL});
    event_make(&e, &quiet, "soldout", "--quota 2");
    assert_int_equal(event_post(&e, "u-1", NULL), 202);
    assert_true(hook_wait(hook, 1, WAIT_MS));
    assert_int_equal(event_post(&e, "u-2", NULL), 202);
    event_wait(&e, WAIT_MS);
    event_ctl(&quiet, "campaign close soldout");
    wait_for(
        stack_number(&e.db, "SELECT state = 'settled' FROM campaigns WHERE name = 'soldout'") == 1);
    assert_true(hook_wait(hook, n, WAIT_MS));
    event_close(&e);
    assert_int_equal(stack_finish(&quiet), 0);
    assert_int_equal(hook_count(hook), n);
    for (size_t i = 0; i < n; i++) {
        struct hook_request request;
        hook_get(hook, i, &request);
        json_t *doc = json_loads(request.body, 0, NULL);
        assert_string_equal(text_of(doc, "type"), types[i]);
        json_decref(doc);
    }
    hook = hook_stop(hook);
}

/* Each event has a switch. If it is off, the event is never sent, not even at the stop, which sends
 * everything that waits. */
TEST(test_switches)
{
    static const char *const ends[] = {"scheduler.callbacks.opened=false",
                                       "scheduler.callbacks.closed=false"};
    static const char *const middle[] = {"scheduler.callbacks.half_gone=false",
                                         "scheduler.callbacks.sold_out=false"};
    check_switches(ends, (const char *const[]){"campaign.half_gone", "campaign.sold_out"}, 2);
    check_switches(middle, (const char *const[]){"campaign.opened", "campaign.closed"}, 2);
}

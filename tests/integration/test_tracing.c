/* SPDX-License-Identifier: Apache-2.0 */
/* A trace from the client's span through gateway and queue to the COMMIT, as a collector receives
 * it. A missing collector changes nothing. */
#include "tests/integration/event.h"

#include "shared/daemon/trace.h"
#include "tests/support/child.h"
#include "tests/support/hook.h"
#include "tests/support/private_redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE       "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT      "00f067aa0ba902b7"
#define TRACEPARENT "traceparent: 00-" TRACE "-" PARENT "-"

static struct stack stack;
static struct hook *collector;
static struct event event;

BEFORE_ALL(up)
{
    collector = hook_start(NULL);
    stack_up(&stack,
             (const char *const[]){"--set", textf("gateway.tracing.url=%s", hook_url(collector)),
                                   "--set", textf("scheduler.tracing.url=%s", hook_url(collector)),
                                   "--set", "gateway.tracing.sample_ppm=0", NULL});
    event_make(&event, &stack, "traced", "--quota 100");
}

static int post(const char *user, const char *header)
{
    struct http_answer a;
    return http_ask(&(struct http_request){.url = event_url(&event, "/requests"),
                                           .body = textf("{\"user_id\":\"%s\"}", user),
                                           .json = true,
                                           .headers = {header}},
                    &a);
}

static json_t *at(json_t *doc, const char *key)
{
    json_t *list = json_object_get(doc, key);
    return json_array_size(list) > 0 ? json_array_get(list, 0) : NULL;
}

static const char *text_of(json_t *doc, const char *key)
{
    const char *text = json_string_value(json_object_get(doc, key));
    return text != NULL ? text : "";
}

/* attribute: returns the attribute's text, or "" if it is missing. */
static const char *attribute(json_t *of, const char *key)
{
    size_t i;
    json_t *a;
    json_array_foreach(json_object_get(of, "attributes"), i, a)
    {
        json_t *value = json_object_get(a, "value");
        if (strcmp(text_of(a, "key"), key) == 0)
            return *text_of(value, "stringValue") != '\0' ? text_of(value, "stringValue")
                                                          : text_of(value, "intValue");
    }
    return "";
}

struct found {
    char id[SPAN_ID_LEN + 1], parent[SPAN_ID_LEN + 1], service[40], outcome[40], status[8];
    int64_t start, end, kind;
};

/* look: finds the span with this trace and name in one document. */
static bool look(const char *body, const char *trace, const char *name, struct found *out)
{
    json_t *doc = json_loads(body, 0, NULL), *span;
    size_t i;
    bool good = false;
    assert_non_null(doc);
    json_t *resource = at(doc, "resourceSpans");
    json_array_foreach(json_object_get(at(resource, "scopeSpans"), "spans"), i, span)
    {
        if (strcmp(text_of(span, "traceId"), trace) != 0 ||
            strcmp(text_of(span, "name"), name) != 0)
            continue;
        good = true;
        snprintf(out->id, sizeof out->id, "%s", text_of(span, "spanId"));
        snprintf(out->parent, sizeof out->parent, "%s", text_of(span, "parentSpanId"));
        snprintf(out->service, sizeof out->service, "%s",
                 attribute(json_object_get(resource, "resource"), "service.name"));
        snprintf(out->outcome, sizeof out->outcome, "%s", attribute(span, "onrush.outcome"));
        snprintf(out->status, sizeof out->status, "%s",
                 attribute(span, "http.response.status_code"));
        out->start = atoll(text_of(span, "startTimeUnixNano"));
        out->end = atoll(text_of(span, "endTimeUnixNano"));
        out->kind = json_integer_value(json_object_get(span, "kind"));
        assert_string_equal(attribute(span, "onrush.campaign"), "traced");
    }
    json_decref(doc);
    return good;
}

static bool find(const char *trace, const char *name, struct found *out)
{
    static struct hook_request r;
    for (size_t i = 0; hook_wait(collector, i + 1, 15000); i++) {
        hook_get(collector, i, &r);
        if (look(r.body, trace, name, out))
            return true;
    }
    return false;
}

TEST(test_request_queue_commit)
{
    struct found request, queue, commit;
    assert_int_equal(post("u-1", TRACEPARENT "01"), 202);
    assert_true(find(TRACE, "request", &request));
    assert_true(find(TRACE, "queue", &queue));
    assert_true(find(TRACE, "commit", &commit));
    assert_string_equal(request.parent, PARENT);
    assert_string_equal(queue.parent, request.id);
    assert_string_equal(commit.parent, queue.id);
    assert_string_equal(request.service, "onrush-gateway");
    assert_string_equal(queue.service, "onrush-scheduler");
    assert_string_equal(request.outcome, "waiting");
    assert_string_equal(request.status, "202");
    assert_string_equal(commit.outcome, "granted");
    assert_int_equal(request.kind, 2);
    assert_true(request.start > INT64_C(1700000000000000000) && request.start <= request.end);
    assert_true(request.start <= queue.start && queue.start <= queue.end);
    assert_true(commit.start <= commit.end && queue.end <= commit.end);
    /* fetched and removed */
    assert_int_equal(redis_says(event.redis, "HLEN onrush:{traced}:traces"), 0);
}

/* Unsampled requests leave nothing, not even in Redis; a malformed traceparent is ignored. */
TEST(test_not_sampled)
{
    size_t before = hook_count(collector);
    assert_int_equal(post("u-2", TRACEPARENT "00"), 202);
    assert_int_equal(post("u-3", NULL), 202);
    assert_int_equal(post("u-4", "traceparent: 00-garbage-01"), 202);
    event_wait(&event, 20000);
    assert_false(hook_wait(collector, before + 1, 1000));
    assert_int_equal(redis_says(event.redis, "EXISTS onrush:{traced}:traces"), 0);
}

/* The hash expires as a whole, so unfetched traces do not stay. */
TEST(test_the_hash_expires)
{
    stack_kill(&stack, "scheduler", "TERM");
    assert_int_equal(post("u-5", TRACEPARENT "01"), 202);
    assert_in_range(redis_says(event.redis, "TTL onrush:{traced}:traces"), 1, 600);
    redisReply *r = redisCommand(event.redis, "HGET onrush:{traced}:traces u-5");
    assert_int_equal(r->type, REDIS_REPLY_STRING);
    assert_int_equal(strncmp(r->str, "00-" TRACE "-", 36), 0);
    freeReplyObject(r);
    stack_start(&stack, "scheduler");
    event_wait(&event, 20000);
}

/* An ACL without the traces' keys loses traces but no request: 202 from the queue, with a ticket.
 * */
TEST(test_denied_by_an_acl)
{
    struct http_answer a;
    size_t before = stack_log_size(&stack, "gateway");
    redis_says(event.redis, "ACL SETUSER default resetkeys ~*:meta ~*:queue ~*:users");
    for (int i = 0; i < 20; i++) {
        const char *user = textf("denied-%d", i);
        assert_int_equal(post(user, TRACEPARENT "01"), 202);
        assert_int_equal(http_get(event_url(&event, "/requests/%s", user), &a), 200);
        assert_non_null(strstr(a.body, "\"ticket\":"));
    }
    event_wait(&event, 20000);
    assert_true(stack_log_wait(&stack, "gateway", 0, "redis denies this user HSET or EXPIRE"));
    assert_true(stack_log_wait(&stack, "scheduler", 0, "redis denies this user HMGET"));
    assert_false(stack_log_says(&stack, "gateway", before, "redis is away"));
    redis_says(event.redis, "ACL SETUSER default allkeys");
}

TEST(test_a_collector_that_is_away_changes_nothing)
{
    hook_answer(collector, HOOK_HANG);
    for (int i = 0; i < 50; i++)
        assert_int_equal(post(textf("late-%d", i), TRACEPARENT "01"), 202);
    event_wait(&event, 20000);
    event_close(&event);
    assert_int_equal(stack_finish(&stack), 0);
    collector = hook_stop(collector);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Rate limits of a real gateway with several workers: exact, fair, changed by SIGHUP. Periods are
 * an hour, so that the machine's speed does not matter. */
#include "tests/integration/event.h"

#include "tests/support/child.h"
#include "tests/support/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct stack stack;
static struct event event;

BEFORE_ALL(up)
{
    const char *include = file_make("proxies.cfg", "trusted_proxies = (\"127.0.0.0/8\");\n");
    event_start(&event, &stack,
                (const char *const[]){"--gateway-include", include, "--set", "gateway.workers=3",
                                      "--set", "gateway.limits.user_requests=3", "--set",
                                      "gateway.limits.user_s=3600", NULL},
                "--quota 100");
}

/* ask: sends a POST for `user` (NULL: a GET of the campaign) over a new connection from the client
 * address `from`. Returns the status. */
static int ask(const char *user, const char *from, struct http_answer *a)
{
    struct http_request r = {.url = event_url(&event, "%s", user != NULL ? "/requests" : ""),
                             .json = true,
                             .headers = {textf("X-Forwarded-For: %s", from)}};
    if (user != NULL)
        r.body = textf("{\"user_id\":\"%s\"}", user);
    return http_ask(&r, a);
}

static void check_limited(const struct http_answer *a, const char *limit, int requests, int most_s)
{
    const char *retry = http_header(a, "Retry-After");
    assert_int_equal(a->status, 429);
    assert_non_null(strstr(a->body, "\"code\":\"RATE_LIMITED\""));
    assert_non_null(retry);
    int wait_s = atoi(retry);
    assert_in_range(wait_s, 1, most_s);
    const char *policy = textf("\"%s\";q=%d;w=3600", limit, requests);
    assert_string_equal(http_header(a, "RateLimit-Policy"), policy);
    assert_string_equal(http_header(a, "RateLimit"), textf("\"%s\";r=0;t=%d", limit, wait_s));
}

/* Exactly three pass, over all workers; the place in the queue is kept. */
TEST(test_user)
{
    static struct http_answer a;
    int passed = 0;
    for (int i = 0; i < 60; i++)
        passed += ask("ann", "198.51.100.7", &a) / 100 == 2;
    assert_int_equal(passed, 3);
    check_limited(&a, "user", 3, 1200);
    assert_int_equal(ask("bob", "198.51.100.7", &a) / 100, 2);
    assert_int_equal(http_get(event_url(&event, "/requests/ann"), &a), 200);
    assert_int_equal(ask(NULL, "198.51.100.7", &a), 200);
}

static void reload(const char *const *settings)
{
    for (; *settings != NULL; settings++)
        event_edit(&stack, "gateway", *settings);
    event_reload(&stack, "gateway", "configuration reloaded");
}

/* Two per address, five per campaign. A refusal by one limit costs the other nothing. */
TEST(test_address_and_campaign)
{
    static struct http_answer a;
    reload((const char *const[]){"user_requests = 0", "address_requests = 2", "address_s = 3600",
                                 "campaign_requests = 5", "campaign_s = 3600", NULL});
    int passed = 0;
    for (int i = 0; i < 60; i++) /* the left entry is not trusted */
        passed += ask("ann", "203.0.113.66, 192.0.2.1", &a) / 100 == 2;
    assert_int_equal(passed, 2);
    check_limited(&a, "address", 2, 1800);
    assert_int_equal(ask("ann", "203.0.113.66", &a) / 100, 2);
    assert_int_equal(ask("ann", "203.0.113.66", &a) / 100, 2);
    assert_int_equal(ask("ann", "203.0.113.67", &a) / 100, 2);
    for (int i = 0; i < 10; i++)
        ask("ann", "203.0.113.67", &a);
    check_limited(&a, "campaign", 5, 720);
    assert_int_equal(ask(NULL, "203.0.113.67", &a), 200); /* its second request */
    assert_int_equal(ask(NULL, "203.0.113.67", &a), 429);
    check_limited(&a, "address", 2, 1800);
    assert_int_equal(ask(NULL, "203.0.113.68", &a), 200);
}

/* send_wrong: sends a bad request over a new connection; returns the status. */
static int send_wrong(const char *path, const char *body, const char *from, struct http_answer *a)
{
    return http_ask(&(struct http_request){.url = textf("%s%s", stack.url, path),
                                           .body = body,
                                           .json = true,
                                           .headers = {textf("X-Forwarded-For: %s", from)}},
                    a);
}

/* Bad requests count for their address, and are limited before they are read. */
TEST(test_wrong_requests_count)
{
    static const struct {
        const char *path, *body, *from;
        int status;
    } wrong[] = {
        {"/v1/campaigns/noon/requests", "{", "203.0.113.70", 400},
        {"/v1/campaigns/noon/requests", "{\"user_id\":\"a b\"}", "203.0.113.71", 400},
        {"/no-such-route", NULL, "203.0.113.72", 404},
        {"/v1/campaigns/noon/requests/a%20b", NULL, "203.0.113.73", 400},
    };
    static struct http_answer a;
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        for (int n = 0; n < 3; n++) {
            int want = n < 2 ? wrong[i].status : 429;
            if (send_wrong(wrong[i].path, wrong[i].body, wrong[i].from, &a) != want)
                fail_msg("%s, %d: %d %s", wrong[i].path, n, a.status, a.body);
        }
        check_limited(&a, "address", 2, 1800);
    }
}

TEST(test_total)
{
    static struct http_answer a;
    reload((const char *const[]){"address_requests = 0", "campaign_requests = 0",
                                 "total_requests = 1", "total_s = 3600", NULL});
    assert_int_equal(ask("carl", "192.0.2.9", &a) / 100, 2);
    assert_int_equal(ask("dora", "192.0.2.10", &a), 429);
    check_limited(&a, "total", 1, 3600);
    reload((const char *const[]){"total_requests = 0", NULL});
    assert_int_equal(ask("dora", "192.0.2.10", &a) / 100, 2);
}

TEST(test_metrics)
{
    const char *url = stack.admin_url;
    assert_int_equal(event_metric(url, "onrush_gateway_limited_total{limit=\"user\"}"), 57);
    assert_int_equal(event_metric(url, "onrush_gateway_limited_total{limit=\"total\"}"), 1);
    assert_int_equal(event_metric(url, "onrush_gateway_limit_uncounted_total{limit=\"user\"}"), 0);
}

EVENT_ENDS(event)

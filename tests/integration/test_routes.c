/* SPDX-License-Identifier: Apache-2.0 */
/* Configured routes: the five APIs of etc/routes-compat.cfg with exact answers in every state that
 * a client can meet; changed routes on SIGHUP; bad routes. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"
#include "tests/support/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

static struct stack stack;
static const char *routes_file; /* the file that the gateway includes */

/* One API. In the bodies, # is a number and @ is a code. */
static const struct api {
    const char *path, *campaign, *request, *rest; /* the user stands between these two */
    int accepted_status;
    const char *accepted, *journalled, *granted;
    int sold_out_status;
    const char *sold_out;
    int closed_status;
    const char *closed, *bad_user, *bad_request, *unknown_request, *no_campaign;
} apis[] = {
    {"/coupons/issue", "coupon-policy-1", "{\"userId\": ", ", \"couponPolicyId\": 1}", 200,
     "{\"status\":\"QUEUED\",\"userId\":\"7\",\"ticket\":#,\"position\":#}",
     "{\"status\":\"QUEUED\",\"userId\":\"6\",\"ticket\":null,\"position\":null}",
     "{\"status\":\"ISSUED\",\"userId\":\"7\",\"serial\":1,\"couponCode\":\"@\"}", 409,
     "{\"status\":\"SOLD_OUT\",\"message\":\"There is no coupon left.\"}", 403,
     "{\"status\":\"ENDED\",\"message\":\"The event is over.\"}",
     "{\"status\":\"INVALID_USER\",\"message\":\"userId must be an integer or a text.\"}",
     "{\"status\":\"INVALID_REQUEST\",\"message\":\"The body must be JSON with userId and "
     "couponPolicyId.\"}",
     "{\"userId\": 7, \"couponPolicyId\": 2}",
     "{\"status\":\"POLICY_NOT_FOUND\",\"message\":\"There is no such coupon policy.\"}"},
    {"/api/coupons/issue", "coupon-template-1", "{\"userId\": ", ", \"templateId\": 1}", 200,
     "{\"status\":\"QUEUED\",\"userId\":\"7\",\"ticket\":#,\"position\":#}",
     "{\"status\":\"QUEUED\",\"userId\":\"6\",\"ticket\":null,\"position\":null}",
     "{\"status\":\"ISSUED\",\"userId\":\"7\",\"serial\":1,\"couponCode\":\"@\"}", 400,
     "{\"code\":\"COUPON_OUT_OF_STOCK\",\"message\":\"There is no coupon left.\"}", 400,
     "{\"code\":\"COUPON_EXPIRED\",\"message\":\"The event is over.\"}",
     "{\"code\":\"INVALID_USER\",\"message\":\"userId must be an integer or a text.\"}",
     "{\"code\":\"INVALID_REQUEST\",\"message\":\"The body must be JSON with userId and "
     "templateId.\"}",
     "{\"userId\": 7, \"templateId\": 2}",
     "{\"code\":\"COUPON_TEMPLATE_NOT_FOUND\",\"message\":\"There is no such template.\"}"},
    {"/api/v1/coupons/issue", "COUPON2025", "{\"userId\": ", ", \"couponCode\": \"COUPON2025\"}",
     200,
     "{\"success\":true,\"status\":\"QUEUED\",\"couponCode\":\"COUPON2025\",\"userId\":\"7\","
     "\"ticket\":#,\"position\":#}",
     "{\"success\":true,\"status\":\"QUEUED\",\"couponCode\":\"COUPON2025\",\"userId\":\"6\","
     "\"ticket\":null,\"position\":null}",
     "{\"success\":true,\"status\":\"ISSUED\",\"couponCode\":\"COUPON2025\",\"userId\":\"7\","
     "\"serial\":1,\"code\":\"@\"}",
     409, "{\"success\":false,\"status\":\"SOLD_OUT\",\"message\":\"There is no coupon left.\"}",
     403, "{\"success\":false,\"status\":\"ENDED\",\"message\":\"The event is over.\"}",
     "{\"success\":false,\"status\":\"INVALID_USER\",\"message\":\"userId must be an integer or a "
     "text.\"}",
     "{\"success\":false,\"status\":\"INVALID_REQUEST\",\"message\":\"The body must be JSON with "
     "userId and couponCode.\"}",
     "{\"userId\": 7, \"couponCode\": \"COUPON2024\"}",
     "{\"success\":false,\"status\":\"COUPON_NOT_FOUND\",\"message\":\"There is no such "
     "coupon.\"}"},
    {"/coupon/issue", "coupon", "{\"userId\": ", "}", 200,
     "{\"result\":\"QUEUED\",\"userId\":\"7\",\"ticket\":#,\"position\":#}",
     "{\"result\":\"QUEUED\",\"userId\":\"6\",\"ticket\":null,\"position\":null}",
     "{\"result\":\"ISSUED\",\"userId\":\"7\",\"serial\":1,\"couponCode\":\"@\"}", 409,
     "{\"result\":\"SOLD_OUT\"}", 403, "{\"result\":\"ENDED\"}", "{\"result\":\"INVALID_USER\"}",
     "{\"result\":\"INVALID_REQUEST\"}", NULL, NULL},
    {"/api/events/1/coupons", "coupon-event-1", "{\"userId\": ", "}", 202,
     "{\"status\":\"WAITING\",\"userId\":\"7\",\"ticket\":#,\"rank\":#}",
     "{\"status\":\"WAITING\",\"userId\":\"6\",\"ticket\":null,\"rank\":null}",
     "{\"status\":\"ISSUED\",\"userId\":\"7\",\"serial\":1,\"couponCode\":\"@\"}", 409,
     "{\"status\":\"SOLD_OUT\",\"userId\":\"8\"}", 403, "{\"status\":\"ENDED\"}",
     "{\"status\":\"INVALID_USER\"}", "{\"status\":\"INVALID_REQUEST\"}", NULL, NULL},
};

/* shipped: the text of the file that comes with Onrush; the caller frees it. */
static char *shipped(void)
{
    const char *script = getenv("ONRUSH_STACK");
    int folder = (int)(strrchr(script, '/') - script);
    return file_read(textf("%.*s/../etc/routes-compat.cfg", folder, script));
}

BEFORE_ALL(up)
{
    char *text = shipped();
    routes_file = file_make("routes.cfg", "%s", text);
    free(text);
    stack_up(&stack, (const char *const[]){"--gateway-include", routes_file, NULL});
}

static bool matches(const char *text, const char *pattern)
{
    for (; *pattern != '\0'; pattern++) {
        size_t n = *pattern == '#'   ? strspn(text, "0123456789")
                   : *pattern == '@' ? strspn(text, CODE_LETTERS)
                                     : *text == *pattern;
        if (n == 0 || (*pattern == '@' && n != COUPON_CODE_LEN))
            return false;
        text += n;
    }
    return *text == '\0';
}

static void expect(const struct http_answer *a, const char *what, int status, const char *body)
{
    if (a->status != status || !matches(a->body, body))
        fail_msg("%s: %d %s\ninstead of %d %s", what, a->status, a->body, status, body);
    assert_string_equal(http_header(a, "Content-Type"), "application/json");
    assert_string_equal(http_header(a, "Cache-Control"), "no-store");
}

static int post_body(const char *path, const char *body, struct http_answer *a)
{
    return http_post(textf("%s%s", stack.url, path), body, a);
}

static int post(const struct api *api, const char *user, struct http_answer *a)
{
    return post_body(api->path, textf("%s%s%s", api->request, user, api->rest), a);
}

/* check_input: expects the errors of bad requests, in any state of the campaign. */
static void check_input(const struct api *api)
{
    static struct http_answer a;
    post(api, "null", &a);
    expect(&a, "no user", 400, api->bad_user);
    post(api, "\"a b\"", &a);
    expect(&a, "bad user", 400, api->bad_user);
    post_body(api->path, "{", &a);
    expect(&a, "no JSON", 400, api->bad_request);
    const char *url = textf("%s%s", stack.url, api->path);
    http_ask(&(struct http_request){.url = url, .body = "userId=7"}, &a);
    expect(&a, "a form", 400, api->bad_request);
    if (api->unknown_request != NULL) {
        post_body(api->path, api->unknown_request, &a);
        expect(&a, "another campaign", 404, api->no_campaign);
        post_body(api->path, "{\"userId\": 7}", &a);
        expect(&a, "no campaign", 400, api->bad_request);
    }
    assert_int_equal(http_get(url, &a), 405);
    assert_string_equal(http_header(&a, "Allow"), "POST");
    assert_non_null(strstr(a.body, "\"BAD_METHOD\""));
}

TEST(test_accepted)
{
    static struct http_answer a;
    for (const struct api *api = apis; api < apis + LENGTH(apis); api++) {
        struct event e;
        event_open(&e, &stack, api->campaign);
        event_create(&e, "--quota 2");
        check_input(api);
        post(api, "7", &a);
        expect(&a, "accepted", api->accepted_status, api->accepted);
        event_wait(&e, 10000);
        post(api, "\"7\"", &a);
        expect(&a, "granted", 200, api->granted);
        event_close(&e);
    }
}

/* Without Redis there is no place in the queue yet: null, and valid JSON. */
TEST(test_journalled)
{
    static struct http_answer a;
    stack_kill(&stack, "redis", "KILL");
    for (const struct api *api = apis; api < apis + LENGTH(apis); api++) {
        wait_for(post(api, "6", &a) != 503); /* already known before Redis went away */
        expect(&a, "journalled", api->accepted_status, api->journalled);
    }
    stack_start(&stack, "redis");
    /* a worker that has not noticed yet would journal new requests */
    event_wait_metric(stack.admin_url, "onrush_gateway_redis_links_up",
                      event_metric(stack.admin_url, "onrush_gateway_workers"));
}

/* wait_granted: waits until MariaDB has the journalled user's coupon. */
static void wait_granted(struct event *e)
{
    wait_for(stack_number(&e->db, "SELECT granted FROM campaigns WHERE name = '%s'", e->name) >= 2);
}

TEST(test_sold_out_and_closed)
{
    static struct http_answer a;
    for (const struct api *api = apis; api < apis + LENGTH(apis); api++) {
        struct event e;
        event_open(&e, &stack, api->campaign);
        wait_granted(&e);
        post(api, "8", &a);
        event_wait(&e, 10000);
        post(api, "8", &a);
        expect(&a, "sold out", api->sold_out_status, api->sold_out);
        event_ctl(&stack, "campaign close %s", api->campaign);
        post(api, "9", &a);
        expect(&a, "closed", api->closed_status, api->closed);
        event_close(&e);
    }
}

static int get(const char *path, struct http_answer *a)
{
    return http_get(textf("%s%s", stack.url, path), a);
}

/* The fifth API's GET has only the path. */
TEST(test_get)
{
    static struct http_answer a;
    get("/api/events/1/coupons/7", &a);
    expect(&a, "granted", 200, apis[4].granted);
    get("/api/events/1/coupons/8?wait=1", &a);
    expect(&a, "sold out", 200, apis[4].sold_out);
    get("/api/events/1/coupons/1234", &a);
    expect(&a, "no request", 404, "{\"status\":\"NO_REQUEST\",\"userId\":\"1234\"}");
    get("/api/events/2/coupons/7", &a);
    expect(&a, "no event", 404, "{\"status\":\"EVENT_NOT_FOUND\"}");
    get("/api/events/1/coupons/a%20b", &a);
    expect(&a, "bad user", 400, "{\"status\":\"INVALID_USER\"}");
}

/* reload: loads this list of routes; the log must then have `said`. */
static void reload(const char *routes, const char *said)
{
    file_write(routes_file, "%s", routes);
    event_reload(&stack, "gateway", said);
}

#define NEW_ROUTE                                                                                  \
    "routes: ( { method = \"POST\"; path = \"/take\"; user = \"header:X-User\"; campaign = "       \
    "\"header:x-campaign\"; } );\n"

static int take(const char *user, const char *campaign, struct http_answer *a)
{
    return http_ask(&(struct http_request){.url = textf("%s/take", stack.url),
                                           .body = "",
                                           .headers = {user, campaign}},
                    a);
}

/* A route by headers, with Onrush's own answers. The old routes are gone; a bad file changes
 * nothing. */
TEST(test_reload)
{
    static struct http_answer a;
    struct event e;
    event_make(&e, &stack, "headed", "--quota 1");
    reload(NEW_ROUTE, "configuration reloaded");
    post(&apis[0], "7", &a);
    assert_int_equal(a.status, 404);
    assert_non_null(strstr(a.body, "\"NO_ROUTE\""));
    assert_int_equal(take("X-User: ann", "X-Campaign: headed", &a), 202);
    assert_true(matches(a.body, "{\"campaign\":\"headed\",\"user_id\":\"ann\",\"status\":"
                                "\"waiting\",\"ticket\":#,\"position\":#}\n"));
    assert_int_equal(take("X-Nobody: ann", "X-Campaign: headed", &a), 400);
    assert_non_null(strstr(a.body, "\"BAD_USER\""));
    assert_int_equal(take("X-User: ann", "X-Campaign: a b", &a), 400);
    assert_non_null(strstr(a.body, "\"BAD_NAME\""));
    reload("routes: ( { method = \"POST\";\n path = \"/v1/x\"; } );\n",
           "routes.cfg:2: path = \\\"/v1/x\\\": what lies below /v1 is Onrush's own");
    assert_int_equal(take("X-User: ann", "X-Campaign: headed", &a) / 100, 2);
    event_close(&e);
}

/* A bad route ends the daemon before it starts, with the exit code for a bad configuration. */
TEST(test_bad_route)
{
    const char *config =
        file_make("bad.cfg", "port = 1;\n\nroutes: ( { method = \"PATCH\"; } );\n");
    const char *said =
        event_no_start(&stack, "gateway", (const char *const[]){"--config", config, NULL}, 78);
    assert_non_null(strstr(said, "bad.cfg:3: method = \"PATCH\": expected POST"));
}

STACK_ENDS(stack)

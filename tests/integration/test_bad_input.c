/* SPDX-License-Identifier: Apache-2.0 */
/* Bad input: every malformed body, id, path, method, media type and size has its exact answer and
 * never reaches Redis: the count of function calls stays the same. The scheduler is stopped, so
 * that nobody else calls. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"
#include "tests/support/file.h"
#include "tests/support/private_redis.h"
#include "tests/support/raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME64 "123456789.123456789.123456789.123456789.123456789.123456789.1234"
#define BODY   "{\"user_id\":\"u-1\"}"

/* Low limits, so that tests can reach them. */
static const char *const options[] = {
    "--set", "gateway.max_body_bytes=512",
    "--set", "gateway.max_url_bytes=256",
    "--set", "gateway.max_header_bytes=4096",
    "--set", "gateway.max_connections=8",
    "--set", "gateway.max_connections_per_address=8",
    "--set", "gateway.max_in_flight=4",
    "--set", "gateway.request_timeout_s=1",
    "--set", "gateway.workers=1",
    NULL,
};

static struct stack stack;
static struct event event;

BEFORE_ALL(up)
{
    event_start(&event, &stack, options, "--quota 10");
    stack_kill(&stack, "scheduler", "TERM");
}

/* calls: the number of calls that the gateway has sent to Redis, without the link's probes. */
static long calls(void)
{
    static struct http_answer a;
    static const char name[] = "\nonrush_gateway_redis_calls_total{";
    long n = 0;
    assert_int_equal(http_get(textf("%s/metrics", stack.admin_url), &a), 200);
    for (const char *at = a.body; (at = strstr(at, name)) != NULL;) {
        at = strchr(at + 1, '}');
        n += atol(at + 1);
    }
    return n;
}

static long calls_before;
static int64_t keys_before;

static void note_redis(void)
{
    calls_before = calls();
    keys_before = redis_says(event.redis, "DBSIZE");
}

static void nothing_reached_redis(void)
{
    if (calls() != calls_before || redis_says(event.redis, "DBSIZE") != keys_before)
        fail_msg("something reached Redis: %ld calls", calls() - calls_before);
}

#define QUIET_TEST(name) TEST_WITH(name, note_redis, nothing_reached_redis)

/* check_problem: expects application/problem+json with this status and code. */
static void check_problem(const char *what, const char *body, int status, int want_status,
                          const char *code)
{
    json_t *d = json_loads(body, 0, NULL);
    const char *got = json_string_value(json_object_get(d, "code"));
    if (status != want_status || got == NULL || strcmp(got, code) != 0 ||
        json_integer_value(json_object_get(d, "status")) != want_status ||
        json_string_value(json_object_get(d, "title")) == NULL)
        fail_msg("%s: %d %s instead of %d %s", what, status, body, want_status, code);
    json_decref(d);
}

/* --- bodies --- */

static const struct {
    const char *body, *code;
} bodies[] = {
    {"", "BAD_JSON"},
    {"{", "BAD_JSON"},
    {"null", "BAD_JSON"},
    {"[]", "BAD_JSON"},
    {"\"u-1\"", "BAD_JSON"},
    {"42", "BAD_JSON"},
    {"{\"user_id\":\"u\"}x", "BAD_JSON"},
    {"{\"user_id\":\"u\",}", "BAD_JSON"},
    {"{'user_id':'u'}", "BAD_JSON"},
    {"{\"user_id\":\"u\",\"user_id\":\"v\"}", "BAD_JSON"},
    {"{\"user_id\":\"\xff\"}", "BAD_JSON"},
    {"user_id=u", "BAD_JSON"},
    {"{}", "BAD_USER"},
    {"{\"user_id\":null}", "BAD_USER"},
    {"{\"user_id\":true}", "BAD_USER"},
    {"{\"user_id\":[]}", "BAD_USER"},
    {"{\"user_id\":\"\"}", "BAD_USER"},
    {"{\"user_id\":\"a b\"}", "BAD_USER"},
    {"{\"user_id\":\"a/b\"}", "BAD_USER"},
    {"{\"user_id\":\"a\\u0000b\"}", "BAD_JSON"},
    {"{\"user_id\":\"\xc3\xa9\"}", "BAD_USER"},
    {"{\"user_id\":\"" NAME64 "5\"}", "BAD_USER"},
    {"{\"user_id\":-1}", "BAD_USER"},
    {"{\"user_id\":1.5}", "BAD_USER"},
    {"{\"user_id\":1e3}", "BAD_USER"},
    {"{\"user_id\":9223372036854775808}", "BAD_USER"},
};

QUIET_TEST(test_bodies)
{
    static struct http_answer a;
    for (size_t i = 0; i < LENGTH(bodies); i++) {
        http_post(event_url(&event, "/requests"), bodies[i].body, &a);
        check_problem(bodies[i].body, a.body, a.status, 400, bodies[i].code);
        assert_string_equal(http_header(&a, "Content-Type"), "application/problem+json");
    }
}

static const char *const media_types[] = {
    "Content-Type:",
    "Content-Type: text/plain",
    "Content-Type: application/x-www-form-urlencoded",
    "Content-Type: application/jsonx",
    "Content-Type: application/problem+json",
    "Content-Type: multipart/form-data",
};

QUIET_TEST(test_media_types)
{
    static struct http_answer a;
    for (size_t i = 0; i < LENGTH(media_types); i++) {
        http_ask(&(struct http_request){.url = event_url(&event, "/requests"),
                                        .body = BODY,
                                        .headers = {media_types[i]}},
                 &a);
        check_problem(media_types[i], a.body, a.status, 415, "BAD_MEDIA_TYPE");
    }
}

/* --- paths and methods --- */

static const struct {
    const char *method, *path;
    int status;
    const char *code;
} paths[] = {
    {"GET", "/", 404, "NO_ROUTE"},
    {"GET", "/v1", 404, "NO_ROUTE"},
    {"GET", "/v1/campaigns", 404, "NO_ROUTE"},
    {"GET", "/v1/campaigns/", 404, "NO_ROUTE"},
    {"GET", "/v1/campaigns/noon/", 404, "NO_ROUTE"},
    {"GET", "/v1/campaigns//requests", 404, "NO_ROUTE"},
    {"GET", "/v1/campaigns/noon/requests/u/v", 404, "NO_ROUTE"},
    {"GET", "/v2/campaigns/noon", 404, "NO_ROUTE"},
    {"GET", "/../v1/campaigns/noon", 404, "NO_ROUTE"},
    {"GET", "/metrics", 404, "NO_ROUTE"},
    {"GET", "/healthz", 404, "NO_ROUTE"},
    {"GET", "/admin/v1/x", 404, "NO_ROUTE"},
    {"POST", "/v1/campaigns/a%2Fb/requests", 400, "BAD_NAME"},
    {"POST", "/v1/campaigns/a%20b/requests", 400, "BAD_NAME"},
    {"POST", "/v1/campaigns/a%00b/requests", 400, "BAD_NAME"},
    {"POST", "/v1/campaigns/a%/requests", 400, "BAD_NAME"},
    {"POST", "/v1/campaigns/a%zz/requests", 400, "BAD_NAME"},
    {"POST", "/v1/campaigns/.a/requests", 400, "BAD_NAME"},
    {"POST", "/v1/campaigns/-a/requests", 400, "BAD_NAME"},
    {"POST", "/v1/campaigns/a:b/requests", 400, "BAD_NAME"},
    {"POST", "/v1/campaigns/%7Bx%7D/requests", 400, "BAD_NAME"},
    {"POST", "/v1/campaigns/" NAME64 "5/requests", 400, "BAD_NAME"},
    {"GET", "/v1/campaigns/a%0Ab", 400, "BAD_NAME"},
    {"GET", "/v1/campaigns/noon/requests/a%20b", 400, "BAD_USER"},
    {"GET", "/v1/campaigns/noon/requests/a%2Fb", 400, "BAD_USER"},
    {"GET", "/v1/campaigns/noon/requests/%", 400, "BAD_USER"},
    {"GET", "/v1/campaigns/noon/requests/%C3%A9", 400, "BAD_USER"},
    {"GET", "/v1/campaigns/noon/requests/" NAME64 "5", 400, "BAD_USER"},
    {"GET", "/v1/campaigns/noon/requests/u?wait=31", 400, "BAD_WAIT"},
    {"GET", "/v1/campaigns/noon/requests/u?wait=-1", 400, "BAD_WAIT"},
    {"GET", "/v1/campaigns/noon/requests/u?wait=", 400, "BAD_WAIT"},
    {"GET", "/v1/campaigns/noon/requests/u?wait", 400, "BAD_WAIT"},
    {"GET", "/v1/campaigns/noon/requests/u?wait=x", 400, "BAD_WAIT"},
    {"GET", "/v1/campaigns/noon/requests/u?wait=1s", 400, "BAD_WAIT"},
    {"GET", "/v1/campaigns/noon/requests", 405, "BAD_METHOD"},
    {"PUT", "/v1/campaigns/noon/requests", 405, "BAD_METHOD"},
    {"DELETE", "/v1/campaigns/noon/requests", 405, "BAD_METHOD"},
    {"PATCH", "/v1/campaigns/noon/requests", 405, "BAD_METHOD"},
    {"OPTIONS", "/v1/campaigns/noon/requests", 405, "BAD_METHOD"},
    {"TRACE", "/v1/campaigns/noon/requests", 405, "BAD_METHOD"},
    {"post", "/v1/campaigns/noon/requests", 405, "BAD_METHOD"},
    {"BREW", "/v1/campaigns/noon/requests", 405, "BAD_METHOD"},
    {"POST", "/v1/campaigns/noon/requests/u-1", 405, "BAD_METHOD"},
    {"DELETE", "/v1/campaigns/noon/requests/u-1", 405, "BAD_METHOD"},
    {"POST", "/v1/campaigns/noon", 405, "BAD_METHOD"},
    {"PUT", "/v1/campaigns/noon", 405, "BAD_METHOD"},
};

QUIET_TEST(test_paths_and_methods)
{
    static struct http_answer a;
    for (size_t i = 0; i < LENGTH(paths); i++) {
        bool post = strcmp(paths[i].method, "POST") == 0;
        const char *url = textf("%s%s", stack.url, paths[i].path);
        http_ask(
            &(struct http_request){
                .method = paths[i].method, .url = url, .body = post ? BODY : NULL, .json = true},
            &a);
        check_problem(url, a.body, a.status, paths[i].status, paths[i].code);
        if (a.status == 405)
            assert_string_equal(http_header(&a, "Allow"),
                                strstr(url, "/requests") + 9 == url + strlen(url) ? "POST"
                                                                                  : "GET, HEAD");
    }
}

/* --- sizes --- */

QUIET_TEST(test_body_too_large)
{
    static const size_t sizes[] = {513, 5000, 100000, 1000000};
    static const char *const ways[] = {NULL, "Transfer-Encoding: chunked"};
    static struct http_answer a;
    static char body[1000001];
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        memset(body, ' ', sizes[i]);
        memcpy(body, BODY, strlen(BODY));
        for (size_t way = 0; way < LENGTH(ways); way++) {
            http_ask(&(struct http_request){.url = event_url(&event, "/requests"),
                                            .body = body,
                                            .body_len = sizes[i],
                                            .json = true,
                                            .headers = {ways[way]}},
                     &a);
            check_problem("large body", a.body, a.status, 413, "BODY_TOO_LARGE");
        }
    }
}

QUIET_TEST(test_url_too_long)
{
    static struct http_answer a;
    http_get(textf("%s/v1/campaigns/noon?%0300d", stack.url, 0), &a);
    check_problem("long URL", a.body, a.status, 414, "URL_TOO_LONG");
}

QUIET_TEST(test_headers_too_large)
{
    static struct http_answer a;
    static char header[9000];
    memset(header, 'x', sizeof header - 1);
    memcpy(header, "X-Large: ", 9);
    http_ask(&(struct http_request){.url = event_url(&event, "%s", ""), .headers = {header}}, &a);
    assert_int_equal(a.status, 431);
}

/* --- what no HTTP library sends --- */

static const struct {
    const char *bytes;
    int status; /* 0: closed without an answer, or with any 4xx */
} raw[] = {
    {"\r\n\r\n\r\n\r\n", 0},
    {"hello\r\n\r\n", 0},
    {"GET\r\n\r\n", 0},
    {"GET /v1/campaigns/noon\r\n\r\n", 0},
    {"GET /v1/campaigns/noon HTTP/9.9\r\nHost: x\r\n\r\n", 0},
    {"GET /v1/campaigns/noon HTTP/1.1\r\n\r\n", 400},
    {"POST /v1/campaigns/noon/requests HTTP/1.1\r\nHost: x\r\nContent-Type: "
     "application/json\r\nContent-Length: -5\r\n\r\n",
     0},
    {"POST /v1/campaigns/noon/requests HTTP/1.1\r\nHost: x\r\nContent-Type: "
     "application/json\r\nContent-Length: abc\r\n\r\n",
     0},
    {"POST /v1/campaigns/noon/requests HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
     "Content-Length: 99999999999999999999\r\n\r\n",
     0},
    {"POST /v1/campaigns/noon/requests HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
     "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
     0},
    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 0},
};

QUIET_TEST(test_raw_bytes)
{
    static char text[RAW_MAX];
    for (size_t i = 0; i < LENGTH(raw); i++) {
        bool closed;
        int fd = raw_connect(stack.url);
        raw_send(fd, raw[i].bytes, strlen(raw[i].bytes));
        raw_read(fd, text, 5000, &closed);
        int status = raw_status(text);
        bool good = raw[i].status != 0
                        ? status == raw[i].status
                        : (closed && status == 0) || (status >= 400 && status <= 505);
        if (!good)
            fail_msg("%s: status %d, %s: %s", raw[i].bytes, status, closed ? "closed" : "open",
                     text);
        close(fd);
    }
}

#define POST_HEAD                                                                                  \
    "POST /v1/campaigns/noon/requests HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

/* Incomplete requests get 408 within the request timeout, and the connection is closed. */
static const char *const slow[] = {
    "G",
    "GET /v1/campaigns/noon HTTP/1.1\r\nHo",
    (POST_HEAD "Content-Length: 16\r\n\r\n{\"us"),
};

QUIET_TEST(test_slow_requests)
{
    static char text[RAW_MAX];
    int fds[LENGTH(slow)];
    int64_t began_us = clock_mono_us();
    for (size_t i = 0; i < LENGTH(slow); i++) {
        fds[i] = raw_connect(stack.url);
        raw_send(fds[i], slow[i], strlen(slow[i]));
    }
    for (size_t i = 0; i < LENGTH(slow); i++) {
        bool closed;
        raw_read(fds[i], text, 8000, &closed);
        const char *body = strstr(text, "\r\n\r\n");
        check_problem(slow[i], body != NULL ? body : "", raw_status(text), 408, "TOO_SLOW");
        raw_read(fds[i], text, 8000, &closed);
        assert_true(closed);
        close(fds[i]);
    }
    assert_in_range(clock_mono_us() - began_us, 900000, 6000000);
}

/* A client that sends a byte now and then must not keep its connection. */
QUIET_TEST(test_dribbling_request)
{
    static char text[RAW_MAX];
    static const char line[] = "GET /v1/campaigns/noon HTTP/1.1\r\nX: "
                               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    bool closed = false;
    int fd = raw_connect(stack.url);
    int64_t began_us = clock_mono_us();
    size_t n = 0;
    for (size_t i = 0; i < sizeof line && n == 0 && !closed; i++) {
        raw_send(fd, line + i, 1);
        n = raw_read(fd, text, 100, &closed);
    }
    assert_int_equal(raw_status(text), 408);
    assert_in_range(clock_mono_us() - began_us, 500000, 6000000);
    close(fd);
}

/* When all allowed connections are silent or incomplete, the gateway makes room. (For connections
 * with a request see test_files.c.) */
QUIET_TEST(test_silent_connections)
{
    enum { MOST = 8 };
    static struct http_answer a;
    int fds[MOST];
    for (int i = 0; i < MOST; i++) {
        fds[i] = raw_connect(stack.url);
        raw_send(fds[i], "GET /", i % 2 == 0 ? 5 : 0);
    }
    for (int i = 0; i < 2 * MOST; i++) {
        http_ask(&(struct http_request){.url = event_url(&event, "/nowhere")}, &a);
        check_problem("others are silent", a.body, a.status, 404, "NO_ROUTE");
    }
    for (int i = 0; i < MOST; i++)
        close(fds[i]);
}

/* --- configurations --- */

static const struct {
    const char *program, *file, *message;
} configs[] = {
    {"gateway", "port = 0;\n", "bad.cfg:1: port = 0 is out of range: expected 1 to 65535"},
    {"gateway", "\nport = \"80\";\n", "bad.cfg:2: port: expected a whole number"},
    {"gateway", "prot = 80;\n", "bad.cfg:1: there is no key prot; --print-config lists them all"},
    {"gateway", "redis: {\n require_durable = 1;\n};\n",
     "bad.cfg:2: redis.require_durable: expected true or false"},
    {"gateway", "log: { level = \"loud\"; };\n",
     "bad.cfg:1: log.level = \"loud\": expected error, warning, info or debug"},
    {"gateway", "log: { format = \"xml\"; };\n",
     "bad.cfg:1: log.format = \"xml\": expected logfmt or json"},
    {"gateway", "max_body_bytes = 127;\n",
     "bad.cfg:1: max_body_bytes = 127 is out of range: expected 128 to 65536 bytes"},
    {"gateway", "port = ;\n", "bad.cfg:1: syntax error"},
    {"scheduler", "batch_size = 5001;\n",
     "bad.cfg:1: batch_size = 5001 is out of range: expected 1 to 5000 rows"},
    {"scheduler", "pool_size = 0;\n",
     "bad.cfg:1: pool_size = 0 is out of range: expected 1 to 64 connections"},
    {"scheduler", "name = \"a b\";\n",
     "bad.cfg:1: name = \"a b\": expected letters, digits and . _ -, or nothing for the host's "
     "name"},
    {"scheduler", "mariadb: { port = 1.5; };\n",
     "bad.cfg:1: mariadb.port: expected a whole number"},
};

QUIET_TEST(test_configurations)
{
    const char *dir = tempdir_make(), *file = textf("%s/bad.cfg", dir);
    const char *const arguments[] = {"--config", file, NULL};
    for (size_t i = 0; i < LENGTH(configs); i++) {
        file_write(file, "%s", configs[i].file);
        assert_string_equal(
            event_no_start(&stack, configs[i].program, arguments, 78),
            textf("onrush-%s: %s/%s\n", configs[i].program, dir, configs[i].message));
    }
}

/* Long-polls count as requests in flight: above the limit the next is refused. The first four go to
 * Redis. This test is the last, because its long-polls continue. */
TEST(test_too_many_in_flight)
{
    enum { MOST = 4 };
    static struct http_answer a;
    int fds[MOST];
    assert_int_equal(event_post(&event, "waits", NULL), 202);
    for (int i = 0; i < MOST; i++) {
        fds[i] = raw_connect(stack.url);
        event_raw_poll(&event, fds[i], "waits");
    }
    wait_for(event_post(&event, "more", &a) == 503);
    check_problem("one in flight too many", a.body, a.status, 503, "OVERLOADED");
    assert_non_null(http_header(&a, "Retry-After"));
    for (int i = 0; i < MOST; i++)
        close(fds[i]);
}

EVENT_ENDS(event)

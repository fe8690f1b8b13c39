/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's answers to bytes that proxies and clients could read in different ways, or that are
 * at a limit; refused requests are not enqueued. Each row has its own user; the scheduler is
 * stopped, so accepted users stay waiting. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"
#include "tests/support/raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define HEADER_MAX  8192 /* the default of max_header_bytes */

static struct stack stack;
static struct event noon;

BEFORE_ALL(up)
{
    event_start(&noon, &stack, (const char *const[]){"--set", "gateway.workers=1", NULL},
                "--quota 100000");
    stack_kill(&stack, "scheduler", "TERM");
}

/* --- rows --- */

#define POST(fields)   "POST /v1/campaigns/noon/requests HTTP/1.1\r\nHost: x\r\n" JSON fields "\r\n"
#define POST10(fields) "POST /v1/campaigns/noon/requests HTTP/1.0\r\n" JSON fields "\r\n"
#define GET(path)      "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define JSON           "Content-Type: application/json\r\n"
#define LENGTH18       "Content-Length: 18\r\n"
#define BODY           "{\"user_id\":\"u-@@\"}" /* @@: the number of the row */
#define CHUNKS         "5\r\n{\"use\r\n0d\r\nr_id\":\"u-@@\"}\r\n0\r\n\r\n"
#define CHUNKED        "Transfer-Encoding: chunked\r\n"
#define BYTES(literal) literal, sizeof literal - 1
#define CODE(name)     "\"code\":\"" name "\""

/* clang-format off */
/* A request that is accepted; one after whose refusal the gateway closes. */
#define GOOD(literal) {BYTES(literal), 202, "waiting", false}
#define BAD(literal)  {BYTES(literal), 400, CODE("BAD_REQUEST"), true}
/* clang-format on */

static const struct {
    const char *in;
    size_t len;
    int status;
    const char *says;
    bool closes;
} rows[] = {
    /* valid */
    {BYTES(POST(LENGTH18) BODY), 202, "\r\nLocation: /v1/campaigns/noon/requests/u-00\r\n", false},
    GOOD(POST(CHUNKED) CHUNKS),
    GOOD(POST("Transfer-Encoding: CHUNKED\r\n") "12;a=b;c\r\n" BODY
                                                "\r\n0\r\nX-Trailer: y\r\n\r\n"),
    GOOD("\r\n" POST(LENGTH18) BODY),
    {BYTES(POST10(LENGTH18) BODY), 202, "\r\nConnection: close\r\n", true},
    {BYTES(POST10(LENGTH18 "Connection: keep-alive\r\n") BODY), 202,
     "\r\nConnection: keep-alive\r\n", false},
    {BYTES(POST(LENGTH18 "Connection: close\r\n") BODY), 202, "\r\nConnection: close\r\n", true},
    GOOD("POST http://y/v1/campaigns/noon/requests HTTP/1.1\r\nHost: x\r\n" JSON LENGTH18
         "\r\n" BODY),
    GOOD(POST(LENGTH18 "Expect: 100-continue\r\n") BODY),
    {BYTES("GET http://y HTTP/1.1\r\nHost: x\r\n\r\n"), 404, CODE("NO_ROUTE"), false},
    {BYTES("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), 404, CODE("NO_ROUTE"), false},
    {BYTES("OPTIONS /v1/campaigns/noon/requests HTTP/1.1\r\nHost: x\r\n\r\n"), 405,
     CODE("BAD_METHOD"), false},
    {BYTES(GET("/v1/campaigns/nobody")), 404, CODE("NO_CAMPAIGN"), false},
    {BYTES(GET("/v1/campaigns/noon/requests/nobody")), 404, CODE("NO_REQUEST"), false},
    /* the end of the body */
    BAD(POST(LENGTH18 CHUNKED) BODY),
    BAD(POST(CHUNKED LENGTH18) CHUNKS),
    BAD(POST(LENGTH18 "Content-Length: 17\r\n") BODY),
    BAD(POST(LENGTH18 LENGTH18) BODY),
    BAD(POST("Content-Length: 18, 18\r\n") BODY),
    BAD(POST("Content-Length: +18\r\n") BODY),
    BAD(POST("Content-Length: 0x12\r\n") BODY),
    BAD(POST("Content-Length:\r\n") BODY),
    BAD(POST("Content-Length: -1\r\n") BODY),
    BAD(POST("Content-Length: 18446744073709551634\r\n") BODY),
    BAD(POST("Content-Length : 18\r\n") BODY),
    BAD(POST("Transfer-Encoding : chunked\r\n") CHUNKS),
    BAD(POST("Transfer-Encoding: chunked\r\n" CHUNKED) CHUNKS),
    {BYTES(POST("Transfer-Encoding: gzip\r\n") CHUNKS), 501, CODE("NOT_IMPLEMENTED"), true},
    {BYTES(POST("Transfer-Encoding: gzip, chunked\r\n") CHUNKS), 501, CODE("NOT_IMPLEMENTED"),
     true},
    {BYTES(POST("Transfer-Encoding: identity\r\n") BODY), 501, CODE("NOT_IMPLEMENTED"), true},
    BAD(POST10(CHUNKED) CHUNKS),
    BAD(POST(CHUNKED) "12 \r\n" BODY "\r\n0\r\n\r\n"),
    BAD(POST(CHUNKED) "0x12\r\n" BODY "\r\n0\r\n\r\n"),
    BAD(POST(CHUNKED) "12\n" BODY "\r\n0\r\n\r\n"),
    BAD(POST(CHUNKED) "12\r\n" BODY "0\r\n\r\n"),
    {BYTES(POST(CHUNKED) "fffffffffffffffff\r\n" BODY "\r\n0\r\n\r\n"), 413, CODE("BODY_TOO_LARGE"),
     true},
    {BYTES(POST("Content-Length: 4097\r\n") BODY), 413, CODE("BODY_TOO_LARGE"), true},
    /* the end of the head and of its lines */
    BAD("POST /v1/campaigns/noon/requests HTTP/1.1\nHost: x\n" JSON LENGTH18 "\n" BODY),
    BAD(POST("X: a\n" LENGTH18) BODY),
    BAD(POST("X: a\rb\r\n" LENGTH18) BODY),
    BAD(POST("X: a\r\n b\r\n" LENGTH18) BODY),
    BAD(POST("X: a\0b\r\n" LENGTH18) BODY),
    BAD(POST("X\0: ab\r\n" LENGTH18) BODY),
    BAD(POST("X: a\x7f\r\n" LENGTH18) BODY),
    BAD(POST(": a\r\n" LENGTH18) BODY),
    BAD(POST("X\r\n" LENGTH18) BODY),
    BAD("POST /v1/campaigns/noon/req\0uests HTTP/1.1\r\nHost: x\r\n" JSON LENGTH18 "\r\n" BODY),
    BAD("POST  /v1/campaigns/noon/requests HTTP/1.1\r\nHost: x\r\n" JSON LENGTH18 "\r\n" BODY),
    BAD("POST /v1/campaigns/noon/requests HTTP/1.1\r\n" JSON LENGTH18 "\r\n" BODY),
    BAD(POST("Host: y\r\n" LENGTH18) BODY),
    BAD("POST /v1/campaigns/noon/requests HTTP/1.1\r\nHost: x y\r\n" JSON LENGTH18 "\r\n" BODY),
    {BYTES("POST /v1/campaigns/noon/requests HTTP/2.0\r\nHost: x\r\n" JSON LENGTH18 "\r\n" BODY),
     505, CODE("BAD_VERSION"), true},
    BAD("POST /v1/campaigns/noon/requests\r\n\r\n"),
    {BYTES("CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n"), 501, CODE("NOT_IMPLEMENTED"), true},
    {BYTES(POST(LENGTH18 "Expect: 200-ok\r\n") BODY), 417, CODE("BAD_EXPECTATION"), true},
};

/* number: replaces each @@ by the number of the row. */
static void number(char *bytes, size_t len, size_t row)
{
    char digits[8];
    snprintf(digits, sizeof digits, "%02zu", row);
    for (char *at; (at = memmem(bytes, len, "@@", 2)) != NULL;)
        memcpy(at, digits, 2);
}

static size_t count(const char *text, const char *piece)
{
    size_t n = 0;
    for (; (text = strstr(text, piece)) != NULL; text++)
        n++;
    return n;
}

/* ask: sends, reads one whole answer, and checks whether the server then closes. */
static void ask(const char *bytes, size_t len, char text[RAW_MAX], bool *closes)
{
    static char rest[RAW_MAX];
    int fd = raw_connect(stack.url);
    raw_send(fd, bytes, len);
    raw_read(fd, text, PATIENCE_MS, closes);
    if (!*closes && strstr(text, "\r\nConnection: close\r\n") != NULL) {
        size_t more = raw_read(fd, rest, PATIENCE_MS, closes);
        assert_int_equal(more, 0);
    }
    close(fd);
}

TEST(test_rows)
{
    static char bytes[RAW_MAX], text[RAW_MAX];
    for (size_t i = 0; i < LENGTH(rows); i++) {
        bool closes;
        memcpy(bytes, rows[i].in, rows[i].len);
        number(bytes, rows[i].len, i);
        ask(bytes, rows[i].len, text, &closes);
        bool queued = stack_ticket(noon.redis, "noon", textf("u-%02zu", i)) > 0;
        if (raw_status(text) != rows[i].status || strstr(text, rows[i].says) == NULL ||
            closes != rows[i].closes || queued != (rows[i].status == 202) ||
            count(text, "HTTP/1.1 ") != 1 || count(text, "Content-Length: ") != 1 ||
            count(text, "Cache-Control: no-store\r\n") != 1)
            fail_msg("row %zu: %s\n%s%s%s", i, bytes, text, closes ? "(closes)" : "",
                     queued ? "(queued)" : "");
    }
}

/* Bytes after a request whose end is in doubt are never read. */
TEST(test_nothing_is_smuggled)
{
    static char text[RAW_MAX];
    static const char bytes[] = POST("Content-Length: 4\r\n" CHUNKED) "5c\r\n" POST(
        LENGTH18) "{\"user_id\":\"u-xx\"}\r\n0\r\n\r\n" POST(LENGTH18) "{\"user_id\":\"u-yy\"}";
    bool closes;
    ask(bytes, sizeof bytes - 1, text, &closes);
    assert_int_equal(raw_status(text), 400);
    assert_int_equal(count(text, "HTTP/1.1 "), 1);
    assert_true(closes);
    assert_int_equal(stack_ticket(noon.redis, "noon", "u-xx"), 0);
    assert_int_equal(stack_ticket(noon.redis, "noon", "u-yy"), 0);
}

/* --- the size of the head, to the byte --- */

/* post_with: writes a POST with a head of `head` bytes, padded by one header field or by cookies of
 * 50 bytes. */
static size_t post_with(char *out, size_t head, const char *user, bool cookies)
{
    char body[64];
    int len = snprintf(body, sizeof body, "{\"user_id\":\"%s\"}", user);
    size_t n = (size_t)sprintf(out,
                               "POST /v1/campaigns/noon/requests HTTP/1.1\r\nHost: x\r\n" JSON
                               "Content-Length: %d\r\nCookie: ",
                               len);
    size_t from = n;
    for (; n < head - 4; n++)
        out[n] = cookies && (n - from) % 50 == 48   ? ';'
                 : cookies && (n - from) % 50 == 10 ? '='
                                                    : 'x';
    out[n - 1] = 'x';
    memcpy(out + n, "\r\n\r\n", 4);
    memcpy(out + n + 4, body, (size_t)len);
    return n + 4 + (size_t)len;
}

static void check_head(size_t head, bool cookies)
{
    static char bytes[RAW_MAX], text[RAW_MAX];
    bool closes;
    const char *user = textf("h-%zu-%d", head, cookies);
    size_t n = post_with(bytes, head, user, cookies);
    ask(bytes, n, text, &closes);
    bool queued = stack_ticket(noon.redis, "noon", user) > 0;
    int want = head <= HEADER_MAX ? 202 : 431;
    if (raw_status(text) != want || queued != (want == 202) || closes != (want == 431) ||
        count(text, "HTTP/1.1 ") != 1)
        fail_msg("%zu bytes: %s%s", head, text, queued ? "(queued)" : "");
}

TEST(test_header_bytes)
{
    for (size_t head = 200; head < 2 * HEADER_MAX; head += 97) {
        check_head(head, false);
        check_head(head, true);
    }
    for (size_t head = HEADER_MAX - 3; head <= HEADER_MAX + 3; head++) {
        check_head(head, false);
        check_head(head, true);
    }
}

/* A larger request line gets 414. */
TEST(test_url_bytes)
{
    static char bytes[RAW_MAX], text[RAW_MAX];
    static const struct {
        size_t len;
        bool closes;
    } urls[] = {{1025, false}, {4000, false}, {8193, true}, {20000, true}};
    for (size_t i = 0; i < LENGTH(urls); i++) {
        bool closes;
        size_t n = (size_t)sprintf(bytes, "GET /");
        memset(bytes + n, 'x', urls[i].len - 1);
        n += urls[i].len - 1;
        n += (size_t)sprintf(bytes + n, " HTTP/1.1\r\nHost: x\r\n\r\n");
        ask(bytes, n, text, &closes);
        assert_int_equal(raw_status(text), 414);
        assert_int_equal(closes, urls[i].closes);
        assert_non_null(strstr(text, CODE("URL_TOO_LONG")));
    }
}

/* --- several requests on one connection --- */

/* read_all: reads until the server closes. */
static void read_all(int fd, char text[RAW_MAX])
{
    size_t n = 0;
    for (ssize_t r; n < RAW_MAX - 1 && (r = recv(fd, text + n, RAW_MAX - 1 - n, 0)) > 0;)
        n += (size_t)r;
    text[n] = '\0';
}

TEST(test_pipelined)
{
    static char bytes[RAW_MAX], text[RAW_MAX];
    enum { N = 20 };
    size_t n = 0;
    int fd = raw_connect(stack.url);
    for (int i = 0; i < N; i++)
        n += (size_t)sprintf(bytes + n,
                             POST("Content-Length: 18\r\n") "{\"user_id\":\"p-%02d\"}" GET(
                                 "/v1/campaigns/noon/requests/p-%02d"),
                             i, i);
    raw_send(fd, bytes, n);
    shutdown(fd, SHUT_WR); /* the request is still answered */
    read_all(fd, text);
    const char *at = text;
    for (int i = 0; i < 2 * N; i++) {
        const char *user = textf("\"p-%02d\"", i / 2);
        int status = raw_status(at);
        at = strstr(at, "\"user_id\":");
        assert_non_null(at);
        assert_int_equal(status, i % 2 == 0 ? 202 : 200);
        assert_memory_equal(at + 10, user, strlen(user));
        at = strstr(at, "HTTP/1.1 ");
        assert_int_equal(at == NULL, i == 2 * N - 1);
    }
    close(fd);
}

TEST(test_head)
{
    static char text[RAW_MAX];
    static const char bytes[] =
        "HEAD /v1/campaigns/noon HTTP/1.1\r\nHost: x\r\n\r\n"
        "GET /v1/campaigns/noon HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    int fd = raw_connect(stack.url);
    raw_send(fd, bytes, sizeof bytes - 1);
    read_all(fd, text);
    assert_int_equal(count(text, "HTTP/1.1 200 OK\r\n"), 2);
    assert_int_equal(count(text, "{\"name\":\"noon\""), 1);
    const char *first = strstr(text, "Content-Length: "),
               *second = strstr(first + 1, "Content-Length: ");
    assert_int_equal(atoi(first + 16), atoi(second + 16));
    close(fd);
}

TEST(test_expect)
{
    static char text[RAW_MAX];
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    char got[sizeof go_on] = "";
    bool closes;
    int fd = raw_connect(stack.url);
    raw_send(fd, BYTES(POST(LENGTH18 "Expect: 100-continue\r\n")));
    assert_int_equal(recv(fd, got, sizeof go_on - 1, MSG_WAITALL), sizeof go_on - 1);
    assert_string_equal(got, go_on);
    raw_send(fd, "{\"user_id\":\"u-ex\"}", 18);
    raw_read(fd, text, PATIENCE_MS, &closes);
    assert_int_equal(raw_status(text), 202);
    close(fd);
}

/* A client that is refused at the head but still sends its body sees why. */
TEST(test_refused_body)
{
    static char text[RAW_MAX], body[1000000];
    bool closes;
    int fd = raw_connect(stack.url);
    memset(body, ' ', sizeof body);
    raw_send(fd, BYTES(POST("Content-Length: 1000000\r\nX-Request-Id: large\r\n")));
    raw_send(fd, body, sizeof body);
    raw_read(fd, text, PATIENCE_MS, &closes);
    assert_int_equal(raw_status(text), 413);
    assert_non_null(strstr(text, "\r\nX-Request-Id: large\r\n"));
    close(fd);
}

/* --- clients that leave --- */

static int poll_for(const char *user)
{
    int fd = raw_connect(stack.url);
    event_raw_poll(&noon, fd, user);
    return fd;
}

/* Abandoned long-polls free their places at once, however they are left. */
TEST(test_abandoned_long_polls)
{
    enum { N = 300 };
    static const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int fds[N];
    int64_t began_us = clock_mono_us();
    assert_int_equal(event_post(&noon, "polled", NULL), 202);
    for (int i = 0; i < N; i++)
        fds[i] = poll_for("polled");
    event_wait_metric(stack.admin_url, "onrush_gateway_waiters", N);
    event_wait_metric(stack.admin_url, "onrush_gateway_connections", N);
    long gone = event_metric(stack.admin_url, "onrush_gateway_clients_gone_total");
    for (int i = 0; i < N; i++) {
        if (i % 3 == 1)
            setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        if (i % 3 == 2)
            raw_send(fds[i], "GET / HTTP", 10); /* hides the end of the stream */
        close(fds[i]);
    }
    event_wait_metric(stack.admin_url, "onrush_gateway_waiters", 0);
    event_wait_metric(stack.admin_url, "onrush_gateway_connections", 0);
    event_wait_metric(stack.admin_url, "onrush_gateway_clients_gone_total", gone + N);
    /* later they would have ended anyway */
    assert_true(clock_mono_us() - began_us < 29000000);
}

/* A client that has closed its sending side gets the current status at once. */
TEST(test_half_closed_long_poll)
{
    static char text[RAW_MAX];
    bool closes;
    int64_t began_us = clock_mono_us();
    for (int i = 0; i < 2; i++) {
        int fd = poll_for("polled");
        if (i == 1)
            event_wait_metric(stack.admin_url, "onrush_gateway_waiters", 1);
        shutdown(fd, SHUT_WR);
        raw_read(fd, text, PATIENCE_MS, &closes);
        assert_int_equal(raw_status(text), 200);
        assert_non_null(strstr(text, "\"status\":\"waiting\""));
        close(fd);
    }
    assert_true(clock_mono_us() - began_us < 29000000);
}

EVENT_ENDS(noon)

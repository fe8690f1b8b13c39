/* SPDX-License-Identifier: Apache-2.0 */
/* shared/http over real sockets: bytes in, bytes out. Every row is sent in one piece, then byte by
 * byte. */
#include "tests/support/test.h"

#include "shared/http/conn.h"
#include "tests/support/serve.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

static struct serve serve;

static void start(void)
{
    struct http_config config = serve_config();
    serve_start(&serve, &config);
}

static void stop(void)
{
    serve_stop(&serve);
}

/* epoll_ctl: counts the call and does what libc's does. */
static int n_epoll_ctl;

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    static int (*real)(int, int, int, struct epoll_event *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "epoll_ctl");
    n_epoll_ctl++;
    return real(epfd, op, fd, event);
}

#define OK_END(len, body) HEAD("200 OK") "Content-Length: " len "\r\nConnection: close\r\n\r\n" body
#define OK_STAY(len, body)                                                                         \
    HEAD("200 OK") "Content-Length: " len "\r\nConnection: keep-alive\r\n\r\n" body
#define POST(fields) "POST /p HTTP/1.1\r\nHost: x\r\n" fields "\r\n"
/* 64 bytes */
#define XS  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define XXS XS XS XS XS XS XS XS XS XS XS XS XS XS XS XS XS

static const struct {
    const char *in, *out;
    bool ends;
} rows[] = {
    {GET("/a"), OK_A, false},
    {GET("/a?b=c"), OK("11", "GET /a?b=c "), false},
    {"\r\n\r\n" GET("/a"), OK_A, false},
    {"GET http://y/a?b HTTP/1.1\r\nHost: x\r\n\r\n", OK("9", "GET /a?b "), false},
    {"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" GET("/b"),
     HEAD("200 OK") "Content-Length: 8\r\n\r\n" OK("7", "GET /b "), false},
    {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", OK("10", "OPTIONS * "), false},
    {POST("Content-Length: 3\r\n") "abc", OK("11", "POST /p abc"), false},
    {POST("Content-Length: 0\r\n"), OK("8", "POST /p "), false},
    {POST("Transfer-Encoding: chunked\r\n") "2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: u\r\n\r\n" GET("/a"),
     OK("11", "POST /p abc") OK_A, false},
    {GET("/a") POST("Content-Length: 3\r\n") "abc" GET("/b"),
     OK_A OK("11", "POST /p abc") OK("7", "GET /b "), false},
    {GET("/a") "GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" GET("/c"),
     OK_A OK_END("7", "GET /b "), true},
    {"GET /a HTTP/1.0\r\n\r\n", OK_END("7", "GET /a "), true},
    {"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" GET("/b"),
     OK_STAY("7", "GET /a ") OK("7", "GET /b "), false},
    {GET("/a") "GET /b HTTP/1.1\r\n\r\n" GET("/c"), OK_A NO("400 Bad Request"), true},
    {POST("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n", NO("400 Bad Request"),
     true},
    {POST("Content-Length: 257\r\n"), NO("413 Content Too Large"), true},
    {POST("Transfer-Encoding: gzip\r\n"), NO("501 Not Implemented"), true},
    {POST("Content-Length: 3\r\nExpect: 200-ok\r\n"), NO("417 Expectation Failed"), true},
    {"GET /a HTTP/2.0\r\nHost: x\r\n\r\n", NO("505 HTTP Version Not Supported"), true},
    {"GET /" XXS " HTTP/1.1\r\nHost: x\r\n\r\n", NO("414 URI Too Long"), true},
    {"GET / HTTP/1.1\r\nHost: x\r\nX: " XXS "\r\n\r\n", NO("431 Request Header Fields Too Large"),
     true},
};

#define SERVER_TEST(name) TEST_WITH(name, start, stop)

SERVER_TEST(test_rows)
{
    for (size_t i = 0; i < 2 * LENGTH(rows); i++) {
        const char *in = rows[i / 2].in;
        struct client *c = client_open(&serve, 1);
        size_t step = i % 2 == 0 ? strlen(in) : 1;
        for (size_t at = 0; at < strlen(in); at += step) {
            client_send(c, in + at, step);
            event_base_loop(serve.base, EVLOOP_NONBLOCK);
        }
        if (rows[i / 2].ends)
            client_expect_end(c, rows[i / 2].out);
        else
            client_expect(c, rows[i / 2].out);
        client_close(c, false);
    }
}

/* --- sizes --- */

/* A head of exactly max_head_bytes passes; one more byte does not. */
SERVER_TEST(test_head_is_exact)
{
    for (int more = 0; more < 2; more++) {
        char bytes[1100];
        int n = snprintf(bytes, sizeof bytes, "GET /a HTTP/1.1\r\nHost: x\r\nX: ");
        memset(bytes + n, 'x', (size_t)(1024 - 4 - n + more));
        memcpy(bytes + 1020 + more, "\r\n\r\n", 4);
        struct client *c = client_open(&serve, 1);
        client_send(c, bytes, (size_t)(1024 + more));
        if (more == 0)
            client_expect(c, OK_A);
        else
            client_expect_end(c, NO("431 Request Header Fields Too Large"));
        client_close(c, false);
    }
}

/* The client sees the answer although it keeps sending an unwanted body. */
SERVER_TEST(test_refused_body)
{
    static char body[500000];
    struct client *c = client_open(&serve, 1);
    client_ask(c, POST("Content-Length: 500000\r\n"));
    memset(body, 'x', sizeof body);
    client_send(c, body, sizeof body);
    shutdown(c->fd, SHUT_WR);
    client_expect_end(c, NO("413 Content Too Large"));
    assert_string_equal(serve.refused_path, "/p");
    client_close(c, false);
}

SERVER_TEST(test_large_answer)
{
    struct client *c = client_open(&serve, 1);
    client_ask(c, GET("/large") GET("/a"));
    SERVE_UNTIL(&serve, strstr(client_read(c)->text, "GET /a ") != NULL);
    assert_int_equal(strspn(strstr(c->text, "\r\n\r\n") + 4, "x"), 100000);
    client_close(c, false);
}

/* --- 100 Continue --- */

SERVER_TEST(test_expect)
{
    static const char head[] = POST("Content-Length: 3\r\nExpect: 100-continue\r\n");
    struct client *c = client_open(&serve, 1);
    client_exchange(c, head, "HTTP/1.1 100 Continue\r\n\r\n");
    client_exchange(c, "abc", OK("11", "POST /p abc"));
    /* the client does not wait */
    client_exchange(c, POST("Content-Length: 3\r\nExpect: 100-continue\r\n") "abc",
                    OK("11", "POST /p abc"));
    client_exchange_end(c, POST("Content-Length: 257\r\nExpect: 100-continue\r\n"),
                        NO("413 Content Too Large"));
    client_close(c, false);
}

/* --- deferred answers --- */

SERVER_TEST(test_answers_in_order)
{
    struct client *c = client_open(&serve, 1);
    client_ask(c, GET("/later") GET("/b") GET("/later") GET("/c"));
    SERVE_UNTIL(&serve, serve.n_waiting == 1);
    serve_answer(&serve, "one");
    client_expect(c, OK("3", "one") OK("7", "GET /b "));
    SERVE_UNTIL(&serve, serve.n_waiting == 1);
    serve_answer(&serve, "two");
    client_expect(c, OK("3", "two") OK("7", "GET /c "));
    client_close(c, false);
}

/* Many pipelined requests of one client do not delay others, and all are answered. */
SERVER_TEST(test_many_pipelined)
{
    enum { N = 1000 };
    size_t before = serve.n_requests;
    struct client *c = client_open(&serve, 1);
    for (int i = 0; i < N; i++)
        client_ask(c, GET("/a"));
    SERVE_UNTIL(&serve, serve.n_requests == before + N && client_read(c)->n > 0);
    size_t n = 0;
    for (const char *at = client_read(c)->text; (at = strstr(at, "GET /a ")) != NULL; at++)
        n++;
    assert_int_equal(n, N);
    client_close(c, false);
}

/* --- clients that disconnect --- */

SERVER_TEST(test_gone)
{
    for (int i = 0; i < 4; i++) {
        struct client *c = client_open(&serve, 1);
        size_t before = serve.n_gone;
        bool behind = i % 2 == 1; /* unread bytes hide the end */
        client_ask(c, behind ? GET("/later") GET("/b") : GET("/later"));
        SERVE_UNTIL(&serve, serve.n_waiting == 1);
        client_close(c, i >= 2);
        SERVE_UNTIL(&serve, serve.n_gone == before + 1);
        serve_answer(&serve, "nobody reads it");
        SERVE_UNTIL(&serve, http_server_census(serve.server).all == 0);
        assert_int_equal(serve.n_gone, before + 1);
    }
}

/* A half-closed client is reported as gone, and still gets an answer if there is one. */
SERVER_TEST(test_half_closed)
{
    struct client *c = client_open(&serve, 1);
    size_t before = serve.n_gone;
    client_ask(c, GET("/a") GET("/later") GET("/b"));
    shutdown(c->fd, SHUT_WR);
    SERVE_UNTIL(&serve, serve.n_gone == before + 1);
    client_expect(c, OK_A);
    serve_answer(&serve, "late");
    client_expect_end(c, OK("4", "late") OK("7", "GET /b "));
    client_close(c, false);
}

/* The client disconnects after half a request. */
SERVER_TEST(test_half_a_request)
{
    struct client *c = client_open(&serve, 1);
    size_t before = serve.n_requests;
    client_ask(c, "GET /a HTTP/1.1\r\nHost");
    SERVE_UNTIL(&serve, http_server_census(serve.server).reading == 1);
    shutdown(c->fd, SHUT_WR);
    client_expect_end(c, "");
    client_close(c, false);
    assert_int_equal(serve.n_requests, before);
}

/* The last bytes and the reset after them are one event, which does not report the end. */
SERVER_TEST(test_half_a_request_and_a_reset)
{
    struct client *c = client_open(&serve, 1);
    SERVE_UNTIL(&serve, http_server_census(serve.server).all == 1);
    client_send(c, "GET /half HT", 12);
    client_close(c, true);
    SERVE_UNTIL(&serve, http_server_census(serve.server).all == 0);
    assert_int_equal(serve.n_refused, 0);
}

/* --- streams --- */

static struct http_conn *take_stream(void)
{
    SERVE_UNTIL(&serve, serve.n_waiting == 1);
    return serve.waiting[--serve.n_waiting];
}

#define STREAM "HTTP/1.1 200 OK\r\nDate: *\r\n"

SERVER_TEST(test_stream)
{
    static const struct {
        const char *in, *out;
        bool ends;
    } streams[] = {
        {GET("/stream"),
         STREAM "Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n", false},
        {"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
         STREAM "Connection: close\r\n\r\nonetwo", true},
        {"HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n", STREAM "Transfer-Encoding: chunked\r\n\r\n",
         false},
    };
    for (size_t i = 0; i < LENGTH(streams); i++) {
        struct client *c = client_open(&serve, 1);
        client_ask(c, streams[i].in);
        struct http_conn *stream = take_stream();
        assert_int_equal(http_stream_write(stream, "one", 3), 0);
        assert_int_equal(http_stream_write(stream, "two", 3), 0);
        http_stream_end(stream, true);
        if (streams[i].ends)
            client_expect_end(c, streams[i].out);
        else
            client_expect(c, streams[i].out);
        if (!streams[i].ends) {
            client_exchange(c, GET("/a"), OK_A);
        }
        client_close(c, false);
    }
}

/* Unread data is bounded; the writer is called when the client reads it. */
SERVER_TEST(test_stream_to_a_slow_reader)
{
    static char piece[1000];
    struct client *c = client_open(&serve, 1);
    size_t drained = serve.n_drained, pieces = 0;
    int r;
    client_ask(c, GET("/stream"));
    struct http_conn *stream = take_stream();
    memset(piece, 'x', sizeof piece);
    while ((r = http_stream_write(stream, piece, sizeof piece)) == 0)
        pieces++;
    assert_int_equal(r, -EAGAIN);
    /* ours, and the buffers of both kernels */
    assert_true(pieces * sizeof piece < 65536 + 4000000);
    SERVE_UNTIL(&serve, (client_read(c), serve.n_drained == drained + 1));
    assert_int_equal(http_stream_write(stream, "end", 3), 0);
    http_stream_end(stream, true);
    SERVE_UNTIL(&serve, strstr(client_read(c)->text + c->n - 13, "end\r\n0\r\n\r\n") != NULL);
    size_t xs = 0;
    for (size_t i = 0; i < c->n; i++)
        xs += c->text[i] == 'x';
    assert_int_equal(xs, pieces * sizeof piece);
    client_close(c, false);
}

SERVER_TEST(test_stream_without_a_reader)
{
    for (int reset = 0; reset < 2; reset++) {
        struct client *c = client_open(&serve, 1);
        size_t before = serve.n_gone;
        client_ask(c, GET("/stream"));
        struct http_conn *stream = take_stream();
        client_close(c, reset == 1);
        SERVE_UNTIL(&serve, serve.n_gone == before + 1);
        while (http_stream_write(stream, "x", 1) == 0)
            serve_turn(&serve);
        http_stream_end(stream, true);
        SERVE_UNTIL(&serve, http_server_census(serve.server).all == 0);
    }
}

SERVER_TEST(test_broken_stream)
{
    struct client *c = client_open(&serve, 1);
    client_ask(c, GET("/stream"));
    struct http_conn *stream = take_stream();
    client_expect(c, STREAM "Transfer-Encoding: chunked\r\n\r\n");
    http_stream_end(stream, false);
    SERVE_UNTIL(&serve, client_read(c)->closed);
    assert_int_equal(c->n, 0);
    client_close(c, false);
}

/* --- what a connection costs --- */

SERVER_TEST(test_costs_of_a_connection)
{
    struct client *c = client_open(&serve, 1), *half = client_open(&serve, 1);
    client_exchange(c, GET("/a"), OK_A);
    int before = n_epoll_ctl;
    for (int i = 0; i < 100; i++) {
        client_ask(c, i % 2 == 0 ? GET("/a") : GET("/later"));
        if (i % 2 == 0)
            continue;
        SERVE_UNTIL(&serve, serve.n_waiting == 1);
        assert_int_equal(serve.server->buffers.n_lent, 1); /* only the shared buffer */
        serve_answer(&serve, "x");
    }
    SERVE_UNTIL(&serve, http_server_census(serve.server).idle == 2);
    assert_int_equal(n_epoll_ctl, before);
    assert_int_equal(serve.server->buffers.n_lent, 1);
    assert_true(sizeof(struct http_conn) <= 384);
    client_ask(half, "G");
    SERVE_UNTIL(&serve, serve.server->buffers.n_lent == 2);
    client_exchange(half, "ET /a HTTP/1.1\r\nHost: x\r\n\r\n", OK_A);
    assert_int_equal(serve.server->buffers.n_lent, 1);
    client_close(c, false);
    client_close(half, false);
}

/* --- the end --- */

SERVER_TEST(test_quiesce)
{
    struct client *open = client_open(&serve, 1), *waits = client_open(&serve, 1);
    client_ask(waits, GET("/later"));
    SERVE_UNTIL(&serve, serve.n_waiting == 1 && http_server_census(serve.server).all == 2);
    struct client *connected = client_open(&serve, 1); /* still in the kernel's queue */
    http_server_quiesce(serve.server, true);
    assert_false(http_server_listen_state(serve.server, &(struct listen_state){0}));
    serve_answer(&serve, "last");
    client_expect_end(waits, OK_END("4", "last"));
    client_exchange_end(open, GET("/a") GET("/b"), OK_END("7", "GET /a "));
    client_exchange_end(connected, GET("/a"), OK_END("7", "GET /a "));
    client_close(open, false);
    client_close(waits, false);
    client_close(connected, false);
    SERVE_UNTIL(&serve, http_server_census(serve.server).all == 0);
}

SERVER_TEST(test_free_with_everything_open)
{
    static const char *const sent[] = {"", "GET", GET("/later"), GET("/stream"),
                                       GET("/large") GET("/large") GET("/large")};
    struct client *clients[LENGTH(sent)];
    for (size_t i = 0; i < LENGTH(sent); i++) {
        clients[i] = client_open(&serve, 1);
        client_ask(clients[i], sent[i]);
    }
    SERVE_UNTIL(&serve, serve.n_waiting == 2 && http_server_census(serve.server).all == 5);
    serve_stop(&serve);
    assert_int_equal(serve.n_gone, 2);
    for (size_t i = 0; i < LENGTH(sent); i++)
        client_close(clients[i], false);
    start();
}

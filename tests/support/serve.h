/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP server (shared/http) and its clients in one thread. The event loop runs whenever a client
 * waits, so that only the server's own deadlines depend on time. */
#ifndef ONRUSH_TESTS_SERVE_H
#define ONRUSH_TESTS_SERVE_H

#include "shared/http/client_limit.h"
#include "shared/http/server.h"

#define SERVE_TEXT_MAX 400000

/* The server under test. Its handler answers by path:
 *
 *   /large    200 and 100,000 bytes
 *   /later    not until serve_answer()
 *   /stream   opens a stream; writes nothing
 *   others    200, at once, with "METHOD PATH?QUERY BODY"
 * */
struct serve {
    struct event_base *base;
    struct http_server *server;
    struct http_client_limit *clients;
    struct http_conn *waiting[64]; /* for serve_answer(), or streams; oldest first */
    size_t n_waiting;
    size_t n_requests, n_refused, n_gone, n_drained;
    enum http_refusal refused; /* the last refusal, and its path if a head was read */
    bool refused_a_head;
    char refused_path[64];
    int port;
    bool all_exempt;
};

/* Requests, and the server's answers. */
#define HEAD(status)  "HTTP/1.1 " status "\r\nDate: *\r\nContent-Type: text/plain\r\n"
#define OK(len, body) HEAD("200 OK") "Content-Length: " len "\r\n\r\n" body
#define NO(status)    HEAD(status) "Content-Length: 2\r\nConnection: close\r\n\r\nno"
#define GET(path)     "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define OK_A          OK("7", "GET /a ")

/* A client: a socket and everything read from it. */
struct client {
    struct serve *serve;
    int fd;
    bool closed, reset;
    size_t n;
    char text[SERVE_TEXT_MAX];
};

/* serve_config: 1024 bytes of head, 256 of body, and deadlines of a minute. */
struct http_config serve_config(void);

/* serve_start: listens on a free port, on all loopback addresses. */
void serve_start(struct serve *serve, const struct http_config *config);
void serve_stop(struct serve *serve);

/* serve_turn: runs the loop once; waits if no event is due. */
void serve_turn(struct serve *serve);

/* SERVE_UNTIL: runs the loop until the condition holds; fails after a long time. */
#define SERVE_UNTIL(serve, condition)                                                              \
    do {                                                                                           \
        int64_t until_us = serve_deadline();                                                       \
        while (!(condition))                                                                       \
            serve_turn_until(serve, until_us, #condition);                                         \
    } while (0)
int64_t serve_deadline(void);
void serve_turn_until(struct serve *serve, int64_t until_us, const char *condition);

/* serve_answer: answers the oldest waiting request with 200 and `body`. */
void serve_answer(struct serve *serve, const char *body);

/* client_open: connects from 127.0.0.`host`. client_close: closes, with a RST if `reset`; returns
 * NULL. */
struct client *client_open(struct serve *serve, int host);
struct client *client_close(struct client *client, bool reset);

void client_send(struct client *client, const char *bytes, size_t len);

/* client_ask: sends the text. client_exchange, client_exchange_end: also wait for the answer, as
 * client_expect() and client_expect_end() do. */
void client_ask(struct client *client, const char *text);
void client_exchange(struct client *client, const char *text, const char *answer);
void client_exchange_end(struct client *client, const char *text, const char *answer);

/* client_read: reads what has arrived. Returns the client, so that a condition may begin with the
 * call. */
struct client *client_read(struct client *client);

/* client_expect: waits for exactly these bytes, with a Date written as "Date: *", and checks that
 * no more follow. */
void client_expect(struct client *client, const char *text);

/* client_expect_end: as client_expect(), and the server must close. */
void client_expect_end(struct client *client, const char *text);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* shared/http: deadlines, slow readers, crowds. Deadlines are short, and tests wait for their
 * effect. */
#include "tests/support/test.h"

#include "shared/base/clock.h"
#include "shared/http/conn.h"
#include "tests/support/serve.h"

#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define SHORT_US 50000

static struct serve serve;

static void stop(void)
{
    serve_stop(&serve);
}

/* --- deadlines --- */

#define LIMITS_TEST(name) TEST_WITH(name, NULL, stop)

LIMITS_TEST(test_idle)
{
    struct http_config config = serve_config();
    config.deadlines.idle_us = SHORT_US;
    serve_start(&serve, &config);
    struct client *silent = client_open(&serve, 1), *kept = client_open(&serve, 1),
                  *waits = client_open(&serve, 1);
    client_ask(kept, GET("/a"));
    client_ask(waits, GET("/later"));
    client_expect_end(silent, "");
    SERVE_UNTIL(&serve, client_read(kept)->closed);
    assert_non_null(strstr(kept->text, "GET /a"));
    serve_answer(&serve, "a request that waits is not idle");
    SERVE_UNTIL(&serve, strstr(client_read(waits)->text, "not idle") != NULL);
    client_close(silent, false);
    client_close(kept, false);
    client_close(waits, false);
}

/* Neither a head nor a body may take longer, however many bytes arrive. */
LIMITS_TEST(test_request)
{
    static const char *const begins[] = {
        "G",
        "\r\n",
        "GET /a HTTP/1.1\r\nHost: x\r\nX: ",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 256\r\n\r\nx",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n",
    };
    struct http_config config = serve_config();
    config.deadlines.request_us = SHORT_US;
    serve_start(&serve, &config);
    for (size_t i = 0; i < LENGTH(begins); i++) {
        struct client *c = client_open(&serve, 1);
        int64_t until_us = serve_deadline(), dribbled_us = 0;
        client_ask(c, begins[i]);
        while (client_read(c)->n == 0) {
            if (i != 1 && clock_mono_us() - dribbled_us > SHORT_US / 10) {
                client_ask(c, "x");
                dribbled_us = clock_mono_us();
            }
            serve_turn_until(&serve, until_us, "the server has had enough");
        }
        shutdown(c->fd, SHUT_WR);
        client_expect_end(c, NO("408 Request Timeout"));
        client_close(c, false);
    }
    assert_int_equal(http_server_counts(serve.server)->too_slow, LENGTH(begins));
}

/* Each request has its own deadline; earlier ones on the connection do not count. */
LIMITS_TEST(test_each_request_has_its_time)
{
    struct http_config config = serve_config();
    config.deadlines.request_us = 1000000;
    serve_start(&serve, &config);
    struct client *c = client_open(&serve, 1);
    struct http_conn *conn;
    for (int i = 0; i < 3; i++) {
        int64_t began_us = serve.server->now_us;
        client_ask(c, "GET /a HTTP/1.1\r\n");
        SERVE_UNTIL(&serve, (conn = TAILQ_FIRST(&serve.server->in[HTTP_READING])) != NULL);
        assert_true(conn->since_us >= began_us);
        client_exchange(c, "Host: x\r\n\r\n", OK_A);
    }
    client_close(c, false);
}

/* A refused client that keeps sending, or never closes, is disconnected. */
LIMITS_TEST(test_linger)
{
    struct http_config config = serve_config();
    config.deadlines.linger_us = SHORT_US;
    serve_start(&serve, &config);
    struct client *c = client_open(&serve, 1);
    client_ask(c, "nonsense\r\n\r\n");
    SERVE_UNTIL(&serve, http_server_census(serve.server).all == 1);
    SERVE_UNTIL(&serve, http_server_census(serve.server).all == 0);
    client_expect_end(c, NO("400 Bad Request"));
    client_close(c, false);
}

/* --- slow readers --- */

/* in_kernel: bytes sent by the server and not yet read by the client. */
static size_t in_kernel(const struct client *c)
{
    int theirs = 0, ours = 0;
    struct http_conn *conn = TAILQ_FIRST(&serve.server->in[HTTP_SENDING]);
    ioctl(c->fd, FIONREAD, &theirs);
    if (conn != NULL)
        ioctl(event_get_fd(&conn->event), SIOCOUTQ, &ours);
    return (size_t)theirs + (size_t)ours;
}

/* A client pipelines and never reads: the server stops reading, holds little, and cuts it. */
LIMITS_TEST(test_reader_that_never_reads)
{
    struct http_config config = serve_config();
    config.deadlines.answer_us = 500000;
    serve_start(&serve, &config);
    struct client *c = client_open(&serve, 1);
    int small = 4096;
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    size_t most = 0, kept = 0, sent = 0;
    for (int64_t until_us = serve_deadline();
         http_server_counts(serve.server)->slow_readers == 0;) {
        static const char get[] = GET("/a");
        ssize_t n = send(c->fd, get, sizeof get - 1, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        event_base_loop(serve.base, n > 0 ? EVLOOP_NONBLOCK : EVLOOP_ONCE);
        most = in_kernel(c) > most ? in_kernel(c) : most;
        struct http_conn *conn = TAILQ_FIRST(&serve.server->in[HTTP_SENDING]);
        if (conn != NULL && conn->output != NULL)
            kept = conn->output->room > kept ? conn->output->room : kept;
        assert_true(clock_mono_us() < until_us);
    }
    print_message("in the kernel %zu, in the server %zu, requests %zu bytes\n", most, kept, sent);
    assert_in_range(most, 1, 300000);
    assert_in_range(kept, 1, 8192);
    assert_int_equal(http_server_census(serve.server).all, 0);
    client_close(c, false);
}

/* A client that reads late loses nothing. */
LIMITS_TEST(test_reader_that_takes_its_time)
{
    struct http_config config = serve_config();
    serve_start(&serve, &config);
    struct client *c = client_open(&serve, 1);
    int small = 4096;
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    client_ask(c, GET("/large") GET("/large") GET("/a"));
    SERVE_UNTIL(&serve, http_server_census(serve.server).busy == 1 &&
                            TAILQ_FIRST(&serve.server->in[HTTP_SENDING]) != NULL);
    SERVE_UNTIL(&serve,
                strstr(client_read(c)->text + (c->n > 7 ? c->n - 7 : 0), "GET /a ") != NULL);
    size_t xs = 0;
    for (size_t i = 0; i < c->n; i++)
        xs += c->text[i] == 'x';
    assert_int_equal(xs, 200000 + 3); /* and three x of text/plain */
    client_close(c, false);
}

/* --- crowds --- */

/* open_all: opens `n` clients from one address and sends `bytes` from each. */
static void open_all(struct client **clients, int n, int host, const char *bytes)
{
    size_t before = (size_t)http_server_counts(serve.server)->accepted;
    for (int i = 0; i < n; i++) {
        clients[i] = client_open(&serve, host);
        client_ask(clients[i], bytes);
    }
    SERVE_UNTIL(&serve, http_server_counts(serve.server)->accepted == before + (size_t)n);
}

static void close_all(struct client **clients, int n)
{
    for (int i = 0; i < n; i++)
        clients[i] = client_close(clients[i], false);
}

static void start(int most, int most_here)
{
    struct http_config config = serve_config();
    config.max_connections = most;
    config.max_connections_per_address = most_here;
    serve_start(&serve, &config);
}

/* With all places in use, one more client gets a refusal and further ones are closed; then there is
 * room again. */
LIMITS_TEST(test_full)
{
    start(4, 4);
    struct client *busy[4], *silent[HTTP_EXCESS_MAX], *c;
    open_all(busy, 4, 1, GET("/later"));
    SERVE_UNTIL(&serve, serve.n_waiting == 4);
    c = client_open(&serve, 2);
    client_exchange_end(c, GET("/a"), NO("503 Service Unavailable"));
    assert_int_equal(serve.refused, HTTP_FULL);
    client_close(c, false);
    SERVE_UNTIL(&serve, http_server_census(serve.server).all == 4);
    open_all(silent, HTTP_EXCESS_MAX, 2, "");
    c = client_open(&serve, 2);
    client_expect_end(c, "");
    assert_int_equal(http_server_counts(serve.server)->dropped, 1);
    client_close(c, false);
    serve_answer(&serve, "x");
    client_expect(busy[0], OK("1", "x")); /* idle now, so it makes room */
    c = client_open(&serve, 2);
    client_exchange(c, GET("/a"), OK_A);
    client_expect_end(busy[0], "");
    while (serve.n_waiting > 0)
        serve_answer(&serve, "x");
    client_close(c, false);
    close_all(busy, 4);
    close_all(silent, HTTP_EXCESS_MAX);
}

/* Silent clients beyond the limit get the refusal too, and do not stay. */
LIMITS_TEST(test_silent_excess)
{
    struct http_config config = serve_config();
    config.max_connections = 1;
    config.deadlines.request_us = SHORT_US;
    serve_start(&serve, &config);
    struct client *busy = client_open(&serve, 1), *silent;
    client_ask(busy, GET("/later"));
    SERVE_UNTIL(&serve, serve.n_waiting == 1);
    silent = client_open(&serve, 1);
    SERVE_UNTIL(&serve, client_read(silent)->closed);
    client_expect_end(silent, NO("503 Service Unavailable"));
    serve_answer(&serve, "x");
    client_close(busy, false);
    client_close(silent, false);
}

/* One address gets its share and no more; another one gets in. */
LIMITS_TEST(test_share)
{
    start(8, 4);
    struct client *busy[4], *c, *other;
    open_all(busy, 4, 1, GET("/later"));
    SERVE_UNTIL(&serve, serve.n_waiting == 4);
    c = client_open(&serve, 1);
    client_exchange_end(c, GET("/a"), NO("503 Service Unavailable"));
    assert_int_equal(serve.refused, HTTP_ADDRESS_FULL);
    other = client_open(&serve, 2);
    client_exchange(other, GET("/a"), OK_A);
    client_close(c, false);
    serve.all_exempt = true;
    c = client_open(&serve, 1);
    client_exchange(c, GET("/a"), OK_A);
    while (serve.n_waiting > 0)
        serve_answer(&serve, "x");
    client_close(c, false);
    client_close(other, false);
    close_all(busy, 4);
}

/* At its limit an address replaces its own idle connections, and nobody else's. */
LIMITS_TEST(test_share_of_idle)
{
    start(8, 4);
    struct client *idle[4], *more[2], *other;
    other = client_open(&serve, 2);
    SERVE_UNTIL(&serve, http_server_census(serve.server).all == 1);
    open_all(idle, 4, 1, "");
    open_all(more, 2, 1, GET("/a"));
    client_expect(more[0], OK_A);
    client_expect(more[1], OK_A);
    client_expect_end(idle[0], "");
    client_expect_end(idle[1], "");
    assert_int_equal(http_server_counts(serve.server)->evicted, 2);
    client_exchange(other, GET("/a"), OK_A);
    client_exchange(idle[2], GET("/a"), OK_A);
    client_close(other, false);
    close_all(idle, 4);
    close_all(more, 2);
}

/* A crowd of half requests does not replace another client's idle connection; every new connection
 * is idle at first. */
LIMITS_TEST(test_half_requests_go_before_a_newcomer)
{
    start(6, 6);
    struct client *crowd[5], *more, *honest;
    open_all(crowd, 5, 1, "GET /a HTTP/1.1\r\n");
    SERVE_UNTIL(&serve, http_server_census(serve.server).reading == 5);
    honest = client_open(&serve, 2);
    SERVE_UNTIL(&serve, http_server_census(serve.server).all == 6);
    more = client_open(&serve, 1);
    client_expect_end(crowd[0], "");
    client_exchange(honest, GET("/a"), OK_A);
    client_close(honest, false);
    client_close(more, false);
    close_all(crowd, 5);
}

/* A silent crowd from some addresses: the honest client, the oldest of all, stays, and a newcomer
 * gets in. */
LIMITS_TEST(test_the_busiest_go_first)
{
    start(12, 6);
    struct client *crowd[2][6], *honest, *newcomer;
    honest = client_open(&serve, 9);
    client_exchange(honest, GET("/a"), OK_A);
    open_all(crowd[0], 6, 1, "");
    open_all(crowd[1], 5, 2, "");
    newcomer = client_open(&serve, 8);
    client_exchange(newcomer, GET("/a"), OK_A);
    client_expect_end(crowd[0][0], "");
    client_exchange(honest, GET("/a"), OK_A);
    client_close(honest, false);
    client_close(newcomer, false);
    close_all(crowd[0], 6);
    close_all(crowd[1], 5);
}

/* A newcomer replaces a connection that has its answer, and none that waits for its turn. */
LIMITS_TEST(test_who_has_asked_stays)
{
    start(8, 8);
    struct client *all[8], *newcomer;
    open_all(all, 8, 1, "");
    SERVE_UNTIL(&serve, http_server_census(serve.server).all == 8);
    for (int i = 0; i < 8; i++)
        client_ask(all[i], GET("/a"));
    newcomer = client_open(&serve, 2);
    client_ask(newcomer, GET("/a"));
    client_expect(newcomer, OK("7", "GET /a "));
    for (int i = 0; i < 8; i++)
        SERVE_UNTIL(&serve, client_read(all[i])->n > 0 || all[i]->closed);
    for (int i = 0; i < 8; i++)
        assert_int_equal(strncmp(all[i]->text, "HTTP/1.1 200 OK", 15), 0);
    assert_int_equal(http_server_counts(serve.server)->evicted, 1);
    client_close(newcomer, false);
    close_all(all, 8);
}

/* A crowd that asks at once: who asks last, from another address, is the second to be served. */
LIMITS_TEST(test_addresses_take_turns)
{
    enum { CROWD = 100 };
    static struct client *crowd[CROWD];
    struct http_config config = serve_config();
    config.max_connections = config.max_connections_per_address = CROWD + 1;
    serve_start(&serve, &config);
    for (int i = 0; i < CROWD; i++)
        crowd[i] = client_open(&serve, 1);
    struct client *other = client_open(&serve, 2);
    SERVE_UNTIL(&serve, http_server_census(serve.server).all == CROWD + 1);
    for (int round = 1; round <= 2; round++) { /* libevent learns to take so many events at once */
        for (int i = 0; i < CROWD; i++)
            client_ask(crowd[i], GET("/a"));
        client_ask(other, round == 1 ? GET("/a") : GET("/nth"));
        SERVE_UNTIL(&serve, serve.n_requests == (size_t)round * (CROWD + 1));
    }
    client_expect(other, OK("7", "GET /a ") OK("3", "103"));
    for (int i = 0; i < CROWD; i++)
        client_close(crowd[i], false);
    client_close(other, false);
}

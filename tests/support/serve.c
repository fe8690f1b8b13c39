/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/serve.h"

#include "shared/base/clock.h"
#include "shared/base/listen.h"
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_US INT64_C(30000000)

static void answer(struct http_conn *c, unsigned status, const char *body, size_t len)
{
    http_answer_begin(c, status);
    http_answer_field(c, "Content-Type", "text/plain");
    http_answer_send(c, body, len);
}

static void echo(struct http_conn *c, const struct http_request *r)
{
    char text[4096];
    int n = snprintf(text, sizeof text, "%.*s %.*s%s%.*s %.*s", (int)r->method_name.len,
                     r->method_name.at, (int)r->path.len, r->path.at,
                     r->query.at != NULL ? "?" : "", (int)r->query.len,
                     r->query.at != NULL ? r->query.at : "", (int)r->body.len, r->body.at);
    answer(c, 200, text, (size_t)n);
}

static void on_request(void *arg, struct http_conn *c, const struct http_request *r)
{
    struct serve *s = arg;
    static char large[100000];
    s->n_requests++;
    if (http_text_is(r->path, "/nth")) {
        char text[24];
        answer(c, 200, text, (size_t)snprintf(text, sizeof text, "%zu", s->n_requests));
    } else if (http_text_is(r->path, "/large")) {
        memset(large, 'x', sizeof large);
        answer(c, 200, large, sizeof large);
    } else if (http_text_is(r->path, "/later") || http_text_is(r->path, "/stream")) {
        assert_true(s->n_waiting < LENGTH(s->waiting));
        assert_null(http_conn_data(c));
        http_conn_set_data(c, s);
        s->waiting[s->n_waiting++] = c;
        if (http_text_is(r->path, "/stream")) {
            http_answer_begin(c, 200);
            http_stream_begin(c);
        }
    } else {
        echo(c, r);
    }
}

static void on_refused(void *arg, struct http_conn *c, enum http_refusal why, unsigned status,
                       const struct http_request *request)
{
    struct serve *s = arg;
    s->n_refused++;
    s->refused = why;
    s->refused_a_head = request != NULL;
    if (request != NULL)
        snprintf(s->refused_path, sizeof s->refused_path, "%.*s", (int)request->path.len,
                 request->path.at);
    answer(c, status, "no", 2);
}

static void on_gone(void *arg, struct http_conn *c)
{
    struct serve *s = arg;
    assert_ptr_equal(http_conn_data(c), s);
    s->n_gone++;
}

static void on_drained(void *arg, struct http_conn *c)
{
    struct serve *s = arg;
    (void)c;
    s->n_drained++;
}

static bool is_exempt(void *arg, const struct address *peer)
{
    struct serve *s = arg;
    (void)peer;
    return s->all_exempt;
}

void serve_answer(struct serve *s, const char *body)
{
    assert_true(s->n_waiting > 0);
    struct http_conn *c = s->waiting[0];
    memmove(s->waiting, s->waiting + 1, --s->n_waiting * sizeof s->waiting[0]);
    answer(c, 200, body, strlen(body));
}

struct http_config serve_config(void)
{
    const int64_t minute_us = 60000000;
    return (struct http_config){.max_head_bytes = 1024,
                                .max_body_bytes = 256,
                                .max_stream_bytes = 65536,
                                .max_connections = 64,
                                .max_connections_per_address = 64,
                                .deadlines = {minute_us, minute_us, minute_us, minute_us}};
}

void serve_start(struct serve *s, const struct http_config *config)
{
    struct http_config own = *config;
    struct http_hooks hooks = {.arg = s,
                               .request = on_request,
                               .refused = on_refused,
                               .gone = on_gone,
                               .drained = on_drained,
                               .exempt = is_exempt};
    struct sockaddr_in where;
    socklen_t len = sizeof where;
    *s = (struct serve){.base = event_base_new(), .clients = http_client_limit_new(64)};
    own.clients = s->clients;
    int fd = listen_tcp("0.0.0.0", 0, false);
    assert_true(fd >= 0);
    getsockname(fd, (struct sockaddr *)&where, &len);
    s->port = ntohs(where.sin_port);
    assert_int_equal(http_server_new(&s->server, s->base, &own, &hooks), 0);
    assert_int_equal(http_server_listen(s->server, fd), 0);
}

void serve_stop(struct serve *s)
{
    s->server = http_server_free(s->server);
    assert_int_equal(http_client_limit_size(s->clients), 0);
    s->clients = http_client_limit_free(s->clients);
    event_base_free(s->base);
}

void serve_turn(struct serve *s)
{
    event_base_loop(s->base, EVLOOP_ONCE);
}

int64_t serve_deadline(void)
{
    return clock_mono_us() + PATIENCE_US;
}

void serve_turn_until(struct serve *s, int64_t until_us, const char *condition)
{
    serve_turn(s);
    if (clock_mono_us() > until_us)
        fail_msg("it does not come to pass: %s", condition);
}

struct client *client_open(struct serve *s, int host)
{
    struct client *c = calloc(1, sizeof *c);
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(0x7f000000u + (unsigned)host)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)s->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    c->serve = s;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(c->fd, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(c->fd, (struct sockaddr *)&to, sizeof to), 0);
    fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK);
    return c;
}

struct client *client_close(struct client *c, bool reset)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    if (c == NULL)
        return NULL;
    if (reset)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(c->fd);
    free(c);
    return NULL;
}

void client_send(struct client *c, const char *bytes, size_t len)
{
    int64_t until_us = serve_deadline();
    while (len > 0) {
        ssize_t n = send(c->fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return; /* the server has closed */
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
        if (len > 0)
            serve_turn_until(c->serve, until_us, "the server reads");
    }
}

struct client *client_read(struct client *c)
{
    ssize_t n;
    while (!c->closed && c->n < sizeof c->text - 1 &&
           (n = recv(c->fd, c->text + c->n, sizeof c->text - 1 - c->n, 0)) != -1)
        if (n == 0)
            c->closed = true;
        else
            c->n += (size_t)n;
    if (!c->closed && c->n < sizeof c->text - 1 && errno != EAGAIN)
        c->closed = c->reset = true;
    c->text[c->n] = '\0';
    return c;
}

/* like: compares the texts, ignoring Dates; `unfinished` accepts a prefix. */
static bool like(const char *text, const char *want, bool unfinished)
{
    while (*text != '\0' && *text == *want) {
        if (strncmp(want, "Date: *", 7) == 0 && strncmp(text, "Date: ", 6) == 0) {
            text += strcspn(text, "\r");
            want += 7;
        } else {
            text++;
            want++;
        }
    }
    return *text == '\0' && (unfinished || *want == '\0');
}

void client_expect(struct client *c, const char *want)
{
    int64_t until_us = serve_deadline();
    while (!like(client_read(c)->text, want, false)) {
        if (!like(c->text, want, true) || c->closed || clock_mono_us() > until_us)
            fail_msg("%s%s\ninstead of\n%s", c->text, c->closed ? "(closed)" : "", want);
        serve_turn(c->serve);
    }
    event_base_loop(c->serve->base, EVLOOP_NONBLOCK);
    if (!like(client_read(c)->text, want, false))
        fail_msg("%s\ninstead of\n%s", c->text, want);
    c->n = 0;
}

void client_expect_end(struct client *c, const char *want)
{
    SERVE_UNTIL(c->serve, client_read(c)->closed);
    if (!like(c->text, want, false))
        fail_msg("%s\ninstead of\n%s", c->text, want);
    assert_false(c->reset);
    c->n = 0;
}

void client_ask(struct client *c, const char *text)
{
    client_send(c, text, strlen(text));
}

void client_exchange(struct client *c, const char *text, const char *answer)
{
    client_ask(c, text);
    client_expect(c, answer);
}

void client_exchange_end(struct client *c, const char *text, const char *answer)
{
    client_ask(c, text);
    client_expect_end(c, answer);
}

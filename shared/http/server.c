/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/http/server.h"

#include "shared/base/clock.h"
#include "shared/http/conn.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS       100
#define KERNEL_BUFFER 32768 /* bytes each way; the kernel doubles it */
#define CONNS_KEPT    256   /* connections whose memory stays mapped */
#define FRAMING_MIN   1024
#define BODY_ANY      (1u << 30) /* until the head is read */

/* --- new connections --- */

/* enter: takes a place for a new connection, evicting others if need be. Returns 0, or why there is
 * none. */
static enum http_refusal enter(struct http_server *s, const struct address *peer,
                               struct http_client_place **place)
{
    const struct http_config *config = &s->config;
    struct address key;
    bool counts = s->hooks.exempt == NULL || !s->hooks.exempt(s->hooks.arg, peer);
    address_key(peer, &key);
    for (int tries = 0;; tries++) {
        enum http_client_limit_verdict verdict =
            http_client_limit_enter(config->clients, counts ? &key : NULL, config->max_connections,
                                    config->max_connections_per_address, place);
        if (verdict == HTTP_CLIENT_IN)
            return 0;
        if (tries > 0 || !http_conns_evict(s, verdict == HTTP_CLIENT_ALL_FULL ? NULL : &key))
            return verdict == HTTP_CLIENT_ALL_FULL ? HTTP_FULL : HTTP_ADDRESS_FULL;
    }
}

void http_server_add(struct http_server *s, int fd, const struct sockaddr *from)
{
    struct address peer = {0};
    struct http_client_place *place = NULL;
    if (from != NULL)
        address_of(from, &peer);
    s->counts.accepted++;
    enum http_refusal why = enter(s, &peer, &place);
    if (why == 0 || s->n_excess < HTTP_EXCESS_MAX) {
        http_conn_open(s, fd, &peer, place, why);
    } else {
        s->counts.dropped++;
        close(fd);
    }
}

/* accept_one: returns 0, -EAGAIN if no connection waits, or -ENFILE if a resource ran out. */
static int accept_one(struct http_server *s, int listen_fd)
{
    struct sockaddr_storage from;
    socklen_t len = sizeof from;
    int fd = accept4(listen_fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        http_server_add(s, fd, (struct sockaddr *)&from);
        return 0;
    }
    switch (errno) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return -ENFILE;
    case EAGAIN:
        return -EAGAIN;
    default: /* of that one connection: see accept(2) */
        return 0;
    }
}

bool http_listener_accept(struct http_listener *l)
{
    struct http_server *s = l->server;
    int r = accept_one(s, event_get_fd(l->event));
    for (int i = 0; i < s->n_listeners && r == -ENFILE; i++) {
        event_del(s->listeners[i].event); /* otherwise it would spin */
        http_listener_forget(&s->listeners[i]);
    }
    return r == 0;
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    http_listener_wake(arg);
}

/* --- time --- */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *s = arg;
    (void)fd;
    (void)what;
    s->now_us = clock_mono_us();
    http_conns_reap(s);
    http_conns_sweep(s);
    for (int i = 0; i < s->n_listeners; i++)
        event_add(s->listeners[i].event, NULL);
}

/* --- start and stop --- */

static void free_event(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

/* prepare: sets options that accepted sockets inherit. Small buffers limit the memory of a client
 * that does not read. Each answer is one send, which must not wait for the ACK of the previous
 * one. */
static void prepare(int fd)
{
    int one = 1, bytes = KERNEL_BUFFER;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

int http_server_listen(struct http_server *s, int listen_fd)
{
    assert(s->n_listeners < HTTP_LISTENERS_MAX);
    struct http_listener *l = &s->listeners[s->n_listeners];
    *l = (struct http_listener){.server = s};
    l->event = event_new(s->base, listen_fd, EV_READ | EV_PERSIST, on_accept, l);
    if (l->event == NULL || event_add(l->event, NULL) < 0) {
        free_event(l->event);
        close(listen_fd);
        return -ENOMEM;
    }
    prepare(listen_fd);
    s->n_listeners++;
    return 0;
}

static int add_events(struct http_server *s)
{
    const struct timeval often = {.tv_usec = TICK_MS * 1000};
    s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
    if (s->tick == NULL || event_add(s->tick, &often) < 0 || http_turns_init(&s->turns, s) < 0)
        return -ENOMEM;
    return 0;
}

static void free_parts(struct http_server *s)
{
    free_event(s->tick);
    http_turns_end(&s->turns);
    slab_end(&s->conns);
    s->lap = http_buffer_give_back(&s->buffers, s->lap);
    http_buffers_end(&s->buffers);
    free(s);
}

static void init(struct http_server *s, const struct http_config *config)
{
    /* A body in tiny chunks is half framing, so as much framing as body is enough. */
    uint32_t body = (uint32_t)config->max_body_bytes;
    s->limits = (struct http_limits){.max_head_bytes = (uint32_t)config->max_head_bytes,
                                     .max_fields = HTTP_FIELDS_MAX,
                                     .max_body_bytes = body,
                                     .max_framing_bytes = body > FRAMING_MIN ? body : FRAMING_MIN};
    for (int i = 0; i < HTTP_STATES; i++)
        TAILQ_INIT(&s->in[i]);
    slab_init(&s->conns, sizeof(struct http_conn), CONNS_KEPT);
    http_buffers_init(&s->buffers, http_limits_most(&s->limits));
    s->limits.max_body_bytes = BODY_ANY;
    s->now_us = clock_mono_us();
}

int http_server_new(struct http_server **out, struct event_base *base,
                    const struct http_config *config, const struct http_hooks *hooks)
{
    struct http_server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return -ENOMEM;
    s->base = base;
    s->config = *config;
    s->hooks = *hooks;
    init(s, config);
    s->lap = http_buffer_lend(&s->buffers, s->buffers.full_room);
    if (s->lap == NULL || add_events(s) < 0) {
        free_parts(s);
        return -ENOMEM;
    }
    *out = s;
    return 0;
}

void http_server_quiesce(struct http_server *s, bool backlog)
{
    s->draining = true;
    while (s->n_listeners > 0) {
        struct http_listener *l = &s->listeners[--s->n_listeners];
        int fd = event_get_fd(l->event);
        http_listener_forget(l);
        while (backlog && accept_one(s, fd) == 0)
            ;
        event_free(l->event);
        close(fd);
    }
}

struct http_server *http_server_free(struct http_server *s)
{
    if (s == NULL)
        return NULL;
    http_server_quiesce(s, false);
    for (int state = 0; state < HTTP_CLOSED; state++) {
        for (struct http_conn *c; (c = TAILQ_FIRST(&s->in[state])) != NULL;) {
            if (state == HTTP_BUSY)
                http_conn_tell_gone(c);
            if (c->state == state)
                http_conn_close(c, false);
        }
    }
    for (struct http_conn *c; (c = TAILQ_FIRST(&s->in[HTTP_CLOSED])) != NULL; http_conns_reap(s))
        c->streaming = false;
    free_parts(s);
    return NULL;
}

/* --- accessors --- */

void http_server_set_deadlines(struct http_server *s, const struct http_deadlines *deadlines)
{
    s->config.deadlines = *deadlines;
}

bool http_server_listen_state(const struct http_server *s, struct listen_state *state)
{
    struct listen_state each;
    bool any = false;
    *state = (struct listen_state){0};
    for (int i = 0; i < s->n_listeners; i++) {
        if (listen_look(event_get_fd(s->listeners[i].event), &each) < 0)
            continue;
        any = true;
        state->queue += each.queue;
        state->drops = each.drops < 0 || state->drops < 0 ? -1 : state->drops + each.drops;
    }
    return any;
}

const struct http_counts *http_server_counts(const struct http_server *s)
{
    return &s->counts;
}

struct http_census http_server_census(const struct http_server *s)
{
    const size_t *ready = s->turns.ready;
    struct http_census census = {.idle = s->n[HTTP_IDLE] - ready[HTTP_IDLE],
                                 .reading = s->n[HTTP_READING] - ready[HTTP_READING],
                                 .ready = ready[HTTP_IDLE] + ready[HTTP_READING]};
    census.busy = s->n[HTTP_BUSY] + s->n[HTTP_STREAMING] + s->n[HTTP_SENDING];
    census.all = census.idle + census.reading + census.ready + census.busy + s->n[HTTP_LINGERING];
    return census;
}

void http_conn_set_data(struct http_conn *c, void *data)
{
    c->data = data;
}

void *http_conn_data(const struct http_conn *c)
{
    return c->data;
}

const struct address *http_conn_peer(const struct http_conn *c)
{
    return &c->peer;
}

int64_t http_conn_now_us(const struct http_conn *c)
{
    return c->server->now_us;
}

bool http_conn_gone(const struct http_conn *c)
{
    return c->ended;
}

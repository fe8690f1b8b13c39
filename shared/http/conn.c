/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/http/conn.h"

#include <assert.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVICT_MAX 32   /* per call, because each call scans all idle connections */
#define LOOK_MAX  1024 /* connections examined to find one of the same address */

/* --- states --- */

#define TO(state) (1u << HTTP_##state)

static const unsigned legal_moves[HTTP_STATES] = {
    [HTTP_IDLE] = TO(IDLE) | TO(READING) | TO(BUSY) | TO(CLOSED),
    [HTTP_READING] = TO(BUSY) | TO(CLOSED),
    [HTTP_BUSY] = TO(IDLE) | TO(STREAMING) | TO(SENDING) | TO(LINGERING) | TO(CLOSED),
    [HTTP_STREAMING] = TO(IDLE) | TO(SENDING) | TO(LINGERING) | TO(CLOSED),
    [HTTP_SENDING] = TO(IDLE) | TO(STREAMING) | TO(SENDING) | TO(LINGERING) | TO(CLOSED),
    [HTTP_LINGERING] = TO(CLOSED),
};

void http_conn_move(struct http_conn *c, enum http_state to)
{
    struct http_server *s = c->server;
    assert((legal_moves[c->state] & 1u << to) != 0);
    TAILQ_REMOVE(&s->in[c->state], c, next);
    s->n[c->state]--;
    s->turns.ready[c->state] -= c->ready;
    s->turns.ready[to] += c->ready;
    c->state = (uint8_t)to;
    c->since_us = s->now_us;
    TAILQ_INSERT_TAIL(&s->in[to], c, next);
    s->n[to]++;
}

/* --- events --- */

bool http_conn_has_left(struct http_conn *c)
{
    struct pollfd look = {.fd = event_get_fd(&c->event), .events = POLLRDHUP};
    if (!c->ended && poll(&look, 1, 0) > 0)
        c->ended = true;
    return c->ended;
}

void http_conn_tell_gone(struct http_conn *c)
{
    if (c->told_gone)
        return;
    c->told_gone = true;
    c->server->counts.gone++;
    c->server->hooks.gone(c->server->hooks.arg, c);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct http_conn *c = arg;
    (void)fd;
    c->ended = c->ended || (what & EV_CLOSED) != 0;
    c->readable = c->readable || (what & (EV_READ | EV_CLOSED)) != 0;
    c->writable = c->writable || (what & EV_WRITE) != 0;
    if (c->readable || c->state == HTTP_SENDING)
        http_conn_wake(c);
}

/* --- open and close --- */

struct http_conn *http_conn_open(struct http_server *s, int fd, const struct address *peer,
                                 struct http_client_place *place, enum http_refusal excess)
{
    struct http_conn *c = slab_take(&s->conns);
    if (c == NULL) {
        close(fd);
        if (excess == 0)
            http_client_limit_leave(s->config.clients, place);
        return NULL;
    }
    *c = (struct http_conn){.server = s,
                            .peer = *peer,
                            .place = place,
                            .state = excess == 0 ? HTTP_IDLE : HTTP_READING,
                            .excess = (uint8_t)excess,
                            .lane = http_conn_lane(place, excess != 0),
                            .since_us = s->now_us};
    TAILQ_INSERT_TAIL(&s->in[c->state], c, next);
    s->n[c->state]++;
    s->n_excess += excess != 0;
    event_assign(&c->event, s->base, fd, EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST,
                 on_event, c);
    if (event_add(&c->event, NULL) < 0) {
        http_conn_close(c, false);
        return NULL;
    }
    return c;
}

static void abort_unsent(int fd)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void http_conn_close(struct http_conn *c, bool abort)
{
    struct http_server *s = c->server;
    int fd = event_get_fd(&c->event);
    event_del(&c->event);
    if (abort)
        abort_unsent(fd);
    close(fd);
    if (c->excess != 0)
        s->n_excess--;
    else
        http_client_limit_leave(s->config.clients, c->place);
    http_conn_forget(c);
    c->input = http_buffer_give_back(&s->buffers, c->input);
    c->output = http_buffer_give_back(&s->buffers, c->output);
    http_conn_move(c, HTTP_CLOSED);
    if (c->streaming)
        http_conn_tell_gone(c);
}

void http_conns_reap(struct http_server *s)
{
    struct http_conn *c, *after;
    for (c = TAILQ_FIRST(&s->in[HTTP_CLOSED]); c != NULL; c = after) {
        after = TAILQ_NEXT(c, next);
        if (c->streaming) /* its handler still holds it */
            continue;
        TAILQ_REMOVE(&s->in[HTTP_CLOSED], c, next);
        s->n[HTTP_CLOSED]--;
        slab_give(&s->conns, c);
    }
}

/* --- deadlines --- */

/* unsent: true if the kernel holds bytes that the client has not taken. */
static bool unsent(const struct http_conn *c)
{
    int n = 0;
    return ioctl(event_get_fd(&c->event), SIOCOUTQ, &n) == 0 && n > 0;
}

/* expire: what the client sent in time counts, even if it still waits for its turn. */
static void expire(struct http_conn *c)
{
    struct http_server *s = c->server;
    int64_t since_us = c->since_us;
    uint8_t state = c->state;
    if (c->ready)
        http_conn_attend(c);
    if (c->state != state || c->since_us != since_us)
        return;
    bool stuck = c->state == HTTP_SENDING || (c->state != HTTP_READING && unsent(c));
    s->counts.slow_readers += stuck;
    if (c->state == HTTP_READING)
        http_conn_too_slow(c);
    else
        http_conn_close(c, stuck);
}

void http_conns_sweep(struct http_server *s)
{
    const struct http_deadlines *d = &s->config.deadlines;
    const struct {
        enum http_state state;
        int64_t after_us;
    } waits[] = {{HTTP_IDLE, d->idle_us},
                 {HTTP_READING, d->request_us},
                 {HTTP_SENDING, d->answer_us},
                 {HTTP_LINGERING, d->linger_us}};
    struct http_conn *c;
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        while ((c = TAILQ_FIRST(&s->in[waits[i].state])) != NULL &&
               c->since_us + waits[i].after_us <= s->now_us)
            expire(c);
    }
}

/* --- eviction --- */

static bool same_address(const struct http_conn *c, const struct address *key)
{
    struct address own;
    address_key(&c->peer, &own);
    return c->place != NULL && memcmp(&own, key, sizeof own) == 0;
}

/* evict_of: evicts the oldest connection of one address. */
static bool evict_of(struct http_server *s, enum http_state state, const struct address *address)
{
    int looks = LOOK_MAX;
    struct http_conn *c;
    TAILQ_FOREACH (c, &s->in[state], next) {
        if (looks-- == 0)
            return false;
        if (c->ready || !same_address(c, address))
            continue;
        s->counts.evicted++;
        http_conn_close(c, false);
        return true;
    }
    return false;
}

/* most_here: the connections of the busiest address with one in this state, or `most` if larger. */
static int64_t most_here(const struct http_server *s, enum http_state state, int64_t most)
{
    struct http_conn *c;
    TAILQ_FOREACH (c, &s->in[state], next) {
        int64_t here = c->ready ? 0 : http_client_limit_size_here(c->place);
        most = here > most ? here : most;
    }
    return most;
}

/* evict_busiest: evicts connections of every address that has at least half of `most`, the number
 * of the busiest. */
static bool evict_busiest(struct http_server *s, enum http_state state, int64_t most)
{
    int share = s->config.max_connections / 64, left = share < 1 ? 1 : share;
    size_t before = s->n[state];
    struct http_conn *c, *after;
    left = left < EVICT_MAX ? left : EVICT_MAX;
    for (c = TAILQ_FIRST(&s->in[state]); c != NULL && left > 0; c = after) {
        after = TAILQ_NEXT(c, next);
        if (c->ready || c->excess != 0 || http_client_limit_size_here(c->place) * 2 < most)
            continue;
        left--;
        s->counts.evicted++;
        http_conn_close(c, false);
    }
    return s->n[state] < before;
}

bool http_conns_evict(struct http_server *s, const struct address *address)
{
    if (address != NULL)
        return evict_of(s, HTTP_LINGERING, address) || evict_of(s, HTTP_IDLE, address) ||
               evict_of(s, HTTP_READING, address);
    if (s->n[HTTP_LINGERING] == 0 && s->n[HTTP_IDLE] == s->turns.ready[HTTP_IDLE] &&
        s->n[HTTP_READING] == s->turns.ready[HTTP_READING])
        return false; /* everybody has asked, and waits for an answer */
    struct http_conn *over = TAILQ_FIRST(&s->in[HTTP_LINGERING]);
    if (over == NULL || over->excess != 0) {
        /* `most` covers both states: a new connection is idle until its request is read, and must
         * not make room for a crowd that is all reading. */
        int64_t most = most_here(s, HTTP_IDLE, most_here(s, HTTP_READING, 0));
        return evict_busiest(s, HTTP_IDLE, most) || evict_busiest(s, HTTP_READING, most);
    }
    http_conn_close(over, false);
    return true;
}

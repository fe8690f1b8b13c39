/* SPDX-License-Identifier: Apache-2.0 */
/* Who is served next.
 *
 *   events ──► http_conn_wake      127.0.0.1  c c c c c c c c c c ... ┐
 *                                  10.0.0.7   c                       ├─► one of each lane in turn
 *                                  exempt     c c c                   ┘
 *          ──► http_listener_wake  sockets with new connections ────────► one of each in turn
 *
 * The kernel reports events in the order in which they came. Served in that order, one client would
 * wait until all connections of a crowd were served. So each address has a lane (stochastic fair
 * queueing: addresses whose hashes collide share one), and the lanes take turns, as do the
 * listening sockets. A turn alternates between serving and accepting, so that neither a crowd that
 * asks nor one that connects has the thread for itself. After TURN_US the loop looks at its sockets
 * again. */
#include "shared/base/clock.h"
#include "shared/http/conn.h"

#include <errno.h>

#define TURN_US 500
#define EXEMPT  0 /* lane of the connections that count for no address */
#define EXCESS  1 /* lane of those over a limit */
#define SHARED  2 /* lanes of addresses from here */

/* --- lanes --- */

uint8_t http_conn_lane(const struct http_client_place *place, bool excess)
{
    if (place == NULL)
        return excess ? EXCESS : EXEMPT;
    return (uint8_t)(SHARED + http_client_limit_hash(place) % (HTTP_LANES - SHARED));
}

static void remove_from(struct http_turns *t, struct http_conn *c)
{
    struct http_lane *lane = &t->lanes[c->lane];
    TAILQ_REMOVE(&lane->conns, c, in_lane);
    c->ready = false;
    t->ready[c->state]--;
    if (TAILQ_EMPTY(&lane->conns))
        TAILQ_REMOVE(&t->busy, lane, next);
}

static void call(struct http_turns *t)
{
    if (!t->called)
        event_active(t->event, EV_READ, 0);
    t->called = true;
}

void http_conn_wake(struct http_conn *c)
{
    struct http_turns *t = &c->server->turns;
    struct http_lane *lane = &t->lanes[c->lane];
    if (c->ready)
        return;
    c->ready = true;
    if (TAILQ_EMPTY(&lane->conns))
        TAILQ_INSERT_TAIL(&t->busy, lane, next);
    TAILQ_INSERT_TAIL(&lane->conns, c, in_lane);
    t->ready[c->state]++;
    call(t);
}

void http_conn_forget(struct http_conn *c)
{
    if (c->ready)
        remove_from(&c->server->turns, c);
}

/* next: takes the first connection of the first lane, which goes behind the others. */
static struct http_conn *next(struct http_turns *t)
{
    struct http_lane *lane = TAILQ_FIRST(&t->busy);
    struct http_conn *c = TAILQ_FIRST(&lane->conns);
    remove_from(t, c);
    if (!TAILQ_EMPTY(&lane->conns)) {
        TAILQ_REMOVE(&t->busy, lane, next);
        TAILQ_INSERT_TAIL(&t->busy, lane, next);
    }
    return c;
}

/* --- listening sockets --- */

void http_listener_wake(struct http_listener *l)
{
    struct http_turns *t = &l->server->turns;
    if (l->waits)
        return;
    l->waits = true;
    TAILQ_INSERT_TAIL(&t->accepting, l, next);
    call(t);
}

void http_listener_forget(struct http_listener *l)
{
    if (l->waits)
        TAILQ_REMOVE(&l->server->turns.accepting, l, next);
    l->waits = false;
}

static void accept_next(struct http_turns *t)
{
    struct http_listener *l = TAILQ_FIRST(&t->accepting);
    if (l == NULL)
        return;
    http_listener_forget(l);
    if (http_listener_accept(l))
        http_listener_wake(l);
}

/* --- turns --- */

static void serve(struct http_conn *c)
{
    if (c->state == HTTP_IDLE || c->state == HTTP_READING)
        http_conn_serve(c);
    else if (c->state == HTTP_LINGERING && c->readable)
        http_conn_discard(c);
    else if (c->state == HTTP_SENDING && c->writable)
        http_conn_flush(c);
    else if (c->state == HTTP_BUSY && c->readable && http_conn_has_left(c))
        http_conn_tell_gone(c);
    if (c->streaming && c->state != HTTP_CLOSED && c->readable && http_conn_has_left(c))
        http_conn_tell_gone(c);
}

void http_conn_attend(struct http_conn *c)
{
    http_conn_forget(c);
    serve(c);
}

static bool waited_for(const struct http_turns *t)
{
    return !TAILQ_EMPTY(&t->busy) || !TAILQ_EMPTY(&t->accepting);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval after_events = {0};
    struct http_server *s = arg;
    struct http_turns *t = &s->turns;
    (void)fd;
    (void)what;
    s->now_us = clock_mono_us();
    for (int64_t end_us = s->now_us + TURN_US; waited_for(t) && s->now_us < end_us;
         s->now_us = clock_mono_us()) {
        if (!TAILQ_EMPTY(&t->busy))
            serve(next(t));
        accept_next(t);
    }
    http_conns_reap(s);
    t->called = waited_for(t);
    if (t->called && event_add(t->event, &after_events) < 0) /* no memory */
        event_active(t->event, EV_READ, 0);
}

int http_turns_init(struct http_turns *t, struct http_server *s)
{
    TAILQ_INIT(&t->busy);
    TAILQ_INIT(&t->accepting);
    for (int i = 0; i < HTTP_LANES; i++)
        TAILQ_INIT(&t->lanes[i].conns);
    t->event = event_new(s->base, -1, 0, on_turn, s);
    return t->event != NULL ? 0 : -ENOMEM;
}

void http_turns_end(struct http_turns *t)
{
    if (t->event != NULL)
        event_free(t->event);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/http/conn.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define REQUESTS_A_TURN 16       /* of one connection, even if more are there */
#define DISCARD_MAX     1048576u /* bytes after the last answer */
#define CONTINUE        "HTTP/1.1 100 Continue\r\n\r\n"

/* --- buffers --- */

/* take_input: the connection's own buffer, or the shared one (the lap) if it has none. */
static struct http_buffer *take_input(struct http_conn *c)
{
    struct http_buffer *in = c->input, *lap = c->server->lap;
    c->input = NULL;
    if (in != NULL)
        return in;
    lap->from = lap->len = 0;
    lap->begun = false;
    return lap;
}

static void copy(struct http_buffer *to, const struct http_buffer *from)
{
    to->from = 0;
    to->len = from->len - from->from;
    to->begun = from->begun;
    memcpy(to->bytes, from->bytes + from->from, to->len);
    if (from->begun)
        to->parser = from->parser;
}

/* move_to: moves the input to a larger buffer, or to one of its own. NULL: no memory. */
static struct http_buffer *move_to(struct http_conn *c, struct http_buffer *in, size_t room)
{
    struct http_buffers *all = &c->server->buffers;
    struct http_buffer *own = http_buffer_lend(all, room);
    if (own == NULL)
        return NULL;
    copy(own, in);
    if (in != c->server->lap)
        http_buffer_give_back(all, in);
    return own;
}

/* keep: keeps the rest until more arrives or the answer is sent. */
static void keep(struct http_conn *c, struct http_buffer *in)
{
    struct http_buffers *all = &c->server->buffers;
    bool over = in->len == in->from || c->state == HTTP_CLOSED || c->state == HTTP_LINGERING;
    if (over) {
        if (in != c->server->lap)
            http_buffer_give_back(all, in);
        return;
    }
    c->input = in != c->server->lap ? in : move_to(c, in, in->len - in->from);
    if (c->input == NULL)
        http_conn_close(c, true);
    else if (c->state == HTTP_IDLE)
        http_conn_move(c, HTTP_READING);
}

/* make_room: makes room for at least one more byte. */
static bool make_room(struct http_conn *c, struct http_buffer **in)
{
    struct http_buffer *b = *in;
    if (b->len < b->room)
        return true;
    if (b->from > 0) {
        memmove(b->bytes, b->bytes + b->from, b->len - b->from);
        b->len -= b->from;
        b->from = 0;
        return true;
    }
    if (b->room >= c->server->lap->room)
        return false; /* cannot happen: the parser refuses first */
    struct http_buffer *larger = move_to(c, b, c->server->lap->room);
    *in = larger != NULL ? larger : b;
    return larger != NULL;
}

/* may_come: libevent does not report a reset (EPOLLERR) as EV_CLOSED, and a short read may precede
 * one. Without this check, a client that left behind half a request would keep its place until the
 * deadline. */
static bool may_come(struct http_conn *c, const struct http_buffer *in)
{
    return c->readable || (in->len > in->from && http_conn_has_left(c));
}

/* read_more: returns false if nothing is there, or nothing will come. */
static bool read_more(struct http_conn *c, struct http_buffer **in)
{
    if (!may_come(c, *in))
        return false;
    if (!make_room(c, in)) {
        http_conn_close(c, true);
        return false;
    }
    struct http_buffer *b = *in;
    size_t room = b->room - b->len;
    ssize_t n = recv(event_get_fd(&c->event), b->bytes + b->len, room, 0);
    if (n > 0) {
        /* a short read: that was all */
        c->readable = (size_t)n == room || c->ended;
        b->len += (size_t)n;
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        c->readable = errno == EINTR;
        return errno == EINTR;
    }
    http_conn_close(c, false);
    return false;
}

/* --- requests --- */

static enum http_progress parse(struct http_server *s, struct http_buffer *in)
{
    if (in->len == in->from)
        return HTTP_NEEDS_MORE;
    if (!in->begun)
        http_parser_begin(&in->parser, &s->limits);
    in->begun = true;
    return http_parse(&in->parser, in->bytes + in->from, in->len - in->from);
}

/* note: saves what the answer depends on. */
static void note(struct http_conn *c, const struct http_request *request)
{
    c->minor_version = request->minor_version;
    c->head = request->method == HTTP_METHOD_HEAD;
    c->last = c->by_client = !request->keep_alive;
    c->data = NULL;
    c->told_gone = false;
}

void http_conn_refuse(struct http_conn *c, enum http_refusal why, unsigned status,
                      const struct http_request *request)
{
    struct http_hooks *hooks = &c->server->hooks;
    c->last = c->told_gone = true;
    c->by_client = false;
    c->data = NULL;
    http_conn_move(c, HTTP_BUSY);
    hooks->refused(hooks->arg, c, why, status, request);
    assert(c->state != HTTP_BUSY);
}

/* head_of: the head of a request whose body is incomplete, or NULL if the head is, too. */
static const struct http_request *head_of(struct http_buffer *in)
{
    if (in == NULL || !in->begun || in->parser.head_bytes == 0)
        return NULL;
    http_parser_rebase(&in->parser, in->bytes + in->from);
    return &in->parser.request;
}

void http_conn_too_slow(struct http_conn *c)
{
    struct http_buffer *in = c->input;
    const struct http_request *request = head_of(in);
    c->input = NULL;
    c->server->counts.too_slow++;
    if (c->excess != 0)
        http_conn_refuse(c, (enum http_refusal)c->excess, 503, request);
    else
        http_conn_refuse(c, HTTP_TOO_SLOW, 408, request);
    http_buffer_give_back(&c->server->buffers, in);
}

/* tell_to_continue: sends nothing if the socket is full of unread answers. The client does not wait
 * forever (RFC 9110 10.1.1). */
static void tell_to_continue(struct http_conn *c)
{
    const ssize_t all = sizeof CONTINUE - 1;
    ssize_t n = send(event_get_fd(&c->event), CONTINUE, (size_t)all, MSG_NOSIGNAL);
    if (n != all && !(n < 0 && errno == EAGAIN))
        http_conn_close(c, true);
}

/* greet: handles a complete head (RFC 9110 10.1.1). A connection over a limit is refused here. The
 * parser gets the limit of bodies only now, so every refusal has a head to answer. */
static void greet(struct http_conn *c, struct http_buffer *in)
{
    const struct http_request *request = &in->parser.request;
    size_t most = c->server->config.max_body_bytes;
    note(c, request);
    in->parser.limits.max_body_bytes = (uint32_t)most;
    if (c->excess != 0) {
        http_conn_refuse(c, (enum http_refusal)c->excess, 503, request);
        return;
    }
    if (request->content_length > most)
        return;
    if (request->expect_continue && in->len - in->from == in->parser.head_bytes)
        tell_to_continue(c);
}

static void hand_out(struct http_conn *c, struct http_buffer *in)
{
    struct http_hooks *hooks = &c->server->hooks;
    in->from += in->parser.consumed;
    in->begun = false;
    http_conn_move(c, HTTP_BUSY);
    hooks->request(hooks->arg, c, &in->parser.request);
    if ((c->state == HTTP_BUSY || c->streaming) && c->ended)
        http_conn_tell_gone(c);
}

static bool awaited(const struct http_conn *c)
{
    return c->state == HTTP_IDLE || c->state == HTTP_READING;
}

/* step: processes the next piece of input. Returns false if that was all. */
static bool step(struct http_conn *c, struct http_buffer **in)
{
    switch (parse(c->server, *in)) {
    case HTTP_NEEDS_MORE:
        return read_more(c, in);
    case HTTP_HEAD:
        greet(c, *in);
        return true;
    case HTTP_COMPLETE:
        hand_out(c, *in);
        return true;
    case HTTP_REFUSED:
        note(c, &(*in)->parser.request);
        http_conn_refuse(c, HTTP_MALFORMED, (unsigned)(*in)->parser.status, head_of(*in));
        return false;
    }
    return false;
}

void http_conn_serve(struct http_conn *c)
{
    struct http_buffer *in = take_input(c);
    int steps = 2 * REQUESTS_A_TURN;
    c->server->serving = c;
    while (awaited(c) && step(c, &in)) {
        if (--steps > 0)
            continue;
        if (awaited(c))
            http_conn_wake(c);
        break;
    }
    c->server->serving = NULL;
    keep(c, in);
}

void http_conn_discard(struct http_conn *c)
{
    char junk[4096];
    ssize_t n;
    while ((n = recv(event_get_fd(&c->event), junk, sizeof junk, 0)) > 0) {
        c->lingered += (uint32_t)n;
        if (c->lingered > DISCARD_MAX)
            break;
    }
    if (n < 0 && errno == EAGAIN)
        c->readable = false;
    else
        http_conn_close(c, false);
}

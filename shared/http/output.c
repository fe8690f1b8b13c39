/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/http/conn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* --- bytes --- */

/* put: sends what the kernel takes now. Returns a negative number if the connection is broken. */
static ssize_t put(struct http_conn *c, struct iovec *parts, int n)
{
    int fd = event_get_fd(&c->event);
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)n};
    ssize_t sent = n == 1 ? send(fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL)
                          : sendmsg(fd, &message, MSG_NOSIGNAL);
    return sent >= 0 || (errno != EAGAIN && errno != EINTR) ? sent : 0;
}

/* larger: a buffer with the unsent bytes and room for `len` more. */
static struct http_buffer *larger(struct http_conn *c, size_t len)
{
    struct http_buffers *all = &c->server->buffers;
    struct http_buffer *old = c->output;
    if (old != NULL && old->room - old->len >= len)
        return old;
    size_t kept = old != NULL ? old->len - old->from : 0;
    struct http_buffer *b = http_buffer_lend(all, kept + len);
    if (b != NULL && old != NULL)
        memcpy(b->bytes, old->bytes + old->from, b->len = kept);
    if (b != NULL)
        http_buffer_give_back(all, old);
    return b;
}

/* keep: copies the parts behind the first `sent` bytes. */
static bool keep(struct http_conn *c, const struct iovec *parts, int n, size_t sent)
{
    size_t all = 0;
    for (int i = 0; i < n; i++)
        all += parts[i].iov_len;
    struct http_buffer *b = larger(c, all - sent);
    if (b == NULL)
        return false;
    for (int i = 0; i < n; i++) {
        size_t skip = sent < parts[i].iov_len ? sent : parts[i].iov_len;
        memcpy(b->bytes + b->len, (const char *)parts[i].iov_base + skip, parts[i].iov_len - skip);
        b->len += parts[i].iov_len - skip;
        sent -= skip;
    }
    c->output = b;
    return true;
}

bool http_conn_transmit(struct http_conn *c, struct iovec *parts, int n)
{
    size_t all = 0;
    for (int i = 0; i < n; i++)
        all += parts[i].iov_len;
    bool behind = c->output != NULL;
    ssize_t sent = behind ? 0 : put(c, parts, n);
    if (sent == (ssize_t)all)
        return true;
    if (sent < 0 || !keep(c, parts, n, (size_t)sent)) {
        http_conn_close(c, true);
        return false;
    }
    if (!behind)
        c->writable = false;
    if (c->state != HTTP_SENDING)
        http_conn_move(c, HTTP_SENDING);
    return true;
}

void http_conn_flush(struct http_conn *c)
{
    struct http_hooks *hooks = &c->server->hooks;
    struct http_buffer *b = c->output;
    struct iovec part = {.iov_base = b->bytes + b->from, .iov_len = b->len - b->from};
    c->writable = false;
    ssize_t sent = put(c, &part, 1);
    if (sent < 0) {
        http_conn_close(c, true);
        return;
    }
    b->from += (size_t)sent;
    if (b->from < b->len) {
        if (sent > 0 && c->streaming) /* it made progress, so its deadline starts again */
            http_conn_move(c, HTTP_SENDING);
        return;
    }
    c->output = http_buffer_give_back(&c->server->buffers, b);
    if (!c->streaming) {
        http_conn_answered(c);
        return;
    }
    http_conn_move(c, HTTP_STREAMING);
    if (hooks->drained != NULL)
        hooks->drained(hooks->arg, c);
}

/* --- the end of an answer --- */

/* end: closing a socket with unread bytes resets the connection, and the client might never see the
 * answer (RFC 9112 9.6). A client that asked for the end sends nothing more. */
static void end(struct http_conn *c)
{
    if ((c->by_client || c->ended) && !c->readable && c->input == NULL) {
        http_conn_close(c, false);
        return;
    }
    shutdown(event_get_fd(&c->event), SHUT_WR);
    c->input = http_buffer_give_back(&c->server->buffers, c->input);
    http_conn_move(c, HTTP_LINGERING);
    if (c->readable)
        http_conn_wake(c);
}

void http_conn_answered(struct http_conn *c)
{
    struct http_server *s = c->server;
    if (c->last || s->draining) {
        end(c);
        return;
    }
    c->head = false;
    http_conn_move(c, HTTP_IDLE);
    if (s->serving != c && (c->readable || c->input != NULL))
        http_conn_wake(c);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* After relay_run() all code but relay_do() runs in the relay's thread. A command goes to the
 * thread through one pipe; a byte comes back through another.
 *
 *   daemon ──► client │ pair │ server ──► store        client, server: bufferevents
 * */
#include "tests/chaos/relay.h"

#include "tests/support/child.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINKS_MAX 16
#define HELD_MAX  (1 << 20) /* most bytes held for a slow reader */

struct link {
    struct relay *relay;
    struct sockaddr_un at, target;
    struct evconnlistener *listener; /* NULL while it refuses */
    enum relay_action mode;          /* PASS or an action that lasts until PASS */
    TAILQ_HEAD(, pair) pairs;
};

struct pair {
    TAILQ_ENTRY(pair) entry;
    struct link *link;
    struct bufferevent *client, *server;
};

struct command {
    int link; /* -1: stop the thread */
    enum relay_action action;
};

struct relay {
    struct event_base *base;
    struct event *on_command;
    int commands[2], done[2];
    struct link links[LINKS_MAX];
    int n;
    pthread_t thread;
    bool running;
};

static void pair_free(struct pair *p)
{
    TAILQ_REMOVE(&p->link->pairs, p, entry);
    bufferevent_free(p->client);
    bufferevent_free(p->server);
    free(p);
}

static void drop_pairs(struct link *l)
{
    while (!TAILQ_EMPTY(&l->pairs))
        pair_free(TAILQ_FIRST(&l->pairs));
}

static void let_read(struct bufferevent *from, struct bufferevent *to, bool allowed)
{
    if (allowed && evbuffer_get_length(bufferevent_get_output(to)) < HELD_MAX)
        bufferevent_enable(from, EV_READ);
    else
        bufferevent_disable(from, EV_READ);
}

/* pair_pump: reads where the link's mode allows it, and no faster than the other side accepts. */
static void pair_pump(struct pair *p)
{
    enum relay_action mode = p->link->mode;
    let_read(p->client, p->server, mode != RELAY_STALL);
    let_read(p->server, p->client, mode != RELAY_STALL && mode != RELAY_MUTE);
}

/* pair_tear: forwards half of the data that arrived, then closes. */
static void pair_tear(struct pair *p)
{
    struct evbuffer *in = bufferevent_get_input(p->server);
    size_t half = evbuffer_get_length(in) / 2;
    evbuffer_write_atmost(in, bufferevent_getfd(p->client), (ev_ssize_t)half);
    pair_free(p);
}

static void on_read(struct bufferevent *from, void *arg)
{
    struct pair *p = arg;
    struct bufferevent *to = from == p->client ? p->server : p->client;
    if (from == p->server && p->link->mode == RELAY_TEAR) {
        pair_tear(p);
        return;
    }
    if (from == p->client && p->link->mode == RELAY_LOSE)
        evbuffer_drain(bufferevent_get_input(from), SIZE_MAX);
    else
        bufferevent_write_buffer(to, bufferevent_get_input(from));
    pair_pump(p);
}

static void on_written(struct bufferevent *to, void *arg)
{
    (void)to;
    pair_pump(arg);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        pair_free(arg);
}

/* stream_socket: sets close-on-exec, as all sockets here: a child's copy would keep a cut
 * connection open. */
static int stream_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        test_fail_start("relay: %s", strerror(errno));
    return fd;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
                      int from_len, void *arg)
{
    struct link *l = arg;
    struct pair *p = calloc(1, sizeof *p);
    (void)listener;
    (void)from;
    (void)from_len;
    if (p == NULL)
        test_fail_start("relay: out of memory");
    p->link = l;
    p->client = bufferevent_socket_new(l->relay->base, fd, BEV_OPT_CLOSE_ON_FREE);
    p->server = bufferevent_socket_new(l->relay->base, stream_socket(), BEV_OPT_CLOSE_ON_FREE);
    if (p->client == NULL || p->server == NULL)
        test_fail_start("relay: out of memory");
    TAILQ_INSERT_TAIL(&l->pairs, p, entry);
    bufferevent_setcb(p->client, on_read, on_written, on_event, p);
    bufferevent_setcb(p->server, on_read, on_written, on_event, p);
    bufferevent_enable(p->client, EV_WRITE);
    bufferevent_enable(p->server, EV_WRITE);
    pair_pump(p);
    /* If nobody listens there, on_event() may have freed the pair already. */
    bufferevent_socket_connect(p->server, (struct sockaddr *)&l->target, sizeof l->target);
}

static void link_listen(struct link *l)
{
    if (l->listener != NULL)
        return;
    unlink(l->at.sun_path);
    l->listener = evconnlistener_new_bind(l->relay->base, on_accept, l,
                                          LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 128,
                                          (struct sockaddr *)&l->at, sizeof l->at);
    if (l->listener == NULL)
        test_fail_start("relay: %s: %s", l->at.sun_path, strerror(errno));
}

static void link_half_close(struct link *l)
{
    struct pair *p;
    TAILQ_FOREACH (p, &l->pairs, entry)
        shutdown(bufferevent_getfd(p->client), SHUT_WR);
}

static void link_enter(struct link *l, enum relay_action mode)
{
    struct pair *p;
    if (mode == RELAY_REFUSE && l->listener != NULL) {
        evconnlistener_free(l->listener);
        l->listener = NULL;
    }
    if (mode == RELAY_REFUSE || l->mode == RELAY_MUTE || l->mode == RELAY_LOSE)
        drop_pairs(l);
    l->mode = mode;
    TAILQ_FOREACH (p, &l->pairs, entry)
        pair_pump(p);
    if (mode != RELAY_REFUSE)
        link_listen(l);
}

static void link_do(struct link *l, enum relay_action action)
{
    if (action == RELAY_CUT)
        drop_pairs(l);
    else if (action == RELAY_HALF)
        link_half_close(l);
    else
        link_enter(l, action);
}

static void on_command(evutil_socket_t fd, short what, void *arg)
{
    struct relay *r = arg;
    struct command c;
    (void)what;
    if (read(fd, &c, sizeof c) != sizeof c || c.link < 0)
        event_base_loopbreak(r->base);
    else
        link_do(&r->links[c.link], c.action);
    if (write(r->done[1], "", 1) != 1)
        test_fail_start("relay: %s", strerror(errno));
}

static void send_command(struct relay *r, struct command c)
{
    char byte;
    if (write(r->commands[1], &c, sizeof c) != sizeof c || read(r->done[0], &byte, 1) != 1)
        test_fail_start("relay: %s", strerror(errno));
}

static void *run(void *arg)
{
    struct relay *r = arg;
    event_base_dispatch(r->base);
    return NULL;
}

struct relay *relay_new(void)
{
    struct relay *r = calloc(1, sizeof *r);
    if (r == NULL || pipe2(r->commands, O_CLOEXEC) != 0 || pipe2(r->done, O_CLOEXEC) != 0 ||
        (r->base = event_base_new()) == NULL ||
        (r->on_command = event_new(r->base, r->commands[0], EV_READ | EV_PERSIST, on_command, r)) ==
            NULL)
        test_fail_start("relay: %s", strerror(errno));
    event_add(r->on_command, NULL);
    return r;
}

static void set_path(struct sockaddr_un *address, const char *path)
{
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address->sun_path)
        test_fail_start("relay: %s is too long for a socket", path);
    strcpy(address->sun_path, path);
}

int relay_add(struct relay *r, const char *path, const char *target)
{
    if (r->n == LINKS_MAX)
        test_fail_start("relay: more than %d links", LINKS_MAX);
    struct link *l = &r->links[r->n];
    l->relay = r;
    TAILQ_INIT(&l->pairs);
    set_path(&l->at, path);
    set_path(&l->target, target);
    link_listen(l);
    return r->n++;
}

void relay_run(struct relay *r)
{
    if (pthread_create(&r->thread, NULL, run, r) != 0)
        test_fail_start("relay: no thread");
    r->running = true;
}

void relay_do(struct relay *r, int link, enum relay_action action)
{
    send_command(r, (struct command){.link = link, .action = action});
}

struct relay *relay_free(struct relay *r)
{
    if (r == NULL)
        return NULL;
    if (r->running) {
        send_command(r, (struct command){.link = -1});
        pthread_join(r->thread, NULL);
    }
    for (int i = 0; i < r->n; i++)
        link_enter(&r->links[i], RELAY_REFUSE);
    event_free(r->on_command);
    event_base_free(r->base);
    for (int i = 0; i < 2; i++) {
        close(r->commands[i]);
        close(r->done[i]);
    }
    free(r);
    return NULL;
}

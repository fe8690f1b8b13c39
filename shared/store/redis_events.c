/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/store/redis_events.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdlib.h>

struct redis_events {
    redisAsyncContext *ac;
    struct event read, write; /* of the socket */
    struct event send;        /* writes at the end of this turn of the loop */
    bool writing;             /* in redisAsyncHandleWrite(), which asks again if it lacked room */
};

/* on_read, on_write: hiredis may free `e` in the call. */
static void on_read(evutil_socket_t fd, short what, void *arg)
{
    struct redis_events *e = arg;
    (void)fd;
    (void)what;
    redisAsyncHandleRead(e->ac);
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
    struct redis_events *e = arg;
    (void)fd;
    (void)what;
    e->writing = true;
    redisAsyncHandleWrite(e->ac);
}

/* add_read: hiredis calls it last after it has written. */
static void add_read(void *arg)
{
    struct redis_events *e = arg;
    e->writing = false;
    if (!event_pending(&e->read, EV_READ, NULL))
        event_add(&e->read, NULL);
}

static void del_read(void *arg)
{
    struct redis_events *e = arg;
    event_del(&e->read);
}

/* add_write: while connecting, waits until the socket is writable. */
static void add_write(void *arg)
{
    struct redis_events *e = arg;
    if (e->writing || (e->ac->c.flags & REDIS_CONNECTED) == 0)
        event_add(&e->write, NULL);
    else
        event_active(&e->send, EV_WRITE, 0);
}

static void del_write(void *arg)
{
    struct redis_events *e = arg;
    event_del(&e->write);
}

static void cleanup(void *arg)
{
    struct redis_events *e = arg;
    event_del(&e->read);
    event_del(&e->write);
    event_del(&e->send);
    free(e);
}

int redis_events_attach(redisAsyncContext *ac, struct event_base *base)
{
    struct redis_events *e = calloc(1, sizeof *e);
    if (e == NULL)
        return -ENOMEM;
    e->ac = ac;
    event_assign(&e->read, base, ac->c.fd, EV_READ | EV_PERSIST, on_read, e);
    event_assign(&e->write, base, ac->c.fd, EV_WRITE, on_write, e);
    event_assign(&e->send, base, -1, 0, on_write, e);
    if (event_add(&e->read, NULL) < 0 || event_add(&e->write, NULL) < 0) {
        cleanup(e);
        return -ENOMEM;
    }
    ac->ev.data = e;
    ac->ev.addRead = add_read;
    ac->ev.delRead = del_read;
    ac->ev.addWrite = add_write;
    ac->ev.delWrite = del_write;
    ac->ev.cleanup = cleanup;
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/burst_watch.h"

#include <assert.h>
#include <errno.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdlib.h>

#define WATCH_MAGIC 0x3a7c43a7u

struct burst_watch {
    unsigned magic;
    struct burst_watches *watches;
    void *owner;
    bool wanted;  /* curl waits for it; otherwise its connection is idle */
    short events; /* registered; 0: none */
    struct event event;
};

int burst_watches_open(struct burst_watches *watches, struct event_base *base, size_t n,
                       burst_ready_fn *ready)
{
    struct burst_watch **table = calloc(n, sizeof(struct burst_watch *));
    if (table == NULL)
        return -ENOMEM;
    *watches = (struct burst_watches){base, ready, table, n};
    return 0;
}

static void drop(struct burst_watch *watch)
{
    if (watch->events != 0)
        event_del(&watch->event);
    watch->events = 0;
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct burst_watch *watch = arg;
    assert(watch->magic == WATCH_MAGIC);
    if (!watch->wanted) {
        drop(watch); /* the peer closed an idle connection: curl will notice */
        return;
    }
    int flags = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    watch->watches->ready(watch->owner, fd, flags);
}

/* watch_of: the watch of a socket, created if needed, or NULL. */
static struct burst_watch *watch_of(struct burst_watches *watches, curl_socket_t fd)
{
    if (fd < 0 || (size_t)fd >= watches->n)
        return NULL;
    if (watches->table[fd] == NULL) {
        struct burst_watch *watch = calloc(1, sizeof *watch);
        if (watch == NULL)
            return NULL;
        watch->magic = WATCH_MAGIC;
        watch->watches = watches;
        watches->table[fd] = watch;
    }
    return watches->table[fd];
}

static short events_of(const struct burst_watch *watch, int what)
{
    switch (what) {
    case CURL_POLL_IN:
        return EV_READ;
    case CURL_POLL_OUT:
        return EV_WRITE;
    case CURL_POLL_INOUT:
        return EV_READ | EV_WRITE;
    default:
        return watch->events & EV_READ; /* REMOVE: not to write, which is nearly always possible */
    }
}

int burst_watches_set(struct burst_watches *watches, curl_socket_t fd, int what, void *owner)
{
    struct burst_watch *watch = watch_of(watches, fd);
    if (watch == NULL)
        return -1;
    watch->owner = owner;
    watch->wanted = what != CURL_POLL_REMOVE;
    short events = events_of(watch, what);
    if (events == watch->events)
        return 0;
    drop(watch);
    if (events == 0)
        return 0;
    watch->events = events;
    event_assign(&watch->event, watches->base, fd, (short)(events | EV_PERSIST), on_event, watch);
    return event_add(&watch->event, NULL);
}

void burst_watches_forget(struct burst_watches *watches, curl_socket_t fd)
{
    if (fd >= 0 && (size_t)fd < watches->n && watches->table[fd] != NULL)
        drop(watches->table[fd]);
}

void burst_watches_close(struct burst_watches *watches)
{
    for (size_t i = 0; i < watches->n; i++)
        free(watches->table[i]);
    free(watches->table);
    *watches = (struct burst_watches){0};
}

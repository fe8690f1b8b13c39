/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets of curl as events of libevent, in a table by number.
 *
 * A watch outlives what curl asks for: curl says REMOVE after each answer, and asks for the same
 * socket again with the next request. The event stays in place until the socket is closed, which
 * saves two system calls a request. One thread. */
#ifndef ONRUSH_CTL_BURST_WATCH_H
#define ONRUSH_CTL_BURST_WATCH_H

#include <curl/curl.h>
#include <event2/event.h>
#include <stddef.h>

/* Called when a socket is ready: `flags` are curl's CURL_CSELECT_*. `owner` is who asked. */
typedef void burst_ready_fn(void *owner, curl_socket_t fd, int flags);

struct burst_watch;

struct burst_watches {
    struct event_base *base;
    burst_ready_fn *ready;
    struct burst_watch **table;
    size_t n; /* file descriptors from 0 to n - 1 */
};

/* burst_watches_open: 0 and the caller closes it, or -ENOMEM. `base` must outlive it. */
int burst_watches_open(struct burst_watches *watches, struct event_base *base, size_t n,
                       burst_ready_fn *ready);

/* burst_watches_set: `what` is curl's CURL_POLL_*. 0, or -1 as curl's socket callback gives it. */
int burst_watches_set(struct burst_watches *watches, curl_socket_t fd, int what, void *owner);

/* burst_watches_forget: the socket is about to be closed. */
void burst_watches_forget(struct burst_watches *watches, curl_socket_t fd);

void burst_watches_close(struct burst_watches *watches);

#endif

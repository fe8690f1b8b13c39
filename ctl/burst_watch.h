/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets of curl as libevent events, in a table by descriptor.
 *
 * After each answer curl passes CURL_POLL_REMOVE, and asks for the same socket again with the next
 * request. The event stays registered until the socket is closed, which saves two system calls per
 * request. One thread. */
#ifndef ONRUSH_CTL_BURST_WATCH_H
#define ONRUSH_CTL_BURST_WATCH_H

#include <curl/curl.h>
#include <event2/event.h>
#include <stddef.h>

/* Called when a socket is ready: `flags` are curl's CURL_CSELECT_*, `owner` is that of the last
 * burst_watches_set(). */
typedef void burst_ready_fn(void *owner, curl_socket_t fd, int flags);

struct burst_watch;

struct burst_watches {
    struct event_base *base;
    burst_ready_fn *ready;
    struct burst_watch **table;
    size_t n; /* descriptors 0 to n - 1 */
};

/* burst_watches_open: returns 0 (the caller closes it), or -ENOMEM. `base` must outlive it. */
int burst_watches_open(struct burst_watches *watches, struct event_base *base, size_t n,
                       burst_ready_fn *ready);

/* burst_watches_set: `what` is curl's CURL_POLL_*. Returns 0, or -1, as curl's socket callback
 * does. */
int burst_watches_set(struct burst_watches *watches, curl_socket_t fd, int what, void *owner);

/* burst_watches_forget: call it before the socket is closed. */
void burst_watches_forget(struct burst_watches *watches, curl_socket_t fd);

void burst_watches_close(struct burst_watches *watches);

#endif

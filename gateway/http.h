/* The HTTP library inside a worker: libmicrohttpd with an epoll fd of its own, which the worker's
 * loop watches. All of it runs in the worker's thread. */
#ifndef ONRUSH_GATEWAY_HTTP_H
#define ONRUSH_GATEWAY_HTTP_H

#include "gateway/conn.h"

#define HTTP_EXCESS_MAX                                                                            \
    64 /* connections of a worker beyond max_connections that are told so: 503 */

struct worker;

/* http_start: takes over `listen_fd`. 0, or -ENOMEM (and the fd is still the caller's). */
int http_start(struct worker *worker, int listen_fd);

/* http_fd: readable when there is something to do. */
int http_fd(const struct worker *worker);

/* http_run: serves what is ready. False: there is more to do, run again soon. */
bool http_run(struct worker *worker);

/* http_quiesce: accepts no more connections. http_stop: closes all; nothing may be suspended. */
void http_quiesce(struct worker *worker);
void http_stop(struct worker *worker);

#endif

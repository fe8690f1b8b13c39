/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP inside a worker: what shared/http asks of whoever serves requests. All of it runs in the
 * worker's thread. */
#ifndef ONRUSH_GATEWAY_HTTP_HANDLER_H
#define ONRUSH_GATEWAY_HTTP_HANDLER_H

#include "gateway/metrics.h"
#include "shared/http/server.h"

struct loop;

/* http_handler_start: takes over `listen_fd`. 0, or -ENOMEM (and the fd is still the caller's). */
int http_handler_start(struct loop *loop, int listen_fd);

/* http_handler_tick: ten times a second: takes over the deadlines in force and shows what was
 * counted. */
void http_handler_tick(struct loop *loop);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Serves HTTP in a worker: the hooks of shared/http. The worker's thread. */
#ifndef ONRUSH_GATEWAY_HTTP_HANDLER_H
#define ONRUSH_GATEWAY_HTTP_HANDLER_H

#include "gateway/metrics.h"
#include "shared/http/server.h"

struct loop;

/* http_handler_start: makes the server, which listens nowhere yet. Returns 0 or -ENOMEM. */
int http_handler_start(struct loop *loop);

/* http_handler_tick: call it ten times a second. Applies current deadlines and publishes counts. */
void http_handler_tick(struct loop *loop);

#endif

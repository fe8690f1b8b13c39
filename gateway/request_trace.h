/* SPDX-License-Identifier: Apache-2.0 */
/* Traces of sampled POSTs: the gateway's span, and the link from it to the scheduler.
 *
 *   the client's traceparent, or chance ──► span "request" ──► collector
 *                                            └──► onrush:{NAME}:traces ──► scheduler
 *
 * The hash maps users to traceparents. A separate command writes it right before the call that
 * enqueues; nothing waits for its reply. TRACES_A_SECOND bounds the hash, and it expires. A lost
 * trace does no harm. A request that is not sampled costs one comparison. */
#ifndef ONRUSH_GATEWAY_REQUEST_TRACE_H
#define ONRUSH_GATEWAY_REQUEST_TRACE_H

#include "shared/daemon/trace.h"

struct request;

#define TRACES_A_SECOND 100 /* per worker, whatever clients ask for */

/* request_trace_begin: decides whether to sample this request. request->trace becomes its span, or
 * stays NULL. Only if tracing is on. */
void request_trace_begin(struct request *request);

/* request_trace_send: passes the trace to the scheduler. Call it right before enqueueing. */
void request_trace_send(struct request *request);

/* request_trace_end: completes the span and frees request->trace. */
void request_trace_end(struct request *request);

#endif

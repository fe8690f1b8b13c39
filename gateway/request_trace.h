/* SPDX-License-Identifier: Apache-2.0 */
/* Traces of sampled requests for a coupon: the gateway's span, and what the scheduler needs to go
 * on.
 *
 *   traceparent of the client, or the dice ──► a span "request" ──► the collector
 *                                                   └──► onrush:{NAME}:traces, user → traceparent ──► scheduler
 *
 * The hash lies beside the queue. A command of its own writes it right before the call that
 * enqueues, and nobody waits for the answer. TRACES_A_SECOND bounds it, and it expires. A trace
 * that gets lost harms nobody, and a request that is not sampled costs one comparison. */
#ifndef ONRUSH_GATEWAY_REQUEST_TRACE_H
#define ONRUSH_GATEWAY_REQUEST_TRACE_H

#include "shared/daemon/trace.h"

struct request;

#define TRACES_A_SECOND 100 /* of one worker, whatever clients ask for */

/* request_trace_begin: samples this request or not: request->trace is its span, or NULL. Only when
 * the gateway traces. */
void request_trace_begin(struct request *request);

/* request_trace_send: tells the scheduler, right before the request is enqueued. */
void request_trace_send(struct request *request);

/* request_trace_end: completes the span, and frees request->trace. */
void request_trace_end(struct request *request);

#endif

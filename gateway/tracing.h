/* Traces of sampled requests for a coupon: the gateway's span, and what the scheduler needs to go on.
 *
 *   traceparent of the client, or the dice ──► a span "request" ──► the collector
 *                                                   └──► onrush:{NAME}:traces, user → traceparent ──► scheduler
 *
 * The hash is beside the queue, not in it: a command of its own, sent right before the call that
 * enqueues, whose answer nobody waits for. It is bounded by TRACES_A_SECOND and expires. A trace that
 * gets lost on its way harms nobody, and a request that is not sampled pays one comparison. */
#ifndef ONRUSH_GATEWAY_TRACING_H
#define ONRUSH_GATEWAY_TRACING_H

#include "shared/tracer.h"

struct request;
struct campaign;

#define TRACES_A_SECOND 100 /* of one worker, whatever clients ask for */

/* A sampled request; NULL in all others. */
struct request_trace {
    struct trace_context context;
    char parent_id[SPAN_ID_LEN + 1];
    int64_t start_us; /* wall */
    unsigned status;  /* of the answer */
};

/* tracing_begin: decides whether this request is sampled. Only when the gateway traces. */
void tracing_begin(struct request *request);

/* tracing_send: what the scheduler needs, before the request is enqueued. */
void tracing_send(struct request *request);

/* tracing_end: the span is complete. Frees request->trace. */
void tracing_end(struct request *request);

#endif

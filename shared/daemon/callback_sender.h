/* SPDX-License-Identifier: Apache-2.0 */
/* POSTs JSON to HTTP servers that may be slow, wrong or down, without making anyone wait. One
 * thread serves all of them with libcurl's multi interface.
 *
 *   any thread ── callback_sender_send() ──► receiver 0: message, message ══► server
 *                                            receiver 1: message ══► another server
 *
 * A receiver gets its messages in order, one at a time. 2xx means delivered. Without an answer, or
 * after 408, 425, 429 or 5xx, the sender retries with backoff until the message is `retry_for_ms`
 * old. Any other answer is final. Redirects are not followed, because a signed message is for one
 * receiver. A full queue drops its oldest message. Metrics count every outcome. Certificates are
 * verified. */
#ifndef ONRUSH_CALLBACK_SENDER_H
#define ONRUSH_CALLBACK_SENDER_H

#include "shared/base/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALLBACK_METRICS(COUNTER, GAUGE, HISTOGRAM)                                                \
    COUNTER(delivered, "onrush_callbacks_total", "outcome=\"delivered\"",                          \
            "Messages to callbacks, the heartbeat and the collector of traces, by outcome.")       \
    COUNTER(dropped, "onrush_callbacks_total", "outcome=\"dropped\"", "")                          \
    COUNTER(rejected, "onrush_callbacks_total", "outcome=\"rejected\"", "")                        \
    COUNTER(expired, "onrush_callbacks_total", "outcome=\"expired\"", "")                          \
    COUNTER(failed_tries, "onrush_callback_failed_tries_total", "",                                \
            "Failed tries, without an answer in time or with one that says later.")                \
    GAUGE(waiting, "onrush_callbacks_waiting", "", "Messages that are not delivered yet.")

METRICS_STRUCT(callback_metrics, CALLBACK_METRICS);

#define CALLBACK_RECEIVERS_MAX 12
#define CALLBACK_ID_SIZE       128

struct callback_receiver {
    const char *name; /* for the log; URLs may hold secrets and are never logged */
    const char *url;
    const char *secret;   /* signs messages; "": no signature */
    size_t queue;         /* messages that may wait */
    int64_t retry_for_ms; /* 0: no retry */
};

struct callback_sender_config {
    int64_t timeout_ms;  /* of a try */
    int64_t flush_ms;    /* how long callback_sender_free() may take */
    const char *ca_file; /* "": the system's authorities */
    int64_t tick_ms;     /* the period of `tick`, in the sender's thread; tick may be NULL */
    void (*tick)(void *arg);
    void *arg;
};

struct callback_sender;

/* callback_sender_new: returns NULL if there is no memory. Copies `config`, but not its strings. */
struct callback_sender *callback_sender_new(const struct callback_sender_config *config);

/* callback_sender_add: adds a receiver before the start, at most CALLBACK_RECEIVERS_MAX. Copies the
 * URL, no other string. Returns its number, or -ENOMEM. */
int callback_sender_add(struct callback_sender *sender, const struct callback_receiver *receiver);

/* callback_sender_start: starts the thread. Returns 0 or a negative errno. */
int callback_sender_start(struct callback_sender *sender);

/* callback_sender_send: queues `body` (malloc'ed) and takes it over in any case. Receivers
 * recognise a repeated message by its `id`. Any thread, also from `tick`; never blocks. Returns
 * false if the message was dropped. */
bool callback_sender_send(struct callback_sender *sender, int receiver, const char *id, char *body);

/* callback_sender_waiting: the queue length of a receiver, without the message under way. */
size_t callback_sender_waiting(struct callback_sender *sender, int receiver);

struct callback_metrics *callback_sender_metrics(struct callback_sender *sender);

/* callback_sender_free: stops the ticks, then sends the queued messages to receivers that work, for
 * at most flush_ms. NULL is fine. Returns NULL. */
struct callback_sender *callback_sender_free(struct callback_sender *sender);

#endif

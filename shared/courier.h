/* The courier: one thread that POSTs JSON to HTTP servers which may be slow, wrong or away, so that
 * nobody else has to wait for them.
 *
 *   any thread ── courier_send() ──► lane 0: message, message ══► server (libcurl multi)
 *                                    lane 1: message ══► another server
 *
 * A lane is a server: its messages go one after the other, in order. 2xx is delivered. No answer,
 * 408, 425, 429 and 5xx are tried again with back-off until the message is `retry_for_ms` old; every
 * other answer is final (redirects are not followed: a signed message goes where it was meant to go,
 * or nowhere). When a lane is full the oldest message that is not under way is dropped. All of it is
 * counted. Certificates are verified; each try has a deadline. */
#ifndef ONRUSH_COURIER_H
#define ONRUSH_COURIER_H

#include "shared/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COURIER_METRICS(COUNTER, GAUGE, HISTOGRAM)                                                 \
    COUNTER(delivered, "onrush_callbacks_total", "outcome=\"delivered\"",                          \
            "Messages to callbacks, the heartbeat and the collector of traces, by outcome.")       \
    COUNTER(dropped, "onrush_callbacks_total", "outcome=\"dropped\"", "")                          \
    COUNTER(rejected, "onrush_callbacks_total", "outcome=\"rejected\"", "")                        \
    COUNTER(expired, "onrush_callbacks_total", "outcome=\"expired\"", "")                          \
    COUNTER(failed_tries, "onrush_callback_failed_tries_total", "",                                \
            "Tries that are repeated or given up: no answer in time, or one that says later.")     \
    GAUGE(waiting, "onrush_callbacks_waiting", "", "Messages that are not delivered yet.")

METRICS_STRUCT(courier_metrics, COURIER_METRICS);

extern const struct metrics_table courier_metrics_table;

#define COURIER_LANES_MAX   12
#define COURIER_URL_SIZE    1024
#define COURIER_SECRET_SIZE 129
#define COURIER_ID_SIZE     128

struct courier_lane {
    const char *name; /* for the log; a URL may hold a secret and is never logged */
    char url[COURIER_URL_SIZE];
    char secret[COURIER_SECRET_SIZE]; /* signs; "": no signature */
    size_t most;                      /* messages that wait */
    int64_t retry_for_ms;             /* 0: one try */
};

struct courier_config {
    struct courier_lane lanes[COURIER_LANES_MAX];
    size_t n_lanes;
    int64_t connect_timeout_ms, timeout_ms; /* of a try */
    int64_t flush_ms;                       /* how long courier_free() may wait */
    char ca_file[256];                      /* "": the system's authorities */
    int64_t tick_ms; /* how often `tick` is called, in the courier's thread */
    void (*tick)(void *arg);
    void *arg;
};

struct courier;

/* courier_start: copies `config`, starts the thread. 0 and *out, or a negative errno. */
int courier_start(struct courier **out, const struct courier_config *config);

/* courier_send: takes `body` over (malloc'ed, `len` bytes) in any case; `id` is what a receiver
 * tells repeated messages by. Any thread, also from `tick`; never blocks. False: it was dropped. */
bool courier_send(struct courier *courier, size_t lane, const char *id, char *body, size_t len);

/* courier_waiting: messages that wait in a lane, without the one that is under way. */
size_t courier_waiting(struct courier *courier, size_t lane);

struct courier_metrics *courier_metrics(struct courier *courier);

/* courier_free: `tick` is called no more; lanes that work are emptied, for at most flush_ms. NULL is
 * fine. Gives NULL. */
struct courier *courier_free(struct courier *courier);

/* courier_metrics_render: as Prometheus text. */
void courier_metrics_render(struct courier *courier, FILE *out);

#endif

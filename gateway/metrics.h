/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's metrics. Each worker has its own shard. */
#ifndef ONRUSH_GATEWAY_METRICS_H
#define ONRUSH_GATEWAY_METRICS_H

#include "gateway/limit_kind.h"
#include "gateway/outcome.h"
#include "shared/base/metrics.h"

#define ANSWER_METRIC(COUNTER, id, ...)                                                            \
    COUNTER(answers_##id, "onrush_gateway_answers_total", "outcome=\"" #id "\"",                   \
            "Answers by outcome.")

#define UNAVAILABLE_METRIC(COUNTER, id, cause)                                                     \
    COUNTER(unavailable_##id, "onrush_gateway_unavailable_total", "cause=\"" cause "\"",           \
            "Answers 503 by cause.")

#define LIMIT_METRIC(COUNTER, id)                                                                  \
    COUNTER(limited_##id, "onrush_gateway_limited_total", "limit=\"" #id "\"",                     \
            "Requests answered 429, by limit.")
#define UNCOUNTED_METRIC(COUNTER, id)                                                              \
    COUNTER(uncounted_##id, "onrush_gateway_limit_uncounted_total", "limit=\"" #id "\"",           \
            "Requests that a limit let pass because its table was full: see limits.slots.")

#define GATEWAY_METRICS(COUNTER, GAUGE, HISTOGRAM)                                                 \
    COUNTER(requests_post, "onrush_gateway_requests_total", "route=\"post\"",                      \
            "Complete requests by route.")                                                         \
    COUNTER(requests_get, "onrush_gateway_requests_total", "route=\"get\"", "")                    \
    COUNTER(requests_campaign, "onrush_gateway_requests_total", "route=\"campaign\"", "")          \
    OUTCOMES(ANSWER_METRIC, COUNTER)                                                               \
    COUNTER(accepted, "onrush_gateway_accepted_total", "", "Requests newly put into a queue.")     \
    COUNTER(journalled, "onrush_gateway_journalled_total", "",                                     \
            "Requests answered 202 out of the journal, while Redis was away.")                     \
    COUNTER(journal_batches, "onrush_gateway_journal_batches_total", "",                           \
            "Transactions that wrote to the journal.")                                             \
    COUNTER(journal_rows, "onrush_gateway_journal_rows_total", "",                                 \
            "Rows that these transactions inserted. A user who asks again adds no row.")           \
    UNAVAILABLE_METRIC(COUNTER, redis_down, "redis_down")                                          \
    UNAVAILABLE_METRIC(COUNTER, redis_error, "redis_error")                                        \
    UNAVAILABLE_METRIC(COUNTER, undecodable, "undecodable")                                        \
    UNAVAILABLE_METRIC(COUNTER, no_reply, "no_reply")                                              \
    UNAVAILABLE_METRIC(COUNTER, mariadb, "mariadb")                                                \
    UNAVAILABLE_METRIC(COUNTER, unpublished, "not_published")                                      \
    UNAVAILABLE_METRIC(COUNTER, connections, "max_connections")                                    \
    UNAVAILABLE_METRIC(COUNTER, connections_here, "max_connections_per_address")                   \
    UNAVAILABLE_METRIC(COUNTER, in_flight, "max_in_flight")                                        \
    UNAVAILABLE_METRIC(COUNTER, waiters, "max_waiters")                                            \
    UNAVAILABLE_METRIC(COUNTER, waiters_here, "max_waiters_per_address")                           \
    UNAVAILABLE_METRIC(COUNTER, campaigns, "max_campaigns")                                        \
    COUNTER(calls_enqueue, "onrush_gateway_redis_calls_total", "call=\"enqueue\"",                 \
            "Function calls to Redis.")                                                            \
    COUNTER(calls_status, "onrush_gateway_redis_calls_total", "call=\"status\"", "")               \
    COUNTER(calls_head, "onrush_gateway_redis_calls_total", "call=\"head\"", "")                   \
    COUNTER(calls_scan, "onrush_gateway_redis_calls_total", "call=\"scan\"", "")                   \
    COUNTER(users_enqueue, "onrush_gateway_redis_users_total", "call=\"enqueue\"",                 \
            "Users in these calls: divided by the calls, the mean batch.")                         \
    COUNTER(users_status, "onrush_gateway_redis_users_total", "call=\"status\"", "")               \
    HISTOGRAM(batch_enqueue, "onrush_gateway_batch_users", "call=\"enqueue\"",                     \
              "Users in one function call to Redis.")                                              \
    HISTOGRAM(batch_status, "onrush_gateway_batch_users", "call=\"status\"", "")                   \
    COUNTER(instant_decided, "onrush_gateway_instant_total", "answer=\"decided\"",                 \
            "POSTs that waited for their decision, by whether it came in time.")                   \
    COUNTER(instant_waiting, "onrush_gateway_instant_total", "answer=\"waiting\"", "")             \
    HISTOGRAM(instant_time, "onrush_gateway_instant_seconds", "",                                  \
              "From a complete POST that waited to its answer.")                                   \
    COUNTER(memory_answers, "onrush_gateway_memory_answers_total", "",                             \
            "Sold out, answered without Redis.")                                                   \
    LIMITS(LIMIT_METRIC, COUNTER)                                                                  \
    LIMITS(UNCOUNTED_METRIC, COUNTER)                                                              \
    COUNTER(slow_clients, "onrush_gateway_slow_clients_total", "",                                 \
            "Connections closed because a request was not complete in time.")                      \
    COUNTER(slow_readers, "onrush_gateway_slow_readers_total", "",                                 \
            "Connections closed because their client did not take an answer in time.")             \
    COUNTER(                                                                                       \
        clients_gone, "onrush_gateway_clients_gone_total", "",                                     \
        "Requests whose client left, or closed its half of the connection, before the answer.")    \
    COUNTER(connections_accepted, "onrush_gateway_connections_accepted_total", "",                 \
            "Client connections that were accepted.")                                              \
    COUNTER(connections_evicted, "onrush_gateway_connections_evicted_total", "",                   \
            "Connections without a request, closed to make room for others.")                      \
    COUNTER(connections_dropped, "onrush_gateway_connections_dropped_total", "",                   \
            "Connections beyond the limits that were closed without even a 503.")                  \
    COUNTER(listen_drops, "onrush_gateway_listen_drops_total", "",                                 \
            "Connections that the kernel dropped before they were accepted, mostly because the "   \
            "accept queue was full; of this gateway's own sockets.")                               \
    GAUGE(listen_queue, "onrush_gateway_listen_queue", "",                                         \
          "Connections that the kernel has ready and that are not accepted yet.")                  \
    GAUGE(workers, "onrush_gateway_workers", "", "Worker threads.")                                \
    GAUGE(connections, "onrush_gateway_connections", "", "Open client connections.")               \
    GAUGE(connections_idle, "onrush_gateway_connections_idle", "",                                 \
          "Of the open connections those without a complete request: they make room when all are " \
          "taken.")                                                                                \
    GAUGE(connections_max, "onrush_gateway_connections_max", "",                                   \
          "The limit of client connections: max_connections, or fewer if the process has too few " \
          "file descriptors.")                                                                     \
    GAUGE(in_flight, "onrush_gateway_in_flight", "", "Requests that are being answered.")          \
    GAUGE(waiters, "onrush_gateway_waiters", "", "Long-polls that wait for a decision.")           \
    GAUGE(archived, "onrush_gateway_archive_requests", "", "Requests that wait for MariaDB.")      \
    GAUGE(campaigns, "onrush_gateway_campaigns", "", "Campaigns in the tables of the workers.")    \
    GAUGE(memory_bytes, "onrush_gateway_memory_bytes", "", "Size of the sold-out filters.")        \
    GAUGE(redis_up, "onrush_gateway_redis_links_up", "", "Workers whose link to Redis is up.")     \
    GAUGE(journal_in_use, "onrush_gateway_journals_in_use", "",                                    \
          "Workers that write new requests to the journal, because Redis is away.")                \
    GAUGE(calls_refused, "onrush_gateway_redis_calls_refused", "",                                 \
          "Kinds of calls that Redis refuses for a single campaign (a key of the wrong type).")    \
    GAUGE(mariadb_up, "onrush_gateway_mariadb_links_up", "",                                       \
          "Workers whose connection to MariaDB is up.")                                            \
    HISTOGRAM(post_time, "onrush_gateway_request_seconds", "route=\"post\"",                       \
              "From a complete request to its answer; without long-polls.")                        \
    HISTOGRAM(get_time, "onrush_gateway_request_seconds", "route=\"get\"", "")                     \
    HISTOGRAM(campaign_time, "onrush_gateway_request_seconds", "route=\"campaign\"", "")           \
    HISTOGRAM(redis_time, "onrush_gateway_redis_call_seconds", "",                                 \
              "From sending a command to Redis to its reply, or to giving it up.")                 \
    HISTOGRAM(journal_time, "onrush_gateway_journal_seconds", "", "One transaction of the journal.")

METRICS_STRUCT(gateway_metrics, GATEWAY_METRICS);

/* gateway_metrics_render: writes the sum of all shards, and metrics of the process and the
 * build. */
void gateway_metrics_render(FILE *out, struct gateway_metrics *const *shards, size_t n);

/* gateway_metrics_answer: returns the counter of an outcome. */
metric_value *gateway_metrics_answer(struct gateway_metrics *metrics, enum outcome outcome);

#endif

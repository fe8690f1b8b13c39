/* The scheduler's metrics: this table is the source of names, help and types. */
#ifndef ONRUSH_SCHEDULER_METRICS_H
#define ONRUSH_SCHEDULER_METRICS_H

#include "shared/metrics.h"

#define SCHEDULER_METRICS(COUNTER, GAUGE, HISTOGRAM)                                               \
    COUNTER(claims, "onrush_scheduler_claims_total", "",                                           \
            "Claims that popped at least one request.")                                            \
    COUNTER(claimed, "onrush_scheduler_claimed_requests_total", "",                                \
            "Requests popped from queues.")                                                        \
    COUNTER(granted, "onrush_scheduler_decided_total", "outcome=\"granted\"",                      \
            "Requests settled in Redis, by outcome.")                                              \
    COUNTER(sold_out, "onrush_scheduler_decided_total", "outcome=\"sold_out\"", "")                \
    COUNTER(refused, "onrush_scheduler_decided_total", "outcome=\"refused\"", "")                  \
    COUNTER(committed, "onrush_scheduler_committed_grants_total", "",                              \
            "Grants that MariaDB committed.")                                                      \
    COUNTER(jobs_done, "onrush_scheduler_jobs_total", "outcome=\"done\"",                          \
            "Jobs in MariaDB, by outcome.")                                                        \
    COUNTER(jobs_fenced, "onrush_scheduler_jobs_total", "outcome=\"fenced\"", "")                  \
    COUNTER(jobs_clash, "onrush_scheduler_jobs_total", "outcome=\"clash\"", "")                    \
    COUNTER(jobs_busy, "onrush_scheduler_jobs_total", "outcome=\"busy\"", "")                      \
    COUNTER(jobs_refused, "onrush_scheduler_jobs_total", "outcome=\"refused\"", "")                \
    COUNTER(jobs_unknown, "onrush_scheduler_jobs_total", "outcome=\"unknown\"", "")                \
    COUNTER(undecodable, "onrush_scheduler_undecodable_total", "",                                 \
            "Members of a queue that nobody can decode.")                                          \
    COUNTER(redis_errors, "onrush_scheduler_redis_errors_total", "",                               \
            "Error answers of Redis, and answers that never came.")                                \
    COUNTER(keeper_rounds, "onrush_scheduler_keeper_rounds_total", "outcome=\"ok\"",               \
            "Rounds of the lease keeper.")                                                         \
    COUNTER(keeper_failures, "onrush_scheduler_keeper_rounds_total", "outcome=\"failed\"", "")     \
    COUNTER(takeovers, "onrush_scheduler_takeovers_total", "", "Leases taken.")                    \
    GAUGE(campaigns, "onrush_scheduler_campaigns", "", "Campaigns that are not settled.")          \
    GAUGE(running, "onrush_scheduler_campaigns_running", "",                                       \
          "Campaigns that this scheduler decides.")                                                \
    GAUGE(connections, "onrush_scheduler_pool_connections", "",                                    \
          "Open connections of the committer pool.")                                               \
    GAUGE(redis_up, "onrush_scheduler_redis_up", "", "1 while the connection to Redis is up.")     \
    HISTOGRAM(pool_wait, "onrush_scheduler_pool_wait_seconds", "",                                 \
              "How long a job waits for a connection.")                                            \
    HISTOGRAM(commit, "onrush_scheduler_commit_seconds", "",                                       \
              "How long the transaction of a batch takes.")                                        \
    HISTOGRAM(ticket_to_commit, "onrush_scheduler_ticket_to_commit_seconds", "",                   \
              "From a request's ticket to its COMMIT.")

METRICS_STRUCT(scheduler_metrics, SCHEDULER_METRICS);

/* scheduler_metrics: one for the process; every thread adds to it. */
extern struct scheduler_metrics scheduler_metrics;

/* scheduler_metrics_render: as Prometheus text. */
void scheduler_metrics_render(FILE *out);

#endif

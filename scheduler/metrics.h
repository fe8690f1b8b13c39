/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler's metrics. This table defines their names, help and types. */
#ifndef ONRUSH_SCHEDULER_METRICS_H
#define ONRUSH_SCHEDULER_METRICS_H

#include "shared/base/metrics.h"

#define SCHEDULER_METRICS(COUNTER, GAUGE, HISTOGRAM)                                               \
    COUNTER(claims, "onrush_scheduler_claims_total", "",                                           \
            "Claims that found at least one request.")                                             \
    COUNTER(claimed, "onrush_scheduler_claimed_requests_total", "",                                \
            "Requests claimed from queues.")                                                       \
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
    COUNTER(refused_row, "onrush_scheduler_refused_total", "reason=\"row-refused\"",               \
            "Refused requests, by reason.")                                                        \
    COUNTER(refused_undecodable, "onrush_scheduler_refused_total", "reason=\"undecodable\"", "")   \
    COUNTER(redis_refused, "onrush_scheduler_redis_errors_total", "cause=\"refused\"",             \
            "Commands to Redis that came to nothing, by cause: it refused, no answer came, "       \
            "another epoch is published, or it lost data.")                                        \
    COUNTER(redis_no_answer, "onrush_scheduler_redis_errors_total", "cause=\"no_answer\"", "")     \
    COUNTER(redis_stale, "onrush_scheduler_redis_errors_total", "cause=\"stale\"", "")             \
    COUNTER(redis_lost, "onrush_scheduler_redis_errors_total", "cause=\"lost_data\"", "")          \
    COUNTER(keeper_rounds, "onrush_scheduler_keeper_rounds_total", "outcome=\"ok\"",               \
            "Rounds of the lease keeper.")                                                         \
    COUNTER(keeper_failures, "onrush_scheduler_keeper_rounds_total", "outcome=\"failed\"", "")     \
    COUNTER(takeovers, "onrush_scheduler_takeovers_total", "", "Leases taken.")                    \
    COUNTER(renounced, "onrush_scheduler_renounced_total", "",                                     \
            "Leases given back: of campaigns that are settled, or are given up and taken anew.")   \
    GAUGE(campaigns, "onrush_scheduler_campaigns", "", "Campaigns that are not settled.")          \
    GAUGE(running, "onrush_scheduler_campaigns_running", "",                                       \
          "Campaigns that this scheduler decides.")                                                \
    GAUGE(batch_size, "onrush_scheduler_batch_size", "",                                           \
          "Rows that a batch may have now: it follows commit_target_ms.")                          \
    GAUGE(pool_size, "onrush_scheduler_pool_size", "", "Threads of the committer pool.")           \
    GAUGE(pool_busy, "onrush_scheduler_pool_busy", "", "Of these, how many are at work.")          \
    GAUGE(pool_waiting, "onrush_scheduler_pool_waiting", "", "Jobs that wait for one of them.")    \
    GAUGE(broken, "onrush_scheduler_campaigns_broken", "",                                         \
          "Campaigns that Redis refuses a call for, and no others (a key of the wrong type).")     \
    GAUGE(connections, "onrush_scheduler_pool_connections", "",                                    \
          "Open connections of the committer pool.")                                               \
    GAUGE(redis_up, "onrush_scheduler_redis_up", "", "1 while the connection to Redis is up.")     \
    GAUGE(mariadb_up, "onrush_scheduler_mariadb_up", "",                                           \
          "1 while leases can be kept: the last round with MariaDB worked.")                       \
    GAUGE(journal_rows, "onrush_journal_rows", "",                                                 \
          "Requests in the journal, which are not in the queue yet; counted up to 100000.")        \
    HISTOGRAM(redis_time, "onrush_scheduler_redis_call_seconds", "",                               \
              "From sending a command to Redis to its reply, or to giving it up.")                 \
    HISTOGRAM(claim_batch, "onrush_scheduler_batch_requests", "step=\"claim\"",                    \
              "Requests in one batch.")                                                            \
    HISTOGRAM(commit_batch, "onrush_scheduler_batch_requests", "step=\"commit\"", "")              \
    HISTOGRAM(pool_wait, "onrush_scheduler_pool_wait_seconds", "",                                 \
              "How long a job waits for a thread of the pool: when that is much beside a commit, " \
              "pool_size is too small.")                                                           \
    HISTOGRAM(commit, "onrush_scheduler_commit_seconds", "",                                       \
              "How long the transaction of a batch takes.")                                        \
    HISTOGRAM(ticket_to_commit, "onrush_scheduler_ticket_to_commit_seconds", "",                   \
              "From a request's ticket to its COMMIT. Tickets are by the clock of Redis and the "  \
              "COMMIT is by that of this machine, so a difference between the two is in it.")

METRICS_STRUCT(scheduler_metrics, SCHEDULER_METRICS);

/* scheduler_metrics: one for the process; every thread adds to it. */
extern struct scheduler_metrics scheduler_metrics;

/* scheduler_metrics_render: writes them as Prometheus text, with those of process and build.
 * campaign_stats.h has those of campaigns. */
void scheduler_metrics_render(FILE *out);

/* scheduler_metrics_errors: for the monitor: counts operations of MariaDB and Redis, and those that
 * failed. */
void scheduler_metrics_errors(void *arg, int64_t *all, int64_t *bad);

#endif

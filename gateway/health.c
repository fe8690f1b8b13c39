#include "gateway/health.h"

#include "shared/clock.h"

static const int statuses[] = {
#define STATUS(M, id, status, ...) [OUTCOME_##id] = status,
    OUTCOMES(STATUS, )
#undef STATUS
};

static bool mariadb_up(struct worker *w)
{
    return metric_get(&w->loop.metrics.mariadb_up) > 0;
}

/* find_stores: Redis, MariaDB and the journal. The first worker that complains is quoted. */
static void find_stores(struct gateway *gateway, struct worker *const *workers, size_t n,
                        struct health_report *report)
{
    size_t no_redis = 0, no_mariadb = 0, journals = 0, refusals = 0;
    const char *why = "";
    for (size_t i = 0; i < n; i++) {
        bool redis = redis_link_state(workers[i]->loop.link) == LINK_UP;
        if (!redis && no_redis++ == 0)
            why = redis_link_reason(workers[i]->loop.link);
        no_mariadb += !mariadb_up(workers[i]);
        refusals += metric_get(&workers[i]->loop.metrics.calls_refused) > 0;
        journals += !redis && gateway_config(gateway)->journal && mariadb_up(workers[i]);
    }
    if (no_redis > 0)
        health_found(report, HEALTH_redis, no_redis == n ? HEALTH_DOWN : HEALTH_DEGRADED,
                     "%s (%zu of %zu workers)", why, no_redis, n);
    if (refusals > 0)
        health_found(report, HEALTH_redis, HEALTH_DEGRADED,
                     "redis refuses single campaigns; the log names them (%zu of %zu workers)",
                     refusals, n);
    if (no_mariadb > 0)
        health_found(report, HEALTH_mariadb, no_mariadb == n ? HEALTH_DOWN : HEALTH_DEGRADED,
                     "no connection (%zu of %zu workers)", no_mariadb, n);
    report->able = journals == no_redis;
    if (!report->able)
        health_found(report, HEALTH_journal, HEALTH_DOWN,
                     "the journal cannot be used (%zu of %zu workers)", no_redis - journals, n);
    else if (journals > 0)
        health_found(report, HEALTH_journal, HEALTH_DEGRADED,
                     "the journal is in use (%zu of %zu workers)", journals, n);
}

/* find_crowds: would somebody who comes now be turned away? */
static void find_crowds(struct gateway *gateway, struct worker *const *workers, size_t n,
                        struct health_report *report)
{
    int64_t taken = 0, in_flight = atomic_load(&gateway->in_flight.n);
    int64_t most_in_flight = gateway_config(gateway)->max_in_flight;
    for (size_t i = 0; i < n; i++)
        taken += metric_get(&workers[i]->loop.metrics.connections) -
                 metric_get(&workers[i]->loop.metrics.connections_idle);
    bool full = gateway->max_connections > 0 && taken >= gateway->max_connections;
    bool busy = most_in_flight > 0 && in_flight >= most_in_flight;
    if (full)
        health_found(report, HEALTH_backlog, HEALTH_DOWN,
                     "clients are turned away: all %lld connections have a request",
                     (long long)gateway->max_connections);
    if (busy)
        health_found(report, HEALTH_backlog, HEALTH_DOWN,
                     "clients are turned away: %lld requests in flight", (long long)in_flight);
    report->able = report->able && !full && !busy;
}

void gateway_health(struct gateway *gateway, struct worker *const *workers, size_t n,
                    struct health_report *report)
{
    const struct gateway_config *config = gateway_config(gateway);
    int64_t now_us = clock_mono_us(), in_flight = atomic_load(&gateway->in_flight.n);
    find_stores(gateway, workers, n, report);
    find_crowds(gateway, workers, n, report);
    if (in_flight >= config->health.backlog)
        health_found(report, HEALTH_backlog, HEALTH_DEGRADED, "%lld requests in flight",
                     (long long)in_flight);
    for (size_t i = 0; i < n; i++) {
        int64_t ticked_us = atomic_load_explicit(&workers[i]->ticked_us, memory_order_relaxed);
        if (ticked_us != 0 && now_us - ticked_us >= config->health.lag_ms * 1000)
            health_found(report, HEALTH_lag, HEALTH_DEGRADED, "worker %zu stands still for %lld ms",
                         i, (long long)((now_us - ticked_us) / 1000));
    }
}

void gateway_health_counts(struct worker *const *workers, size_t n, int64_t *all, int64_t *bad)
{
    for (size_t i = 0; i < n; i++) {
        for (int o = 0; o < OUTCOMES_N; o++) {
            int64_t count =
                metric_get(gateway_metrics_answer(&workers[i]->loop.metrics, (enum outcome)o));
            *all += count;
            *bad += statuses[o] == 503 ? count : 0; /* 501 and 505 are the client's own doing */
        }
    }
}

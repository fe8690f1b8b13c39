/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/health.h"

#include "shared/base/clock.h"

#include <inttypes.h>

static const int statuses[] = {
#define STATUS(M, id, status, ...) [OUTCOME_##id] = status,
    OUTCOMES(STATUS, )
#undef STATUS
};

/* Sums over all workers. */
struct totals {
    int64_t connections, idle, in_flight, accepted, journalled;
    size_t redis, mariadb;     /* workers that reach it */
    size_t only_mariadb;       /* workers that reach it, but not Redis */
    size_t refusals;           /* workers with campaigns that Redis refuses */
    const char *redis_trouble; /* of the first worker without Redis */
};

static struct totals count(const struct workers *workers)
{
    struct totals t = {0};
    for (size_t i = 0; i < workers->n; i++) {
        struct gateway_metrics *m = &workers->all[i]->loop.metrics;
        struct redis_link *link = workers->all[i]->loop.link;
        bool redis = redis_link_state(link) == LINK_UP, mariadb = metric_get(&m->mariadb_up) > 0;
        t.connections += metric_get(&m->connections);
        t.idle += metric_get(&m->connections_idle);
        t.in_flight += metric_get(&m->in_flight);
        t.accepted += metric_get(&m->accepted);
        t.journalled += metric_get(&m->journalled);
        t.redis += redis;
        t.mariadb += mariadb;
        t.only_mariadb += mariadb && !redis;
        t.refusals += metric_get(&m->calls_refused) > 0;
        if (!redis && t.redis_trouble == NULL)
            t.redis_trouble = redis_link_reason(link);
    }
    return t;
}

static enum health_state partly(size_t failed, size_t n)
{
    return failed == n ? HEALTH_DOWN : HEALTH_DEGRADED;
}

static void find_stores(const struct totals *t, bool journal, size_t n,
                        struct health_report *report)
{
    size_t no_redis = n - t->redis, no_mariadb = n - t->mariadb;
    size_t journals = journal ? t->only_mariadb : 0;
    if (no_redis > 0)
        health_found(report, HEALTH_redis, partly(no_redis, n), "%s (%zu of %zu workers)",
                     t->redis_trouble, no_redis, n);
    if (t->refusals > 0)
        health_found(report, HEALTH_redis, HEALTH_DEGRADED,
                     "redis refuses single campaigns; the log names them (%zu of %zu workers)",
                     t->refusals, n);
    if (no_mariadb > 0)
        health_found(report, HEALTH_mariadb, partly(no_mariadb, n),
                     "no connection (%zu of %zu workers)", no_mariadb, n);
    report->able = journals == no_redis;
    if (!report->able)
        health_found(report, HEALTH_journal, HEALTH_DOWN,
                     "the journal cannot be used (%zu of %zu workers)", no_redis - journals, n);
    else if (journals > 0)
        health_found(report, HEALTH_journal, HEALTH_DEGRADED,
                     "the journal is in use (%zu of %zu workers)", journals, n);
}

/* find_crowds: does the gateway turn new clients away? */
static void find_crowds(struct gateway *gateway, const struct totals *t,
                        struct health_report *report)
{
    const struct gateway_config *config = gateway_config(gateway);
    int64_t in_flight = atomic_load(&gateway->in_flight.n);
    bool full =
        gateway->max_connections > 0 && t->connections - t->idle >= gateway->max_connections;
    bool busy = config->max_in_flight > 0 && in_flight >= config->max_in_flight;
    if (full)
        health_found(report, HEALTH_backlog, HEALTH_DOWN,
                     "clients are turned away: all %lld connections have a request",
                     (long long)gateway->max_connections);
    if (busy)
        health_found(report, HEALTH_backlog, HEALTH_DOWN,
                     "clients are turned away: %lld requests in flight", (long long)in_flight);
    if (in_flight >= config->health.backlog)
        health_found(report, HEALTH_backlog, HEALTH_DEGRADED, "%lld requests in flight",
                     (long long)in_flight);
    report->able = report->able && !full && !busy;
}

void gateway_health(struct gateway *gateway, const struct workers *workers,
                    struct health_report *report)
{
    const struct gateway_config *config = gateway_config(gateway);
    struct totals t = count(workers);
    int64_t now_us = clock_mono_us();
    find_stores(&t, config->journal, workers->n, report);
    find_crowds(gateway, &t, report);
    for (size_t i = 0; i < workers->n; i++) {
        int64_t ticked_us = atomic_load_explicit(&workers->all[i]->ticked_us, memory_order_relaxed);
        if (ticked_us != 0 && now_us - ticked_us >= config->health.lag_ms * 1000)
            health_found(report, HEALTH_lag, HEALTH_DEGRADED, "worker %zu stands still for %lld ms",
                         i, (long long)((now_us - ticked_us) / 1000));
    }
}

void gateway_health_counts(const struct workers *workers, int64_t *all, int64_t *bad)
{
    for (size_t i = 0; i < workers->n; i++) {
        for (int o = 0; o < OUTCOMES_N; o++) {
            int64_t count =
                metric_get(gateway_metrics_answer(&workers->all[i]->loop.metrics, (enum outcome)o));
            *all += count;
            *bad += statuses[o] == 503 ? count : 0; /* 501 and 505 are the client's fault */
        }
    }
}

/* --- for systemd --- */

void gateway_health_missing(void *arg, FILE *out)
{
    const struct workers *workers = arg;
    struct totals t = count(workers);
    service_write_missing(out, t.redis == workers->n, t.mariadb == workers->n);
}

bool gateway_health_progress(void *arg)
{
    struct workers *workers = arg;
    for (size_t i = 0; i < workers->n; i++) {
        if (!pulse_moved(&workers->all[i]->pulse) && !atomic_load(&workers->all[i]->ended))
            return false;
    }
    for (size_t i = 0; i < workers->n; i++)
        pulse_mark(&workers->all[i]->pulse);
    return true;
}

bool gateway_health_ended(const struct workers *workers)
{
    for (size_t i = 0; i < workers->n; i++) {
        if (!atomic_load(&workers->all[i]->ended))
            return false;
    }
    return true;
}

void gateway_health_figures(void *arg, FILE *out)
{
    const struct workers *workers = arg;
    struct totals t = count(workers);
    fprintf(out,
            "%" PRId64 " connections, %" PRId64 " requests in flight; accepted %" PRId64
            ", in the journal %" PRId64 "; redis %s, mariadb %s",
            t.connections, t.in_flight, t.accepted, t.journalled,
            t.redis == workers->n ? "up" : "away", t.mariadb == workers->n ? "up" : "away");
}

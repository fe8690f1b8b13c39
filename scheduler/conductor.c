/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/conductor.h"

#include "scheduler/campaign_events.h"
#include "scheduler/campaign.h"
#include "scheduler/committer.h"
#include "scheduler/lease.h"
#include "scheduler/metrics.h"
#include "scheduler/pace.h"
#include "scheduler/queue.h"
#include "scheduler/campaign_stats.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/daemon/service.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLLS_A_TICK 50 /* idle queues asked per poll_ms; with more, each waits longer */

/* Redis is asked about each campaign once a second: a tenth of them at a time and at most ASK_MOST,
 * so that ten thousand campaigns cause no burst. */
#define SLICE_MS 100
#define SLICES   10
#define ASK_MOST 100

struct member {
    LIST_ENTRY(member) next;
    struct campaign campaign;
    struct campaign_stats stats;
    uint64_t round; /* of the lease keeper that last listed it */
    unsigned told;  /* events that the monitor took, as bits: campaign_events.h */
};

struct conductor {
    struct world world;
    struct queue queue;
    struct scheduler_config config;
    struct pace pace; /* for all campaigns, because they share one MariaDB */
    char owner[OWNER_MAX + 1];
    struct event tick, slice;
    LIST_HEAD(, member) members; /* by id, ascending */
    size_t n;
    uint64_t round;
    unsigned slices;       /* since the last snapshot */
    struct member *to_ask; /* next to ask; NULL: start again */
    struct stats_slot stats;
    void (*stopped)(void *arg); /* not NULL: stopping */
    void *stopped_arg;
    int64_t stop_by_us;
    struct pulse pulse;                           /* one beat per tick */
    struct monitor *monitor;                      /* NULL: nobody wants events */
    struct health_config health;                  /* as at the start */
    _Atomic int64_t oldest_us, waiting, journals; /* as of the last snapshot */
};

static int64_t world_now_us(struct world *world)
{
    (void)world;
    return clock_mono_us();
}

/* --- events --- */

static void step_all(struct conductor *k)
{
    int64_t running = 0, broken = 0;
    struct member *m;
    LIST_FOREACH (m, &k->members, next) {
        campaign_step(&m->campaign);
        running += m->campaign.phase == PHASE_RUNNING;
        broken += m->campaign.broken > 0;
    }
    metric_set(&scheduler_metrics.broken, broken);
    metric_set(&scheduler_metrics.running, running);
}

static void on_redis(void *arg, bool up)
{
    metric_set(&scheduler_metrics.redis_up, up);
    step_all(arg);
}

static void keep_pace(struct conductor *k)
{
    k->world.batch_size = k->pace.size;
    metric_set(&scheduler_metrics.batch_size, (int64_t)k->pace.size);
}

static void on_job(void *arg, struct job *job)
{
    struct conductor *k = arg;
    if (job->kind == JOB_COMMIT && job->outcome == JOB_DONE) {
        pace_see(&k->pace, job->batch->n, job->took_us);
        keep_pace(k);
        if (k->queue.traces != NULL)
            grant_traces_committed(k->queue.traces, job->campaign->row.name, job->batch,
                                   job->took_us);
    }
    campaign_on_job(job->campaign, job);
}

static bool all_quiet(const struct conductor *k)
{
    const struct member *m;
    LIST_FOREACH (m, &k->members, next) {
        if (!campaign_quiet(&m->campaign))
            return false;
    }
    return true;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct conductor *k = arg;
    (void)fd;
    (void)what;
    pulse_beat(&k->pulse);
    step_all(k);
    if (k->stopped == NULL || (!all_quiet(k) && clock_mono_us() < k->stop_by_us))
        return;
    if (!all_quiet(k))
        log_warning(
            "the grace time is over with work under way; the next owner of the leases finds it",
            "grace_s=%d", (int)k->config.grace_s);
    event_del(&k->tick);
    k->stopped(k->stopped_arg);
}

/* --- rows from the lease keeper --- */

/* add_member: inserts after `before`; NULL: at the head. */
static struct member *add_member(struct conductor *k, struct member *before,
                                 const struct campaign_row *row)
{
    struct member *m = calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    campaign_init(&m->campaign, &k->world, row);
    if (k->stopped != NULL)
        campaign_stop(&m->campaign);
    if (before != NULL)
        LIST_INSERT_AFTER(before, m, next);
    else
        LIST_INSERT_HEAD(&k->members, m, next);
    k->n++;
    return m;
}

/* forget_gone: forgets settled and deleted campaigns. */
static void forget_gone(struct conductor *k)
{
    struct member *m = LIST_FIRST(&k->members);
    for (struct member *next; m != NULL; m = next) {
        next = LIST_NEXT(m, next);
        if (m->round == k->round)
            continue;
        struct lease lost = m->campaign.lease;
        lost.mine = false;
        campaign_update(&m->campaign, &m->campaign.row, &lost);
        if (!campaign_idle(&m->campaign) || m->campaign.phase != PHASE_AWAY || m->stats.asking > 0)
            continue;
        k->to_ask = k->to_ask == m ? next : k->to_ask;
        LIST_REMOVE(m, next);
        campaign_destroy(&m->campaign);
        free(m);
        k->n--;
    }
}

/* on_rows: rows and members are both ordered by id, so one pass is enough. */
static void on_rows(void *arg, struct lease_keeper_rows *rows)
{
    struct conductor *k = arg;
    struct member *before = NULL, *m = LIST_FIRST(&k->members);
    k->round++;
    for (size_t i = 0; i < rows->n; i++) {
        const struct campaign_row *row = &rows->rows[i].row;
        const struct lease *lease = &rows->rows[i].lease;
        for (; m != NULL && m->campaign.row.id < row->id; m = LIST_NEXT(m, next))
            before = m;
        if ((m == NULL || m->campaign.row.id != row->id) &&
            (m = add_member(k, before, row)) == NULL) {
            log_error("a campaign cannot be taken: out of memory", "name=%s", row->name);
            m = before != NULL ? LIST_NEXT(before, next) : LIST_FIRST(&k->members);
            continue;
        }
        m->round = k->round;
        campaign_update(&m->campaign, row, lease);
        campaign_stats_see(&m->stats, &m->campaign);
        if (k->monitor != NULL && lease->mine)
            m->told = campaign_events_tell(k->monitor, &k->config, row, m->told);
    }
    free(rows);
    forget_gone(k);
    metric_set(&scheduler_metrics.campaigns, (int64_t)k->n);
    k->world.poll_us = k->config.poll_ms * 1000 * (int64_t)(1 + k->n / POLLS_A_TICK);
}

/* --- the state of campaigns, for the metrics --- */

static void ask_some(struct conductor *k)
{
    size_t n = k->n / SLICES + 1;
    if (k->to_ask == NULL)
        k->to_ask = LIST_FIRST(&k->members);
    for (size_t i = 0; i < n && i < ASK_MOST && k->to_ask != NULL; i++) {
        campaign_stats_ask(&k->to_ask->stats, k->queue.link, &k->to_ask->campaign);
        k->to_ask = LIST_NEXT(k->to_ask, next);
    }
}

static void write_sheet(struct conductor *k)
{
    bool redis_up = redis_link_state(k->queue.link) == LINK_UP;
    int64_t now_us = clock_mono_us(), oldest_us = 0, waiting = 0, journals = 0;
    struct stats_snapshot *snapshot = stats_snapshot_new(now_us);
    struct campaign_metrics metrics;
    struct member *m;
    if (snapshot == NULL)
        return; /* the old one stays */
    LIST_FOREACH (m, &k->members, next) {
        campaign_stats_tell(&m->stats, &m->campaign, redis_up, now_us, &metrics);
        stats_snapshot_add(snapshot, m->campaign.row.name, &metrics);
        journals += m->campaign.row.journal;
        if (metric_get(&metrics.oldest) == METRIC_ABSENT)
            continue;
        waiting += metric_get(&metrics.queued) + metric_get(&metrics.claimed);
        if (metric_get(&metrics.oldest) > oldest_us)
            oldest_us = metric_get(&metrics.oldest);
    }
    k->oldest_us = oldest_us;
    k->waiting = waiting;
    k->journals = journals;
    stats_publish(&k->stats, snapshot);
}

static void on_slice(evutil_socket_t fd, short what, void *arg)
{
    struct conductor *k = arg;
    (void)fd;
    (void)what;
    ask_some(k);
    if (++k->slices < SLICES)
        return;
    k->slices = 0;
    write_sheet(k);
}

struct stats_slot *conductor_stats(struct conductor *k)
{
    return &k->stats;
}

/* --- settings --- */

static void apply(struct conductor *k)
{
    struct timeval every = {.tv_sec = k->config.poll_ms / 1000,
                            .tv_usec = k->config.poll_ms % 1000 * 1000};
    pace_set(&k->pace, (size_t)k->config.batch_size, k->config.commit_target_ms * 1000);
    keep_pace(k);
    k->world.max_batches = 2 * (size_t)k->config.pool_size;
    k->world.poll_us = k->config.poll_ms * 1000 * (int64_t)(1 + k->n / POLLS_A_TICK);
    k->queue.retention_s = k->config.retention_s;
    event_add(&k->tick, &every);
}

void conductor_reload(struct conductor *k, const struct scheduler_config *config)
{
    k->config = *config;
    committer_set_lifetime(k->world.committer, config->connection_lifetime_s);
    if (k->stopped == NULL)
        apply(k);
}

void conductor_stop(struct conductor *k, void (*done)(void *arg), void *arg)
{
    struct member *m;
    k->stopped = done;
    k->stopped_arg = arg;
    k->stop_by_us = clock_mono_us() + k->config.grace_s * 1000000;
    LIST_FOREACH (m, &k->members, next)
        campaign_stop(&m->campaign);
}

/* --- health --- */

void conductor_set_monitor(struct conductor *k, struct monitor *monitor)
{
    k->monitor = monitor;
    if (monitor != NULL && monitor_tracer(monitor) != NULL && k->queue.traces == NULL)
        k->queue.traces = grant_traces_new(monitor_tracer(monitor)); /* NULL: no traces */
}

void conductor_health(void *conductor, struct health_report *report)
{
    const struct conductor *k = conductor;
    bool redis = redis_link_state(k->queue.link) == LINK_UP,
         leases = lease_keeper_fresh(k->world.lease_keeper);
    int64_t oldest_us = k->oldest_us, waiting = k->waiting, journals = k->journals;
    int64_t lag_ms = oldest_us / 1000;
    report->able = redis && leases;
    if (!redis)
        health_found(report, HEALTH_redis, HEALTH_DOWN, "%s", redis_link_reason(k->queue.link));
    if (metric_get(&scheduler_metrics.broken) > 0)
        health_found(report, HEALTH_redis, HEALTH_DEGRADED,
                     "redis refuses single campaigns; the log names them");
    if (!leases)
        health_found(report, HEALTH_mariadb, HEALTH_DOWN,
                     "mariadb does not answer, so leases cannot be kept");
    if (waiting >= k->health.backlog)
        health_found(report, HEALTH_backlog, HEALTH_DEGRADED, "%lld requests wait",
                     (long long)waiting);
    if (lag_ms >= k->health.lag_ms)
        health_found(report, HEALTH_lag, HEALTH_DEGRADED, "a request waits for %lld ms",
                     (long long)lag_ms);
    if (journals > 0)
        health_found(report, HEALTH_journal, HEALTH_DEGRADED,
                     "requests of %lld campaigns are in the journal", (long long)journals);
}

/* --- for the service --- */

void conductor_missing(void *conductor, FILE *out)
{
    const struct conductor *k = conductor;
    service_write_missing(out, redis_link_state(k->queue.link) == LINK_UP,
                          lease_keeper_fresh(k->world.lease_keeper));
}

bool conductor_progress(void *conductor)
{
    struct conductor *k = conductor;
    if (!pulse_moved(&k->pulse) || !lease_keeper_moves(k->world.lease_keeper))
        return false;
    pulse_mark(&k->pulse);
    return true;
}

void conductor_figures(void *conductor, FILE *out)
{
    const struct conductor *k = conductor;
    struct scheduler_metrics *m = &scheduler_metrics;
    fprintf(out,
            "%" PRId64 " campaigns, %" PRId64 " decided here; granted %" PRId64
            ", sold out %" PRId64 "; redis %s, mariadb %s",
            metric_get(&m->campaigns), metric_get(&m->running), metric_get(&m->granted),
            metric_get(&m->sold_out), metric_get(&m->redis_up) > 0 ? "up" : "away",
            lease_keeper_fresh(k->world.lease_keeper) ? "up" : "away");
}

/* --- beginning and end --- */

/* name_owner: makes a name unique to this process. Otherwise a restarted scheduler would take
 * leases of its former self for its own. */
static void name_owner(struct conductor *k)
{
    char host[33] = "";
    if (k->config.name[0] != '\0')
        snprintf(host, sizeof host, "%s", k->config.name);
    else if (gethostname(host, sizeof host - 1) != 0)
        strcpy(host, "scheduler");
    snprintf(k->owner, sizeof k->owner, "%s.%d.%08x", host, (int)getpid(), arc4random());
}

static void set_world(struct conductor *k)
{
    k->world = (struct world){
        .publish = queue_publish,
        .claim = queue_claim,
        .settle = queue_settle,
        .drain = queue_drain,
        .revive = queue_revive,
        .expire = queue_expire,
        .submit = committer_submit,
        .renounce = lease_keeper_renounce,
        .now_us = world_now_us,
        .queue = &k->queue,
        .owner = k->owner,
        .retry_us = 100000,
    };
}

static int start_parts(struct conductor *k, struct event_base *base)
{
    int r = redis_link_new(&k->queue.link, base, &k->config.redis, on_redis, k);
    if (r == 0)
        redis_link_measure(k->queue.link, &scheduler_metrics.redis_time);
    if (r == 0)
        r = committer_new(&k->world.committer, base, &k->config, on_job, k);
    if (r == 0)
        r = lease_keeper_new(&k->world.lease_keeper, base, &k->config, k->owner, on_rows, k);
    return r;
}

int conductor_new(struct conductor **out, struct event_base *base,
                  const struct scheduler_config *config)
{
    struct conductor *k = calloc(1, sizeof *k);
    if (k == NULL)
        return -ENOMEM;
    k->config = *config;
    k->health = config->health;
    LIST_INIT(&k->members);
    name_owner(k);
    set_world(k);
    event_assign(&k->tick, base, -1, EV_PERSIST, on_tick, k);
    event_assign(&k->slice, base, -1, EV_PERSIST, on_slice, k);
    int r = start_parts(k, base);
    if (r < 0) {
        conductor_free(k);
        return r;
    }
    event_add(&k->slice, &(struct timeval){.tv_usec = SLICE_MS * 1000});
    apply(k);
    log_info("scheduler starts", "owner=%s batch_size=%d pool_size=%d", k->owner,
             (int)config->batch_size, (int)config->pool_size);
    *out = k;
    return 0;
}

/* conductor_free: frees committer and link first, so that no more answers come. Answers that they
 * drop are not missed: the next owner reads them back. */
struct conductor *conductor_free(struct conductor *k)
{
    if (k == NULL)
        return NULL;
    k->world.committer = committer_free(k->world.committer);
    struct member *m;
    LIST_FOREACH (m, &k->members, next)
        m->campaign.jobs = 0;
    k->queue.link = redis_link_free(k->queue.link);
    k->world.lease_keeper = lease_keeper_free(k->world.lease_keeper);
    while ((m = LIST_FIRST(&k->members)) != NULL) {
        LIST_REMOVE(m, next);
        campaign_destroy(&m->campaign);
        free(m);
    }
    event_del(&k->slice);
    event_del(&k->tick);
    stats_publish(&k->stats, NULL);
    free(k->queue.traces);
    free(k);
    return NULL;
}

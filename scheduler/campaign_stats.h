/* SPDX-License-Identifier: Apache-2.0 */
/* How a campaign stands, for the metrics: Redis is asked for its head and its oldest requests now
 * and then, beside the work. Decides nothing. The loop's thread. */
#ifndef ONRUSH_SCHEDULER_CAMPAIGN_STATS_H
#define ONRUSH_SCHEDULER_CAMPAIGN_STATS_H

#include "scheduler/campaign.h"
#include "shared/base/metrics.h"
#include "shared/store/protocol.h"
#include "shared/store/redis_link.h"

/* Snapshots: the loop publishes how each campaign stands once a second; the admin listener takes
 * the snapshot out of its slot to render it, and puts it back.
 *
 *   loop: stats_snapshot_new, _add ..., stats_publish ──► [ the slot ] ◄──► stats_render: admin
 *
 * A snapshot belongs to one side at a time and changes hands by one atomic exchange: neither side
 * waits for the other. Campaigns are a label, so their number is bounded: those beyond
 * STATS_CAMPAIGNS_MAX are summed up as campaign="other". */

#define STATS_CAMPAIGNS_MAX 1000

/* Lines but for the first two are there only for campaigns that this scheduler decides. */
#define CAMPAIGN_METRICS(COUNTER, GAUGE, HISTOGRAM)                                                \
    GAUGE(open, "onrush_campaign_open", "",                                                        \
          "1 while the campaign takes requests, by MariaDB; every scheduler tells it of every "    \
          "campaign.")                                                                             \
    GAUGE(running, "onrush_campaign_running", "",                                                  \
          "1 while this scheduler decides the campaign: it has the lease, the takeover is done, "  \
          "and Redis is there.")                                                                   \
    GAUGE(lease, "onrush_campaign_lease_seconds", "",                                              \
          "What is left of the lease; it is renewed when a third has passed.")                     \
    GAUGE(quota, "onrush_campaign_quota", "", "Coupons of the campaign.")                          \
    GAUGE(accepted, "onrush_campaign_accepted", "", "Requests that were put into the queue.")      \
    GAUGE(queued, "onrush_campaign_requests", "state=\"queued\"",                                  \
          "Of the accepted requests: how many wait, are being decided (claimed), or are decided.") \
    GAUGE(claimed, "onrush_campaign_requests", "state=\"claimed\"", "")                            \
    GAUGE(granted, "onrush_campaign_requests", "state=\"granted\"", "")                            \
    GAUGE(sold_out, "onrush_campaign_requests", "state=\"sold_out\"", "")                          \
    GAUGE(refused, "onrush_campaign_requests", "state=\"refused\"", "")                            \
    GAUGE(oldest, "onrush_campaign_oldest_waiting_seconds", "",                                    \
          "How long the oldest undecided request has waited, by the clock of Redis; 0: nobody "    \
          "waits. It goes on growing while Redis is away.")                                        \
    GAUGE(age, "onrush_campaign_seen_seconds", "",                                                 \
          "How old these figures are: since Redis was asked for them.")                            \
    GAUGE(lost_redis, "onrush_unaccounted_requests", "against=\"redis\"",                          \
          "Must be 0. Against redis: accepted - granted - sold out - refused - waiting, as one "   \
          "atomic step of Redis tells them. Against mariadb: grants that Redis shows and MariaDB " \
          "does not have, or has and Redis neither shows nor is about to.")                        \
    GAUGE(lost_mariadb, "onrush_unaccounted_requests", "against=\"mariadb\"", "")

METRICS_STRUCT(campaign_metrics, CAMPAIGN_METRICS);

extern const struct metrics_table campaign_metrics_table;

struct stats_snapshot;

struct stats_slot {
    _Atomic(struct stats_snapshot *) snapshot;
};

/* stats_snapshot_new: NULL when out of memory. The loop's, until it is published. */
struct stats_snapshot *stats_snapshot_new(int64_t now_us);

/* stats_snapshot_add: one campaign more; `metrics` is copied. Its durations are as of the
 * snapshot's time: the reader lets them go on. */
void stats_snapshot_add(struct stats_snapshot *snapshot, const char *name,
                        const struct campaign_metrics *metrics);

/* stats_publish: hands the snapshot over (NULL: does nothing). Never waits. */
void stats_publish(struct stats_slot *stats, struct stats_snapshot *snapshot);

/* stats_render: by one thread at a time, which is not the loop's. Never waits. */
void stats_render(struct stats_slot *stats, FILE *out, int64_t now_us);

/* stats_clear: frees the snapshot. */
void stats_clear(struct stats_slot *stats);

struct campaign_stats {
    unsigned asking;                   /* commands under way */
    bool known;                        /* there was an answer since the lease is ours */
    struct campaign_head head, coming; /* the last whole answer, and the one that is coming in */
    bool good;                         /* the one that is coming in, so far */
    uint64_t epoch;                    /* that it must have */
    int64_t at_us;                     /* monotonic: when `head` came in */
    uint64_t oldest, oldest_coming;    /* tickets; 0: nobody waits */
    int64_t granted_before;            /* in MariaDB, read before Redis was asked */
    int64_t lost;                      /* against MariaDB; METRIC_ABSENT: not known yet */
};

/* campaign_stats_ask: one question, if none is under way and the campaign is running. It must
 * stay where it is while it is asking; redis_link_free() ends that. */
void campaign_stats_ask(struct campaign_stats *stats, struct redis_link *link,
                        const struct campaign *campaign);

/* campaign_stats_see: what MariaDB says of the campaign now (campaign->row); to be called after
 * each campaign_update(). */
void campaign_stats_see(struct campaign_stats *stats, const struct campaign *campaign);

/* campaign_stats_tell: for the metrics. */
void campaign_stats_tell(const struct campaign_stats *stats, const struct campaign *campaign,
                         bool redis_up, int64_t now_us, struct campaign_metrics *metrics);

/* campaign_stats_unaccounted: against MariaDB. What Redis shows as granted must be in MariaDB that
 * is read later; what MariaDB had before must be shown or claimed. Pure. */
int64_t campaign_stats_shown_only(const struct campaign_head *head, int64_t granted_later);
int64_t campaign_stats_hidden(const struct campaign_head *head, int64_t granted_before);

#endif

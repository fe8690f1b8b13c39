/* SPDX-License-Identifier: Apache-2.0 */
/* The state of each campaign, for the metrics. It asks Redis now and then for a campaign's head and
 * oldest request, and decides nothing. The loop's thread. */
#ifndef ONRUSH_SCHEDULER_CAMPAIGN_STATS_H
#define ONRUSH_SCHEDULER_CAMPAIGN_STATS_H

#include "scheduler/campaign.h"
#include "shared/base/metrics.h"
#include "shared/store/protocol.h"
#include "shared/store/redis_link.h"

/* Snapshots: once a second the loop publishes the state of all campaigns. The admin listener takes
 * the snapshot out of its slot, renders it and puts it back.
 *
 *   loop: stats_snapshot_new, _add ..., stats_publish ──► [ the slot ] ◄──► stats_render: admin
 *
 * A snapshot belongs to one side at a time, and changes hands by one atomic exchange, so neither
 * side waits for the other. Campaigns are a label, so their number is bounded: campaigns beyond
 * STATS_CAMPAIGNS_MAX are summed up as campaign="other". */

#define STATS_CAMPAIGNS_MAX 1000

/* All but the first two exist only for campaigns whose lease this scheduler holds. */
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
          "Must be 0. Against redis: accepted - granted - sold out - refused - waiting, read in "  \
          "one atomic step. Against mariadb: grants that only one of Redis and MariaDB has, "      \
          "except those on their way to Redis.")                                                   \
    GAUGE(lost_mariadb, "onrush_unaccounted_requests", "against=\"mariadb\"", "")

METRICS_STRUCT(campaign_metrics, CAMPAIGN_METRICS);

struct stats_snapshot;

struct stats_slot {
    _Atomic(struct stats_snapshot *) snapshot;
};

/* stats_snapshot_new: the loop owns it until it is published. NULL: out of memory. */
struct stats_snapshot *stats_snapshot_new(int64_t now_us);

/* stats_snapshot_add: adds a campaign, and copies `metrics`. Durations are as of the snapshot's
 * time; stats_render() brings them up to date. */
void stats_snapshot_add(struct stats_snapshot *snapshot, const char *name,
                        const struct campaign_metrics *metrics);

/* stats_publish: hands the snapshot over, or NULL at the end. Frees the one before. Never waits. */
void stats_publish(struct stats_slot *stats, struct stats_snapshot *snapshot);

/* stats_render: writes the metrics; one thread at a time, other than the loop's. Never waits. */
void stats_render(struct stats_slot *stats, FILE *out, int64_t now_us);

struct campaign_stats {
    unsigned asking;                   /* commands under way */
    bool known;                        /* Redis has answered since we took the lease */
    struct campaign_head head, coming; /* the last complete answer; the one coming in */
    bool good;                         /* `coming` is good so far */
    uint64_t epoch;                    /* that `coming` must have */
    int64_t at_us;                     /* monotonic: when `head` arrived */
    uint64_t oldest, oldest_coming;    /* tickets; 0: nobody waits */
    int64_t granted_before;            /* in MariaDB, read before asking Redis */
    int64_t lost;                      /* grants that do not match MariaDB */
};

/* campaign_stats_ask: asks Redis, if the campaign is running and no question is under way. `stats`
 * must stay in place until the answer, or until redis_link_free(). */
void campaign_stats_ask(struct campaign_stats *stats, struct redis_link *link,
                        const struct campaign *campaign);

/* campaign_stats_see: compares with MariaDB (campaign->row). Call it after each
 * campaign_update(). */
void campaign_stats_see(struct campaign_stats *stats, const struct campaign *campaign);

/* campaign_stats_tell: fills in the metrics. */
void campaign_stats_tell(const struct campaign_stats *stats, const struct campaign *campaign,
                         bool redis_up, int64_t now_us, struct campaign_metrics *metrics);

/* campaign_stats_shown_only: counts grants that Redis shows, but a later read of MariaDB lacks.
 * campaign_stats_hidden: counts grants in an earlier read of MariaDB that Redis neither shows nor
 * has claimed. Pure. */
int64_t campaign_stats_shown_only(const struct campaign_head *head, int64_t granted_later);
int64_t campaign_stats_hidden(const struct campaign_head *head, int64_t granted_before);

#endif

/* The board: how each campaign stands, for the metrics. The loop pins up a new sheet once a second;
 * the admin listener takes it down to read it, and hangs it up again.
 *
 *   loop: board_new_sheet, board_add ..., board_publish ──► [ the sheet ] ◄──► board_render: admin
 *
 * A sheet belongs to one side at a time and changes hands by one atomic exchange: neither side
 * waits for the other. Campaigns are a label, so their number is bounded: those beyond
 * BOARD_CAMPAIGNS are summed up as campaign="other". */
#ifndef ONRUSH_SCHEDULER_BOARD_H
#define ONRUSH_SCHEDULER_BOARD_H

#include "shared/campaign.h"
#include "shared/metrics.h"

#define BOARD_CAMPAIGNS 1000

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

struct sheet;

struct board {
    _Atomic(struct sheet *) sheet;
};

/* board_new_sheet: NULL when out of memory. The loop's, until it is published. */
struct sheet *board_new_sheet(int64_t now_us);

/* board_add: one campaign more; `metrics` is copied. Its durations are as of the sheet's time: the
 * reader lets them go on. */
void board_add(struct sheet *sheet, const char *name, const struct campaign_metrics *metrics);

/* board_publish: hands the sheet over (NULL: does nothing). Never waits. */
void board_publish(struct board *board, struct sheet *sheet);

/* board_render: by one thread at a time, which is not the loop's. Never waits. */
void board_render(struct board *board, FILE *out, int64_t now_us);

/* board_clear: frees what hangs there. */
void board_clear(struct board *board);

#endif

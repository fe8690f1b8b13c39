/* How a campaign stands, for the metrics: Redis is asked for its head and its oldest requests now
 * and then, beside the work. Decides nothing. The loop's thread. */
#ifndef ONRUSH_SCHEDULER_STANDING_H
#define ONRUSH_SCHEDULER_STANDING_H

#include "scheduler/board.h"
#include "scheduler/campaign.h"
#include "shared/redis_link.h"

struct standing {
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

/* standing_ask: one question, if none is under way and the campaign is running. The standing must
 * stay where it is while it is asking; redis_link_free() ends that. */
void standing_ask(struct standing *standing, struct redis_link *link,
                  const struct campaign *campaign);

/* standing_see: what MariaDB says of the campaign now (campaign->row); to be called after each
 * campaign_update(). */
void standing_see(struct standing *standing, const struct campaign *campaign);

/* standing_tell: for the board. */
void standing_tell(const struct standing *standing, const struct campaign *campaign, bool redis_up,
                   int64_t now_us, struct campaign_metrics *metrics);

/* standing_unaccounted: against MariaDB. What Redis shows as granted must be in MariaDB that is
 * read later; what MariaDB had before must be shown or claimed. Pure. */
int64_t standing_shown_only(const struct campaign_head *head, int64_t granted_later);
int64_t standing_hidden(const struct campaign_head *head, int64_t granted_before);

#endif

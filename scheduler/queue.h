/* SPDX-License-Identifier: Apache-2.0 */
/* A campaign's calls to Redis: formats calls to the function library, decodes the replies, and
 * passes them to campaign_on_queue(). docs/protocol.md defines the protocol. The loop's thread. */
#ifndef ONRUSH_SCHEDULER_QUEUE_H
#define ONRUSH_SCHEDULER_QUEUE_H

#include "scheduler/campaign.h"
#include "scheduler/grant_trace.h"
#include "shared/store/redis_link.h"

#define QUEUE_NUMBERS 11   /* arguments besides users; onrush_publish has the most */
#define QUEUE_ROWS    5000 /* of the largest batch: a page to restore */
#define QUEUE_ASIDE   64   /* members set aside per call; others are met again */

struct queue {
    struct redis_link *link;
    struct grant_traces *traces; /* NULL: off */
    int64_t retention_s;         /* for onrush_expire */
    /* scratch for replies of onrush_claim, and for arguments */
    struct grant rows[QUEUE_ROWS], aside[QUEUE_ASIDE];
    const char *args[REDIS_LINK_ARGS_MAX];
    size_t lengths[REDIS_LINK_ARGS_MAX];
    char numbers[QUEUE_NUMBERS][24], texts[QUEUE_ROWS][USER_STATE_MAX + 1];
};

/* The queue functions of struct world (scheduler/campaign.h); they use world->queue. */
int queue_publish(struct world *world, struct campaign *campaign, enum publish_how how);
int queue_claim(struct world *world, struct campaign *campaign, size_t n, uint64_t moves);
int queue_settle(struct world *world, struct campaign *campaign, const struct batch *batch);
int queue_drain(struct world *world, struct campaign *campaign, const struct batch *batch,
                uint64_t mark);
int queue_revive(struct world *world, struct campaign *campaign, uint64_t cursor, size_t n);
int queue_expire(struct world *world, struct campaign *campaign);

#endif

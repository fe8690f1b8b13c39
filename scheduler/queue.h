/* SPDX-License-Identifier: Apache-2.0 */
/* A campaign's calls to Redis: formats calls to the function library, decodes the replies, and
 * passes them to campaign_on_queue(). docs/protocol.md defines the protocol. The loop's thread. */
#ifndef ONRUSH_SCHEDULER_QUEUE_H
#define ONRUSH_SCHEDULER_QUEUE_H

#include "scheduler/campaign.h"
#include "scheduler/grant_trace.h"
#include "shared/store/redis_link.h"

#define QUEUE_NUMBERS 11 /* arguments besides users; onrush_publish has the most */

struct queue {
    struct redis_link *link;
    struct grant_traces *traces; /* NULL: off */
    int64_t retention_s;         /* for onrush_expire */
    struct grant *rows;          /* scratch for replies of onrush_claim */
    struct grant *aside;         /* the same, for members to set aside */
    size_t room;                 /* rows in each */
    const char **args;           /* scratch for arguments */
    size_t *lengths;
    char numbers[QUEUE_NUMBERS][24], (*texts)[USER_STATE_MAX + 1]; /* the same */
};

/* queue_init: makes room for batches of `most` rows. Returns 0 or -ENOMEM. queue_destroy: frees its
 * memory, but not the link. */
int queue_init(struct queue *queue, size_t most);
void queue_destroy(struct queue *queue);

/* The queue functions of struct world (scheduler/campaign.h); they use world->queue. */
int queue_publish(struct world *world, struct campaign *campaign, enum publish_how how);
int queue_claim(struct world *world, struct campaign *campaign, size_t n, uint64_t moves);
int queue_settle(struct world *world, struct campaign *campaign, const struct batch *batch);
int queue_drain(struct world *world, struct campaign *campaign, const struct batch *batch,
                uint64_t mark);
int queue_revive(struct world *world, struct campaign *campaign, uint64_t cursor, size_t n);
int queue_expire(struct world *world, struct campaign *campaign);

#endif

/* The sold-out memory of one campaign: a Bloom filter of every user that Redis knows. A user who is
 * not in it has no request, so a full campaign can answer "sold out" without asking Redis. A false
 * positive costs one question to Redis and nothing else.
 *
 * It holds for one (campaign, epoch, admit_limit, admitted, returned): as long as these five do not
 * change, nobody was admitted since, and nobody went back to the queue while the users were read.
 * Pure data, one thread. */
#ifndef ONRUSH_GATEWAY_MEMORY_H
#define ONRUSH_GATEWAY_MEMORY_H

#include "shared/campaign.h"

enum memory_stage {
    MEMORY_NONE,    /* nothing is known */
    MEMORY_LOADING, /* the users are being read */
    MEMORY_READ,    /* all are in it; it is used once a later head confirms it */
    MEMORY_READY,
};

struct memory {
    enum memory_stage stage;
    uint64_t *bits;
    size_t n_bits; /* a power of two */
    int64_t id, epoch, admit_limit, admitted, returned;
};

/* memory_full: this head says that nobody else is admitted. */
bool memory_full(const struct campaign_head *head);

/* memory_size: bytes of the filter for `head`; 0 when it is not full. */
size_t memory_size(const struct campaign_head *head);

/* memory_begin: from NONE to LOADING. 0, or -ENOMEM. */
int memory_begin(struct memory *memory, const struct campaign_head *head);
void memory_add(struct memory *memory, const char *user, size_t len);
void memory_read(struct memory *memory);
void memory_complete(struct memory *memory);

/* memory_fits: what was read still holds under this head. */
bool memory_fits(const struct memory *memory, const struct campaign_head *head);

/* memory_may_hold: false only for users that were never added. */
bool memory_may_hold(const struct memory *memory, const char *user, size_t len);

/* memory_drop: back to NONE, from any stage. */
void memory_drop(struct memory *memory);

#endif

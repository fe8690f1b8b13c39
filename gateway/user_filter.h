/* SPDX-License-Identifier: Apache-2.0 */
/* The sold-out filter of one campaign: a Bloom filter of every user that Redis knows. A user who is
 * not in it has no request, so a full campaign can answer "sold out" without asking Redis. A false
 * positive costs one question to Redis and nothing else.
 *
 * It holds for one (campaign, epoch, admit_limit, admitted, returned): as long as these five do not
 * change, nobody was admitted since, and nobody went back to the queue while the users were read.
 * Pure data, one thread. */
#ifndef ONRUSH_GATEWAY_USER_FILTER_H
#define ONRUSH_GATEWAY_USER_FILTER_H

#include "shared/store/protocol.h"

enum user_filter_stage {
    FILTER_NONE,    /* nothing is known */
    FILTER_LOADING, /* the users are being read */
    FILTER_READ,    /* all are in it; it is used once a later head confirms it */
    FILTER_READY,
};

struct user_filter {
    enum user_filter_stage stage;
    uint64_t *bits;
    size_t n_bits; /* a power of two */
    int64_t id, epoch, admit_limit, admitted, returned;
};

/* user_filter_full: this head says that nobody else is admitted. */
bool user_filter_full(const struct campaign_head *head);

/* user_filter_size: bytes of the filter for `head`; 0 when it is not full. */
size_t user_filter_size(const struct campaign_head *head);

/* user_filter_begin: from NONE to LOADING. 0, or -ENOMEM. */
int user_filter_begin(struct user_filter *filter, const struct campaign_head *head);
void user_filter_add(struct user_filter *filter, const char *user, size_t len);
void user_filter_read(struct user_filter *filter);
void user_filter_complete(struct user_filter *filter);

/* user_filter_fits: what was read still holds under this head. */
bool user_filter_fits(const struct user_filter *filter, const struct campaign_head *head);

/* user_filter_may_hold: false only for users that were never added. */
bool user_filter_may_hold(const struct user_filter *filter, const char *user, size_t len);

/* user_filter_drop: back to NONE, from any stage. */
void user_filter_drop(struct user_filter *filter);

#endif

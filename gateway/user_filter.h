/* SPDX-License-Identifier: Apache-2.0 */
/* The sold-out filter of a campaign: a Bloom filter of all users that Redis knows. A user who is
 * not in it has no request, so a full campaign can answer "sold out" without asking Redis. A false
 * positive only costs a question to Redis.
 *
 * The filter is valid for one (campaign, epoch, admit_limit, admitted, returned). While these five
 * stay the same, nobody was admitted, and nobody went back to the queue during the scan. Pure data,
 * one thread. */
#ifndef ONRUSH_GATEWAY_USER_FILTER_H
#define ONRUSH_GATEWAY_USER_FILTER_H

#include "shared/store/protocol.h"

enum user_filter_stage {
    FILTER_NONE,    /* empty */
    FILTER_LOADING, /* the users are being read */
    FILTER_READ,    /* all users are in it; a later head must confirm it */
    FILTER_READY,
};

struct user_filter {
    enum user_filter_stage stage;
    uint64_t *bits;
    size_t n_bits; /* a power of two */
    int64_t id, epoch, admit_limit, admitted, returned;
};

/* user_filter_full: does this head say that no more users are admitted? */
bool user_filter_full(const struct campaign_head *head);

/* user_filter_size: returns the bytes that a filter for `head` needs; 0: the campaign is not
 * full. */
size_t user_filter_size(const struct campaign_head *head);

/* user_filter_begin: goes from NONE to LOADING. Returns 0 or -ENOMEM. */
int user_filter_begin(struct user_filter *filter, const struct campaign_head *head);
void user_filter_add(struct user_filter *filter, const char *user, size_t len);
void user_filter_read(struct user_filter *filter);
void user_filter_complete(struct user_filter *filter);

/* user_filter_fits: is the filter still valid under this head? */
bool user_filter_fits(const struct user_filter *filter, const struct campaign_head *head);

/* user_filter_may_hold: returns false only for users that were never added. */
bool user_filter_may_hold(const struct user_filter *filter, const char *user, size_t len);

/* user_filter_drop: goes from any stage to NONE. */
void user_filter_drop(struct user_filter *filter);

#endif

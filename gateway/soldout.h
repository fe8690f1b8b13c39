/* SPDX-License-Identifier: Apache-2.0 */
/* Answers "sold out" without Redis: fills the filter of a full campaign, and uses it only while
 * Redis confirms it. One thread. */
#ifndef ONRUSH_GATEWAY_SOLDOUT_H
#define ONRUSH_GATEWAY_SOLDOUT_H

#include "gateway/campaign_cache.h"

/* soldout_want: call it when a user was told that the campaign is full. */
void soldout_want(struct cached_campaign *campaign);

/* soldout_see: call it when campaign->head is new. */
void soldout_see(struct cached_campaign *campaign);

/* soldout_knows: true if this user has no request and no coupon is left for a new one. */
bool soldout_knows(const struct cached_campaign *campaign, const char *user, size_t len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Who can be told "sold out" without Redis: fills a campaign's filter once it is full, and keeps
 * it only as long as Redis confirms it. One thread. */
#ifndef ONRUSH_GATEWAY_SOLDOUT_H
#define ONRUSH_GATEWAY_SOLDOUT_H

#include "gateway/campaign_cache.h"

/* soldout_want: somebody was answered that the campaign is full. */
void soldout_want(struct cached_campaign *campaign);

/* soldout_see: a new head is in campaign->head. */
void soldout_see(struct cached_campaign *campaign);

/* soldout_knows: this user has no request, and there is no coupon left for a new one. */
bool soldout_knows(const struct cached_campaign *campaign, const char *user, size_t len);

#endif

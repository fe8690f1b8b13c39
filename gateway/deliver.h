/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what happens to a request once Redis has answered, or cannot: the policy behind the
 * batcher. One thread. */
#ifndef ONRUSH_GATEWAY_DELIVER_H
#define ONRUSH_GATEWAY_DELIVER_H

#include "gateway/batcher.h"

/* deliver_hooks: every struct asked must be part of a struct request, and every channel part of a
 * cached_campaign. */
extern const struct batcher_hooks deliver_hooks;

#endif

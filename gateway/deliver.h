/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a request once Redis has answered, or cannot: the policy behind the batcher. One
 * thread. */
#ifndef ONRUSH_GATEWAY_DELIVER_H
#define ONRUSH_GATEWAY_DELIVER_H

#include "gateway/batcher.h"

/* deliver_hooks: every struct asked must belong to a struct request, every channel to a
 * campaign. */
extern const struct batcher_hooks deliver_hooks;

#endif

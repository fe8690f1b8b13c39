/* What becomes of a request once Redis has answered, or cannot: the policy behind the batcher. One
 * thread. */
#ifndef ONRUSH_GATEWAY_STATUS_H
#define ONRUSH_GATEWAY_STATUS_H

#include "gateway/batcher.h"

/* status_hooks: every struct asked must belong to a struct request, every channel to a campaign. */
extern const struct batcher_hooks status_hooks;

#endif

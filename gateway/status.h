/* What becomes of a request once Redis has answered about it, or cannot: the policy of the batcher. One thread. */
#ifndef ONRUSH_GATEWAY_STATUS_H
#define ONRUSH_GATEWAY_STATUS_H

#include "gateway/batcher.h"

/* status_hooks: for a batcher whose every struct asked is that of a struct request, and every channel a campaign's. */
extern const struct batcher_hooks status_hooks;

#endif

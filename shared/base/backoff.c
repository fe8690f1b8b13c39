/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/base/backoff.h"

#include <limits.h>
#include <stdlib.h>

int64_t backoff_next(struct backoff *b)
{
    int64_t full = b->first_ms;
    for (unsigned i = 0; i < b->tries && full < b->most_ms; i++)
        full *= 2;
    if (full > b->most_ms)
        full = b->most_ms;
    b->tries += b->tries < UINT_MAX;
    return full - (int64_t)((uint64_t)arc4random() * (uint64_t)(full / 2) >> 32);
}

bool backoff_is_news(const struct backoff *b)
{
    return (b->tries & (b->tries - 1)) == 0;
}

void backoff_reset(struct backoff *b)
{
    b->tries = 0;
}

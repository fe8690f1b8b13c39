#include "shared/backoff.h"

#include <sys/random.h>

int64_t backoff_next(struct backoff *b)
{
    int64_t full = b->first_ms;
    for (unsigned i = 0; i < b->tries && full < b->most_ms; i++)
        full *= 2;
    if (full > b->most_ms)
        full = b->most_ms;
    b->tries++;
    uint32_t dice = 0;
    if (getrandom(&dice, sizeof dice, GRND_NONBLOCK) != sizeof dice)
        dice = UINT32_MAX / 2;
    return full - (int64_t)((uint64_t)dice * (uint64_t)(full / 2) >> 32);
}

void backoff_reset(struct backoff *b)
{
    b->tries = 0;
}

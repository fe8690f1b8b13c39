/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/campaign_wait.h"

#include "ctl/stores.h"
#include "shared/base/clock.h"

#include <inttypes.h>
#include <time.h>

#define PAUSE_MS 50

static bool in_force(const struct campaign_head *head, const struct campaign_wait *wait)
{
    return head->ready && head->id == wait->id && head->quota == wait->quota &&
           (wait->states == 0 || (wait->states & 1u << head->state) != 0);
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
}

bool campaign_wait(struct ctl *ctl, const char *name, const struct campaign_wait *wait)
{
    int64_t deadline_us = clock_mono_us() + ctl->config.wait_ms * 1000;
    bool reached = false;
    do {
        struct campaign_head head;
        reached = stores_try_redis(ctl);
        enum stores_answer answer = reached ? stores_head(ctl, name, &head) : STORES_ERROR;
        if (answer == STORES_ANSWER && in_force(&head, wait))
            return true;
        if (answer == STORES_ABSENT && wait->may_expire)
            return true;
        nap();
    } while (clock_mono_us() < deadline_us);
    if (!reached)
        ctl_warn("Redis cannot be reached, so it is not known whether the change of %s is in force "
                 "yet; see `onrushctl campaign show %s`",
                 name, name);
    else
        ctl_warn("no scheduler has put the change of %s into force within %" PRId64 " ms; it will "
                 "take effect once one runs (see `onrushctl campaign show %s`)",
                 name, ctl->config.wait_ms, name);
    return false;
}

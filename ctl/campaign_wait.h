/* SPDX-License-Identifier: Apache-2.0 */
/* Waits until a scheduler has published a change from MariaDB in Redis. */
#ifndef ONRUSH_CTL_CAMPAIGN_WAIT_H
#define ONRUSH_CTL_CAMPAIGN_WAIT_H

#include "ctl/ctl.h"

struct campaign_wait {
    int64_t id, quota;
    unsigned states; /* acceptable states: 1u << CAMPAIGN_OPEN ...; 0: any */
    bool may_expire; /* a missing meta is fine, too: the campaign is over */
};

/* campaign_wait: true if the change was published within config.wait_ms. Otherwise warns and says
 * what to check; the change itself stands. */
bool campaign_wait(struct ctl *ctl, const char *name, const struct campaign_wait *wait);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting, within bounds, until a scheduler has put into force in Redis what was changed in
 * MariaDB. */
#ifndef ONRUSH_CTL_CAMPAIGN_WAIT_H
#define ONRUSH_CTL_CAMPAIGN_WAIT_H

#include "ctl/ctl.h"

struct campaign_wait {
    int64_t id, quota;
    unsigned states; /* a bit for each state that will do: 1u << CAMPAIGN_OPEN ...; 0: any */
    bool may_expire; /* no meta will do, too: the campaign is over */
};

/* campaign_wait: true when it is in force. Else it warns, and says what to look at; the change
 * itself stands. At most config.wait_ms. */
bool campaign_wait(struct ctl *ctl, const char *name, const struct campaign_wait *wait);

#endif

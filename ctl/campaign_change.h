/* SPDX-License-Identifier: Apache-2.0 */
/* Changes by an administrator. Each is one transaction that also writes a row of audit_log.
 *
 *     change_begin() ──► ... ──► change_finish()   (or change_abandon()) */
#ifndef ONRUSH_CTL_CAMPAIGN_CHANGE_H
#define ONRUSH_CTL_CAMPAIGN_CHANGE_H

#include "ctl/ctl.h"

#define QUOTA_MAX 10000000

enum db_outcome change_begin(struct ctl *ctl);

void change_abandon(struct ctl *ctl);

/* change_finish: if DB_OK, writes the audit row and commits; else rolls back. Returns 0, or the
 * exit code after printing what happened. */
int change_finish(struct ctl *ctl, enum db_outcome outcome, const char *action,
                  const char *campaign, const char *detail);

/* What a scheduler publishes in Redis when the change is in force. */
struct campaign_wait {
    int64_t id, quota;
    unsigned states; /* acceptable states: 1u << CAMPAIGN_OPEN ...; 0: any */
    bool may_expire; /* a missing meta is fine, too: the campaign is over */
};

/* campaign_wait: true if the change was published within config.wait_ms. Otherwise warns and says
 * what to check; the change itself stands. */
bool campaign_wait(struct ctl *ctl, const char *name, const struct campaign_wait *wait);

#endif

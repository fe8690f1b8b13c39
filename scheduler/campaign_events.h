/* SPDX-License-Identifier: Apache-2.0 */
/* The events of a campaign that callbacks tell (docs/callbacks.md).
 *
 * They follow from a row of MariaDB. So a scheduler that takes a campaign over tells again what the
 * one before may not have delivered: at least once, and always with the same id. */
#ifndef ONRUSH_SCHEDULER_CAMPAIGN_EVENTS_H
#define ONRUSH_SCHEDULER_CAMPAIGN_EVENTS_H

#include "scheduler/campaign.h"
#include "scheduler/config.h"
#include "shared/daemon/monitor.h"

enum campaign_event {
    EVENT_OPENED,
    EVENT_HALF_GONE,
    EVENT_SOLD_OUT,
    EVENT_CLOSED,
    CAMPAIGN_EVENTS_N
};

struct campaign_event_text {
    char id[128], type[32], text[512];
};

/* campaign_events_due: what has happened by now, a bit (1 << enum campaign_event) for each; of a
 * drill, nothing. */
unsigned campaign_events_due(const struct campaign_row *row);

/* campaign_event_describe: the id is the same whoever tells the event, and how often. */
void campaign_event_describe(const char *source, enum campaign_event event,
                             const struct campaign_row *row, struct campaign_event_text *out);

/* campaign_event_json: the member `campaign` of the document. */
json_t *campaign_event_json(const struct campaign_row *row);

/* campaign_events_tell: tells what is due, wanted and not yet in `told`. Returns the new `told`,
 * without the events that found no room (try again with the next row), and without those that are
 * not true any more, as the quota was raised (they are told when they come true again). */
unsigned campaign_events_tell(struct monitor *monitor, const struct scheduler_config *config,
                              const struct campaign_row *row, unsigned told);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The events of a campaign for callbacks (docs/callbacks.md).
 *
 * They derive from a row of MariaDB. So a scheduler that takes a campaign over repeats events that
 * its predecessor may not have delivered: at least once, always with the same id. */
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

/* campaign_events_due: the events that have happened, one bit (1 << enum campaign_event) each. A
 * drill has none. */
unsigned campaign_events_due(const struct campaign_row *row);

/* campaign_event_describe: describes an event. Its id is the same for every scheduler and
 * repetition. */
void campaign_event_describe(const char *source, enum campaign_event event,
                             const struct campaign_row *row, struct campaign_event_text *out);

/* campaign_event_json: returns the member `campaign` of the document. */
json_t *campaign_event_json(const struct campaign_row *row);

/* campaign_events_tell: sends the events that are due, wanted and not in `told`. Returns the new
 * `told`. It lacks events that found no room (try again with the next row), and events that a
 * raised quota has undone (they are sent when they happen again). */
unsigned campaign_events_tell(struct monitor *monitor, const struct scheduler_config *config,
                              const struct campaign_row *row, unsigned told);

#endif

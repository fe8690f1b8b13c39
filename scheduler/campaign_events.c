/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/campaign_events.h"

#include "shared/base/clock.h"

#include <inttypes.h>

static const struct {
    const char *name, *words; /* for programs; for people */
    bool again;               /* a raised quota can repeat it */
} events[] = {[EVENT_OPENED] = {"opened", "is open", false},
              [EVENT_HALF_GONE] = {"half_gone", "is half gone", true},
              [EVENT_SOLD_OUT] = {"sold_out", "is sold out", true},
              [EVENT_CLOSED] = {"closed", "is closed", false}};

static unsigned bits(bool opened, bool half_gone, bool sold_out, bool closed)
{
    return (unsigned)opened << EVENT_OPENED | (unsigned)half_gone << EVENT_HALF_GONE |
           (unsigned)sold_out << EVENT_SOLD_OUT | (unsigned)closed << EVENT_CLOSED;
}

unsigned campaign_events_due(const struct campaign_row *row)
{
    bool any = row->granted > 0;
    if (campaign_is_drill(row->name))
        return 0;
    return bits(any || row->state == CAMPAIGN_OPEN,
                any && row->granted >= row->quota - row->granted, any && row->granted >= row->quota,
                row->state == CAMPAIGN_CLOSED || row->state == CAMPAIGN_SETTLED);
}

void campaign_event_describe(const char *source, enum campaign_event event,
                             const struct campaign_row *row, struct campaign_event_text *out)
{
    char quota[24] = "";
    if (events[event].again)
        snprintf(quota, sizeof quota, ".%" PRId64, row->quota);
    snprintf(out->id, sizeof out->id, "%s.%" PRId64 ".%s%s", source, row->id, events[event].name,
             quota);
    snprintf(out->type, sizeof out->type, "campaign.%s", events[event].name);
    snprintf(out->text, sizeof out->text, "%s: campaign %s %s: %" PRId64 " of %" PRId64 " granted",
             source, row->name, events[event].words, row->granted, row->quota);
}

static json_t *time_json(int64_t us)
{
    char text[CLOCK_TEXT_SIZE];
    return us > 0 ? json_string(clock_format(us, text)) : json_null();
}

json_t *campaign_event_json(const struct campaign_row *row)
{
    return json_pack("{s:{s:I, s:s, s:s, s:I, s:I, s:o, s:o}}", "campaign", "id", row->id, "name",
                     row->name, "state", campaign_state_text(row->state), "quota",
                     (json_int_t)row->quota, "granted", (json_int_t)row->granted, "opens_at",
                     time_json(row->opens_us), "closes_at", time_json(row->closes_us));
}

unsigned campaign_events_tell(struct monitor *monitor, const struct scheduler_config *config,
                              const struct campaign_row *row, unsigned told)
{
    const struct events_config *c = &config->events;
    unsigned wanted = bits(c->opened, c->half_gone, c->sold_out, c->closed);
    unsigned due = campaign_events_due(row) & wanted, now = told & due;
    for (int event = 0; event < CAMPAIGN_EVENTS_N; event++) {
        struct campaign_event_text t;
        if ((due & ~now & 1u << event) == 0)
            continue;
        campaign_event_describe(config->callbacks.source, (enum campaign_event)event, row, &t);
        if (monitor_tell(monitor, t.type, t.id, t.text, campaign_event_json(row)))
            now |= 1u << event;
    }
    return now;
}

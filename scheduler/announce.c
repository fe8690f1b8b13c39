#include "scheduler/announce.h"

unsigned announce_due(const struct campaign_row *row)
{
    unsigned due = 0;
    if (campaign_is_drill(row->name))
        return 0;
    if (row->state == CAMPAIGN_OPEN || row->granted > 0)
        due |= 1u << NOTICE_opened;
    if (row->granted > 0 && row->granted >= row->quota - row->granted)
        due |= 1u << NOTICE_half_gone;
    if (row->granted > 0 && row->granted >= row->quota)
        due |= 1u << NOTICE_sold_out;
    if (row->state == CAMPAIGN_CLOSED || row->state == CAMPAIGN_SETTLED)
        due |= 1u << NOTICE_closed;
    return due;
}

unsigned announce(struct watch *watch, const struct campaign_row *row, unsigned told)
{
    unsigned due = announce_due(row), now = told & due;
    const struct notice_campaign campaign = {.id = row->id,
                                             .name = row->name,
                                             .state = campaign_state_text(row->state),
                                             .quota = row->quota,
                                             .granted = row->granted,
                                             .opens_us = row->opens_us,
                                             .closes_us = row->closes_us};
    for (int event = 0; event < NOTICE_EVENTS_N; event++) {
        unsigned bit = 1u << event;
        if ((due & ~now & bit) != 0 && watch_tell(watch, (enum notice_event)event, &campaign))
            now |= bit;
    }
    return now;
}

/* Which events of a campaign are due, and telling them to the watch.
 *
 * All of it follows from a row of MariaDB, so whoever takes a campaign over tells again what the one
 * before may not have delivered: at least once, and always with the same id. */
#ifndef ONRUSH_ANNOUNCE_H
#define ONRUSH_ANNOUNCE_H

#include "scheduler/campaign.h"
#include "shared/watch.h"

/* announce_due: what has happened by now, a bit (1 << enum notice_event) for each; of a drill, nothing. */
unsigned announce_due(const struct campaign_row *row);

/* announce: tells what is due and not yet in `told`; gives the new `told`. What finds no room in the
 * watch's queue is not in it, and is tried again with the next row; what is not true any more (the
 * quota was raised) is not either, and is told when it comes true again. */
unsigned announce(struct watch *watch, const struct campaign_row *row, unsigned told);

#endif

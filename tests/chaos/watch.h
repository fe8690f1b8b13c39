/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at a campaign in MariaDB all the time, and remembers when grants were committed and by
 * which owner of the lease. A thread of its own; everything but watch_owner() is for after
 * watch_stop(). */
#ifndef ONRUSH_TESTS_WATCH_H
#define ONRUSH_TESTS_WATCH_H

#include "shared/store/db.h"

#include <stdint.h>
#include <sys/types.h>

struct watch;

struct watch *watch_start(const struct db_config *config, const char *campaign);
void watch_stop(struct watch *watch);
struct watch *watch_free(struct watch *watch);

/* watch_owner: who has the lease, as last seen: its process, 0 when unknown; and its epoch. */
pid_t watch_owner(const struct watch *watch, uint64_t *epoch);

/* watch_next_grant: when the first grant after `after_us` (monotonic) was seen, under an epoch of
 * at least `epoch`. -1: none. */
int64_t watch_next_grant(const struct watch *watch, int64_t after_us, uint64_t epoch);

#endif

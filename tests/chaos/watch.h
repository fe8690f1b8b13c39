/* SPDX-License-Identifier: Apache-2.0 */
/* Polls a campaign in MariaDB and records when grants were committed, and under which epoch. It has
 * its own thread. Call all functions but start, stop and watch_owner() after watch_stop(). */
#ifndef ONRUSH_TESTS_WATCH_H
#define ONRUSH_TESTS_WATCH_H

#include "shared/store/db.h"

#include <stdint.h>
#include <sys/types.h>

struct watch;

struct watch *watch_start(const struct db_config *config, const char *campaign);
void watch_stop(struct watch *watch);
struct watch *watch_free(struct watch *watch);

/* watch_owner: the process that held the lease when last seen, or 0 if unknown; *epoch is its
 * epoch. */
pid_t watch_owner(const struct watch *watch, uint64_t *epoch);

/* watch_next_grant: when the first grant after `after_us` (monotonic) with an epoch of at least
 * `epoch` was seen; -1: none. */
int64_t watch_next_grant(const struct watch *watch, int64_t after_us, uint64_t epoch);

#endif

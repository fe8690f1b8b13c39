/* SPDX-License-Identifier: Apache-2.0 */
/* Compares what clients were told with what MariaDB and Redis hold once everything is decided. */
#ifndef ONRUSH_TESTS_ORACLE_H
#define ONRUSH_TESTS_ORACLE_H

#include "tests/chaos/crowd.h"
#include "tests/chaos/stage.h"

/* What may be expected. A FLUSHALL takes undecided requests and their places. A user who was told
 * "sold out" before the quota was raised may be granted after it. */
enum oracle_rules { ORACLE_STRICT, ORACLE_RAISED, ORACLE_DATA_LOST };

/* oracle_wait: until nothing of the campaign is pending. How long that took, or -ETIMEDOUT. */
int64_t oracle_wait(struct stage *stage, const char *campaign, int64_t timeout_ms);

/* oracle_check: how many breaches there are, each kind with examples printed. */
unsigned oracle_check(struct stage *stage, struct crowd *crowd, const char *campaign,
                      uint32_t quota, enum oracle_rules rules);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Compares what clients were told with what MariaDB and Redis hold once everybody is decided. */
#ifndef ONRUSH_TESTS_ORACLE_H
#define ONRUSH_TESTS_ORACLE_H

#include "tests/chaos/crowd.h"
#include "tests/chaos/stage.h"

/* What the oracle tolerates. After a raised quota, a user who was told "sold out" may be granted.
 * After data loss, undecided requests and their places may be gone. */
enum oracle_rules { ORACLE_STRICT, ORACLE_RAISED, ORACLE_DATA_LOST };

/* oracle_wait: waits until the campaign has nothing pending. Returns the duration, or -ETIMEDOUT.
 * */
int64_t oracle_wait(struct stage *stage, const char *campaign, int64_t timeout_ms);

/* oracle_check: returns the number of breaches and prints examples of each kind. */
unsigned oracle_check(struct stage *stage, struct crowd *crowd, const char *campaign,
                      uint32_t quota, enum oracle_rules rules);

#endif

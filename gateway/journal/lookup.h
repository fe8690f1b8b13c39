/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up the jobs of a batch in MariaDB, by SELECTs only, and writes the results into groups and
 * jobs. Each function returns DB_OK, or the reason of a failure; then arrange the batch again. The
 * archive's thread. */
#ifndef ONRUSH_GATEWAY_LOOKUP_H
#define ONRUSH_GATEWAY_LOOKUP_H

#include "gateway/journal/archive_batch.h"
#include "shared/store/db.h"

#define LOOKUP_USERS_MAX 500 /* users per SELECT: from 1,000 on MariaDB plans IN differently */

struct lookup {
    struct db db;
    char sql[512 + LOOKUP_USERS_MAX * (USER_ID_MAX + 3)];
};

/* lookup_campaigns: reads the row of each group's campaign. `lock`: locks the rows until the
 * transaction ends. */
enum db_outcome lookup_campaigns(struct lookup *lookup, struct archive_batch *batch, bool lock);

/* lookup_grants, lookup_journal: which of these users, given in order, have a coupon of the
 * campaign, or are in its journal? */
enum db_outcome lookup_grants(struct lookup *lookup, int64_t campaign_id,
                              struct archive_job *const *jobs, size_t n);
enum db_outcome lookup_journal(struct lookup *lookup, int64_t campaign_id,
                               struct archive_job *const *jobs, size_t n);

/* lookup_batch: answers a batch of ARCHIVE_ASK. */
enum db_outcome lookup_batch(struct lookup *lookup, struct archive_batch *batch);

#endif

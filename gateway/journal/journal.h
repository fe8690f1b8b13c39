/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: rows in MariaDB for requests accepted while Redis is away. Once Redis is back, a
 * scheduler moves them into the queue, in order of arrival.
 *
 * A batch of ARCHIVE_WRITE is one transaction:
 *
 *   SELECT campaigns ... LOCK IN SHARE MODE    blocks settling, closing and granting meanwhile
 *   SELECT coupons, journal                    finds known users, and how full the journal is
 *   INSERT IGNORE journal (many rows at once)  keeps one row for each user, the earliest
 *   COMMIT                                     only then is the answer 202
 *
 * Writing a batch twice does no harm. The archive's thread. */
#ifndef ONRUSH_GATEWAY_JOURNAL_H
#define ONRUSH_GATEWAY_JOURNAL_H

#include "gateway/journal/journal_rules.h"
#include "gateway/journal/lookup.h"

#define GATEWAY_NAME_MAX 64

/* Rows of one INSERT, and the longest text of a row. */
#define JOURNAL_ROWS_MAX 1000
#define JOURNAL_ROW_MAX  (64 + USER_ID_MAX + GATEWAY_NAME_MAX)

struct journal {
    struct lookup *lookup; /* its connection is used here */
    const struct archive_metrics *metrics;
    char gateway[GATEWAY_NAME_MAX + 1];
    struct journal_bound bounds[JOURNAL_BOUNDS];
    struct archive_job *unknown[ARCHIVE_BATCH_MAX]; /* scratch */
    int64_t written;                                /* rows inserted by this batch */
    size_t n_rows, len;                             /* of the INSERT under construction */
    char sql[128 + JOURNAL_ROWS_MAX * JOURNAL_ROW_MAX];
};

void journal_init(struct journal *journal, struct lookup *lookup,
                  const struct archive_metrics *metrics);

/* journal_batch: writes an arranged batch. If it does not return DB_OK, nothing was written, unless
 * it set *unknown: a COMMIT got no answer. Afterwards the connection is in no transaction, or
 * DB_LOST was returned. */
enum db_outcome journal_batch(struct journal *journal, struct archive_batch *batch, bool *unknown);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: requests that are accepted while Redis is away, as rows in MariaDB. A scheduler
 * moves them into the queue once Redis is back, in the order of their arrival.
 *
 * A batch of ARCHIVE_WRITE is one transaction:
 *
 *   SELECT campaigns ... LOCK IN SHARE MODE    nobody settles, closes or grants until we are done
 *   SELECT coupons, journal                    known users; how full the journal is
 *   INSERT IGNORE journal (many rows at once)  a user has one row, the first that came
 *   COMMIT                                     only now the answer is 202
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
    struct lookup *lookup; /* and its connection */
    const struct archive_metrics *metrics;
    char gateway[GATEWAY_NAME_MAX + 1];
    struct journal_bound bounds[JOURNAL_BOUNDS];
    struct archive_job *unknown[ARCHIVE_BATCH_MAX]; /* scratch */
    int64_t written;                                /* rows that the batch under way has made */
    size_t n_rows, len;                             /* of the INSERT that is being put together */
    char sql[128 + JOURNAL_ROWS_MAX * JOURNAL_ROW_MAX];
};

void journal_init(struct journal *journal, struct lookup *lookup,
                  const struct archive_metrics *metrics);

/* journal_batch: writes an arranged batch. Not DB_OK: nothing was written, unless *unknown was set:
 * a COMMIT was not answered. The connection is in no transaction any more, or DB_LOST. */
enum db_outcome journal_batch(struct journal *journal, struct archive_batch *batch, bool *unknown);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A grant, and a batch of them: what claim, ledger, committer and settle pass on.
 *
 * A batch always has one owner: its campaign, or the job that carries it through the committer.
 * Rows are contiguous, for row-wise bulk binding of Connector/C. */
#ifndef ONRUSH_SCHEDULER_GRANT_H
#define ONRUSH_SCHEDULER_GRANT_H

#include "shared/store/protocol.h"

#include <sys/queue.h>

struct grant {
    uint32_t campaign_id;
    uint32_t serial; /* 0: none yet */
    uint64_t ticket;
    unsigned long user_len, code_len; /* for the bulk binding */
    char user[USER_ID_MAX + 1];
    char code[COUPON_CODE_LEN + 1]; /* the committer sets it, anew at each try */
};

enum verdict { VERDICT_OPEN, VERDICT_GRANTED, VERDICT_SOLD_OUT, VERDICT_REFUSED };

#define DETAIL_MAX 199

struct batch {
    STAILQ_ENTRY(batch) next;
    enum verdict verdict;        /* of all its rows */
    char reason[REASON_MAX + 1]; /* if refused */
    char detail[DETAIL_MAX + 1]; /* MariaDB's error at the last try; "" */
    unsigned clashes;            /* duplicate keys in a row that reading back did not explain */
    bool whole; /* nobody else in the queue has a ticket between its first and last */
    size_t n, room;
    struct grant rows[];
};

STAILQ_HEAD(batch_list, batch);

/* batch_new: returns an empty batch for up to `room` rows, or NULL. */
struct batch *batch_new(size_t room);

/* batch_free: `batch` may be NULL. Returns NULL. */
struct batch *batch_free(struct batch *batch);

/* batch_add: appends a copy of `row`; there must be room. Returns the copy. */
struct grant *batch_add(struct batch *batch, const struct grant *row);

/* batch_of: returns a batch with copies of n rows. NULL: out of memory. */
struct batch *batch_of(const struct grant *rows, size_t n);

/* batch_split: moves the second half of the rows to a new batch; n must be at least 2. NULL: out of
 * memory. */
struct batch *batch_split(struct batch *batch);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A grant, and a batch of them: what moves between claim, ledger, committer and settle.
 *
 * A batch has one owner at any time: the campaign that made it, or the job that carries it through
 * the committer pool. Its rows lie side by side, as Connector/C's row-wise bulk binding wants
 * them. */
#ifndef ONRUSH_SCHEDULER_GRANT_H
#define ONRUSH_SCHEDULER_GRANT_H

#include "shared/store/protocol.h"

#include <sys/queue.h>

struct grant {
    uint32_t campaign_id;
    uint32_t serial; /* 0: none given yet */
    uint64_t ticket;
    unsigned long user_len, code_len; /* for the bulk binding */
    char user[USER_ID_MAX + 1];
    char code[COUPON_CODE_LEN + 1]; /* set by the committer, anew at each try */
};

enum verdict { VERDICT_OPEN, VERDICT_GRANTED, VERDICT_SOLD_OUT, VERDICT_REFUSED };

#define DETAIL_MAX 199

struct batch {
    STAILQ_ENTRY(batch) next;
    enum verdict verdict;        /* of all its rows */
    char reason[REASON_MAX + 1]; /* refused */
    char detail[DETAIL_MAX + 1]; /* what MariaDB said of the last try; "" */
    unsigned clashes;            /* duplicate keys in a row that reading back did not explain */
    bool whole; /* nobody else in the queue has a ticket between its first and last */
    size_t n, room;
    struct grant rows[];
};

STAILQ_HEAD(batch_list, batch);

/* batch_new: an empty batch with room for `room` rows, or NULL. */
struct batch *batch_new(size_t room);

/* batch_free: NULL is fine. Gives NULL. */
struct batch *batch_free(struct batch *batch);

/* batch_add: copies a row to the end; there must be room. Gives the copy. */
struct grant *batch_add(struct batch *batch, const struct grant *row);

/* batch_of: a copy of n rows, in a batch of their own; NULL when out of memory. */
struct batch *batch_of(const struct grant *rows, size_t n);

/* batch_split: moves the second half of the rows into a new batch; NULL when out of memory. n must
 * be ≥ 2. */
struct batch *batch_split(struct batch *batch);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the two stores, and what their errors mean for the exit code. */
#ifndef ONRUSH_CTL_STORES_H
#define ONRUSH_CTL_STORES_H

#include "ctl/ctl.h"

/* stores_db: connects, and checks that the schema is the one this binary knows. 0, or an exit code
 * after saying what to do. */
int stores_db(struct ctl *ctl);

/* stores_db_any: as stores_db(), whatever the schema is: for `migrate`. */
int stores_db_any(struct ctl *ctl);

/* stores_db_failed: says what the last statement ran into, while doing `what`. The exit code. */
int stores_db_failed(struct ctl *ctl, enum db_outcome outcome, const char *what);

/* stores_redis: 0, or an exit code after saying what to do. */
int stores_redis(struct ctl *ctl);

/* stores_redis_failed: closes the connection and says why it is of no use. The exit code. */
int stores_redis_failed(struct ctl *ctl, const redisReply *reply);

/* stores_try_redis: as stores_redis(), in silence: the caller can do without. */
bool stores_try_redis(struct ctl *ctl);

/* stores_close: both; safe when they were never opened. */
void stores_close(struct ctl *ctl);

/* What Redis says of a campaign. */
enum stores_answer {
    STORES_ANSWER,  /* *reply is set; the caller frees it */
    STORES_ABSENT,  /* Redis has no such campaign: never published, or expired */
    STORES_UNREADY, /* it is being rebuilt */
    STORES_ERROR,   /* *reply is the error, or NULL */
};

/* stores_status: FCALL_RO onrush_status with `n` users (0: the head alone). */
enum stores_answer stores_status(struct ctl *ctl, const char *campaign, size_t n,
                                 const char *const *users, redisReply **reply);

/* stores_head: the head alone. *head is set only with STORES_ANSWER; never leaves a reply. */
enum stores_answer stores_head(struct ctl *ctl, const char *campaign, struct campaign_head *head);

#endif

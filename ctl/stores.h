/* SPDX-License-Identifier: Apache-2.0 */
/* Connects to the stores, and turns their errors into exit codes. */
#ifndef ONRUSH_CTL_STORES_H
#define ONRUSH_CTL_STORES_H

#include "ctl/ctl.h"

/* stores_db: connects and checks the version of the schema. Returns 0, or an exit code after
 * printing what to do. */
int stores_db(struct ctl *ctl);

/* stores_db_any: like stores_db(), but accepts any schema: for `migrate`. */
int stores_db_any(struct ctl *ctl);

/* stores_db_failed: prints the error of the last statement; `what` was its purpose. Returns the
 * exit code. */
int stores_db_failed(struct ctl *ctl, enum db_outcome outcome, const char *what);

/* stores_redis: connects. Returns 0, or an exit code after printing what to do. */
int stores_redis(struct ctl *ctl);

/* stores_redis_failed: closes the connection and prints why. Returns the exit code. */
int stores_redis_failed(struct ctl *ctl, const redisReply *reply);

/* stores_close: closes both, if open. */
void stores_close(struct ctl *ctl);

/* The answer of Redis about a campaign. */
enum stores_answer {
    STORES_ANSWER,  /* *reply is set; the caller frees it */
    STORES_ABSENT,  /* Redis has no such campaign: never published, or expired */
    STORES_UNREADY, /* it is being rebuilt */
    STORES_ERROR,   /* *reply is the error, or NULL */
};

/* stores_status: FCALL_RO onrush_status: the head, and the state of `user` unless it is NULL. It
 * connects if need be, and prints nothing. */
enum stores_answer stores_status(struct ctl *ctl, const char *campaign, const char *user,
                                 redisReply **reply);

/* stores_head: the head alone. Sets *head only with STORES_ANSWER. */
enum stores_answer stores_head(struct ctl *ctl, const char *campaign, struct campaign_head *head);

#endif

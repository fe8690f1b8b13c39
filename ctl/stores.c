/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/stores.h"

#include "shared/store/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* unreachable: `keys` is the store's group in the configuration. */
static int unreachable(const char *store, const char *keys, const char *socket, const char *host,
                       int64_t port, const char *error)
{
    char where[300];
    if (socket[0] != '\0')
        snprintf(where, sizeof where, "%s", socket);
    else
        snprintf(where, sizeof where, "%s:%d", host, (int)port);
    return ctl_error(CTL_UNAVAILABLE,
                     "%s at %s: %s. Check that it runs, and the %s keys of the configuration",
                     store, where, error, keys);
}

int stores_db_any(struct ctl *ctl)
{
    const struct db_config *c = &ctl->config.mariadb;
    if (ctl->db.link != NULL || db_open(&ctl->db, c) == DB_OK)
        return 0;
    return unreachable("MariaDB", "mariadb", c->socket, c->host, c->port, ctl->db.error);
}

int stores_db(struct ctl *ctl)
{
    int r = stores_db_any(ctl);
    if (r != 0 || schema_check(&ctl->db) == DB_OK)
        return r;
    return ctl_error(CTL_UNAVAILABLE, "MariaDB: %s", ctl->db.error);
}

int stores_db_failed(struct ctl *ctl, enum db_outcome outcome, const char *what)
{
    if (outcome == DB_LOST)
        return ctl_error(CTL_UNAVAILABLE,
                         "MariaDB gave no answer (%s): %s. Look what it holds, "
                         "then try again",
                         what, ctl->db.error);
    if (outcome == DB_BUSY)
        return ctl_error(CTL_CONFLICT, "MariaDB is busy (%s): %s. Nothing was changed; try again",
                         what, ctl->db.error);
    return ctl_error(CTL_UNAVAILABLE, "MariaDB refused (%s): %s. Nothing was changed", what,
                     ctl->db.error);
}

static int open_redis(struct ctl *ctl, char error[REDIS_ERROR_SIZE])
{
    return ctl->redis != NULL ? 0 : redis_open(&ctl->redis, &ctl->config.redis, error);
}

int stores_redis(struct ctl *ctl)
{
    char error[REDIS_ERROR_SIZE];
    const struct redis_config *c = &ctl->config.redis;
    if (open_redis(ctl, error) == 0)
        return 0;
    return unreachable("Redis", "redis", c->socket, c->host, c->port, error);
}

static void close_redis(struct ctl *ctl)
{
    redisFree(ctl->redis);
    ctl->redis = NULL;
}

int stores_redis_failed(struct ctl *ctl, const redisReply *reply)
{
    const char *why = "unexpected answer";
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
        why = reply->str;
    else if (ctl->redis != NULL && ctl->redis->err != 0)
        why = ctl->redis->errstr;
    int r = ctl_error(CTL_UNAVAILABLE, "Redis: %s. Check its state, then try again", why);
    close_redis(ctl);
    return r;
}

void stores_close(struct ctl *ctl)
{
    close_redis(ctl);
    db_close(&ctl->db);
}

/* why_none: is there no meta, or is it not ready? */
static enum stores_answer why_none(struct ctl *ctl, const struct campaign_keys *keys)
{
    redisReply *reply =
        redisCommand(ctl->redis, "EXISTS %b", keys->text[KEY_META], keys->len[KEY_META]);
    bool answered = reply != NULL && reply->type == REDIS_REPLY_INTEGER;
    bool there = answered && reply->integer == 1;
    freeReplyObject(reply);
    return !answered ? STORES_ERROR : there ? STORES_UNREADY : STORES_ABSENT;
}

enum stores_answer stores_status(struct ctl *ctl, const char *campaign, const char *user,
                                 redisReply **reply)
{
    char ignored[REDIS_ERROR_SIZE];
    struct campaign_keys keys;
    size_t wanted = user != NULL ? 2 : 1;
    *reply = NULL;
    if (open_redis(ctl, ignored) < 0)
        return STORES_ERROR;
    campaign_keys_make(&keys, campaign);
    const char *argv[] = {"FCALL_RO",
                          "onrush_status",
                          CAMPAIGN_KEYS_TEXT,
                          keys.text[KEY_META],
                          keys.text[KEY_QUEUE],
                          keys.text[KEY_USERS],
                          user};
    redisReply *got = redisCommandArgv(ctl->redis, 5 + (int)wanted, argv, NULL);
    if (redis_error_is(got, "NOCAMPAIGN")) {
        freeReplyObject(got);
        return why_none(ctl, &keys);
    }
    *reply = got;
    bool good = got != NULL && got->type == REDIS_REPLY_ARRAY && got->elements == wanted;
    return good ? STORES_ANSWER : STORES_ERROR;
}

enum stores_answer stores_head(struct ctl *ctl, const char *campaign, struct campaign_head *head)
{
    redisReply *reply;
    enum stores_answer answer = stores_status(ctl, campaign, NULL, &reply);
    if (answer == STORES_ANSWER && redis_head_parse(reply->element[0], head) < 0)
        answer = STORES_ERROR;
    freeReplyObject(reply);
    return answer;
}

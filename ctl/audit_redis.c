/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the audit that reads Redis. */
#include "ctl/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE     5000 /* COUNT of a SCAN */
#define TOGETHER 200  /* users read again per round trip */

int audit_redis_head(struct ctl *ctl, struct audit *audit, int step)
{
    audit->redis = stores_head(ctl, audit->name, &audit->heads[step]);
    return audit->redis == STORES_ERROR ? stores_redis_failed(ctl, NULL) : 0;
}

static uint64_t score_of(const redisReply *r)
{
    return r->type == REDIS_REPLY_STRING ? (uint64_t)strtod(r->str, NULL) : 0;
}

static void take(struct audit_user *user, int key, const redisReply *value)
{
    if (key == KEY_QUEUE)
        user->queue_ticket = score_of(value);
    else
        audit_users_state(user, value->type == REDIS_REPLY_STRING ? value->str : NULL, value->len);
}

static bool is_page(const redisReply *r)
{
    return r != NULL && r->type == REDIS_REPLY_ARRAY && r->elements == 2 &&
           r->element[0]->type == REDIS_REPLY_STRING && r->element[1]->type == REDIS_REPLY_ARRAY;
}

static int take_page(struct ctl *ctl, struct audit *audit, int key, const redisReply *page)
{
    if (!is_page(page))
        return stores_redis_failed(ctl, page);
    const redisReply *pairs = page->element[1];
    for (size_t i = 0; i + 1 < pairs->elements; i += 2) {
        struct audit_user *user =
            audit_users_of(&audit->users, pairs->element[i]->str, pairs->element[i]->len);
        if (user == NULL)
            return ctl_error(CTL_FAILED, "not enough memory");
        take(user, key, pairs->element[i + 1]);
    }
    return 0;
}

/* scan: reads all pages of one key. */
static int scan(struct ctl *ctl, struct audit *audit, const struct campaign_keys *keys, int key)
{
    const char *command = key == KEY_USERS ? "HSCAN" : "ZSCAN";
    char cursor[32] = "0";
    int r;
    do {
        redisReply *page = redisCommand(ctl->redis, "%s %b %s COUNT %d", command, keys->text[key],
                                        keys->len[key], cursor, PAGE);
        r = take_page(ctl, audit, key, page);
        if (r == 0)
            snprintf(cursor, sizeof cursor, "%s", page->element[0]->str);
        freeReplyObject(page);
    } while (r == 0 && strcmp(cursor, "0") != 0);
    return r;
}

int audit_redis_scan(struct ctl *ctl, struct audit *audit)
{
    struct campaign_keys keys;
    campaign_keys_make(&keys, audit->name);
    int r = scan(ctl, audit, &keys, KEY_QUEUE);
    return r == 0 ? scan(ctl, audit, &keys, KEY_USERS) : r;
}

static void send_one(redisContext *c, const struct campaign_keys *k, const char *id)
{
    redisAppendCommand(c, "MULTI");
    redisAppendCommand(c, "ZSCORE %b %s", k->text[KEY_QUEUE], k->len[KEY_QUEUE], id);
    redisAppendCommand(c, "HGET %b %s", k->text[KEY_USERS], k->len[KEY_USERS], id);
    redisAppendCommand(c, "EXEC");
}

/* receive_one: the reply to EXEC is the last of four. */
static int receive_one(struct ctl *ctl, struct audit_user *user)
{
    redisReply *reply = NULL;
    for (int i = 0; i < 4; i++) {
        freeReplyObject(reply);
        reply = NULL;
        if (redisGetReply(ctl->redis, (void **)&reply) != REDIS_OK)
            return stores_redis_failed(ctl, NULL);
    }
    bool good = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
    int r = good ? 0 : stores_redis_failed(ctl, reply);
    for (int i = 0; good && i < 2; i++)
        take(user, KEY_QUEUE + i, reply->element[i]);
    user->rechecked = good;
    freeReplyObject(reply);
    return r;
}

static int recheck(struct ctl *ctl, const struct campaign_keys *keys, struct audit_user **some,
                   size_t n)
{
    for (size_t i = 0; i < n; i++)
        send_one(ctl->redis, keys, some[i]->id);
    int r = 0;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = receive_one(ctl, some[i]);
    return r;
}

/* worth_a_look: true if another look may change the verdict. It cannot for a grant that Redis
 * showed before MariaDB was read. */
static bool worth_a_look(const struct audit_user *user, uint64_t last_ticket)
{
    enum audit_verdict verdict = audit_users_verdict(user, last_ticket);
    return user->suspect || (verdict != VERDICT_FINE && verdict != VERDICT_UNCOMMITTED);
}

int audit_redis_recheck(struct ctl *ctl, struct audit *audit)
{
    struct campaign_keys keys;
    struct audit_user *some[TOGETHER];
    size_t n = 0;
    int r = 0;
    campaign_keys_make(&keys, audit->name);
    for (size_t i = 0; r == 0 && i < audit->users.n; i++) {
        if (worth_a_look(&audit->users.all[i], audit->last_ticket))
            some[n++] = &audit->users.all[i];
        if (n == TOGETHER || (n > 0 && i + 1 == audit->users.n)) {
            r = recheck(ctl, &keys, some, n);
            n = 0;
        }
    }
    return r;
}

/* setting_is: 1, 0, or -1 if Redis does not tell. */
static int setting_is(struct ctl *ctl, const char *name, const char *value)
{
    redisReply *r = redisCommand(ctl->redis, "CONFIG GET %s", name);
    int is = -1;
    if (r != NULL && r->type == REDIS_REPLY_ARRAY && r->elements == 2 &&
        r->element[1]->type == REDIS_REPLY_STRING)
        is = strcmp(r->element[1]->str, value) == 0;
    freeReplyObject(r);
    return is;
}

void audit_redis_durable(struct ctl *ctl, struct audit *audit)
{
    int append = setting_is(ctl, "appendonly", "yes");
    int always = append < 0 ? -1 : setting_is(ctl, "appendfsync", "always");
    audit->durable = append < 0 || always < 0 ? -1 : append == 1 && always == 1;
}

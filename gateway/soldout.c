/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of a full campaign:
 *
 *   "full" is answered ──► head ──► begin ──► scan the queue, then the users ──► READ
 *                                                                                 │ a head confirms
 *   dropped ◄── a head with another limit, count, epoch or `returned`, ◄──────── READY
 *               or of a campaign that is not open any more
 *
 * A request moves from queue to users, so a scan in this order meets it at least once. A raised
 * quota moves some back. The head shows that (`returned`), so the filter waits for a head after the
 * scan.
 *
 * A filter answers for at most KNOWN_US after the call for the last head that confirmed it, so a
 * raised quota takes effect within that time. While Redis is away nobody can be admitted, so the
 * filter goes on answering; once Redis is back, the time counts again. */
#include "gateway/soldout.h"

#include "gateway/loop.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"

#include <stdio.h>
#include <string.h>

#define KNOWN_US   1000000
#define RETRY_US   1000000
#define SCAN_COUNT "1000"              /* users per step; some 300 µs of Redis */
#define BYTES_MAX  ((int64_t)64 << 20) /* all filters of a worker */

/* give_up: allows another try later, if it is still wanted then. */
static void give_up(struct cached_campaign *c)
{
    cached_campaign_forget_filter(c);
    c->filter_wanted = false;
    c->filter_retry_us = c->loop->now_us + RETRY_US;
}

static void scan(struct cached_campaign *c);

static bool scan_reply_good(const redisReply *r)
{
    return r != NULL && r->type == REDIS_REPLY_ARRAY && r->elements == 2 &&
           r->element[0]->type == REDIS_REPLY_STRING && r->element[1]->type == REDIS_REPLY_ARRAY &&
           r->element[0]->len < sizeof((struct cached_campaign *)0)->cursor;
}

static void take_scan(struct cached_campaign *c, const redisReply *reply)
{
    const redisReply *pairs = reply->element[1];
    for (size_t i = 0; i < pairs->elements; i += 2)
        user_filter_add(&c->filter, pairs->element[i]->str, pairs->element[i]->len);
    memcpy(c->cursor, reply->element[0]->str, reply->element[0]->len + 1);
    if (strcmp(c->cursor, "0") != 0 || c->scan_key++ < KEY_USERS) {
        scan(c);
    } else {
        user_filter_read(&c->filter);
        batcher_want_head(&c->channel);
    }
}

static void on_scan(void *arg, const redisReply *reply)
{
    struct cached_campaign *c = cached_campaign_check(arg);
    c->scanning = false;
    if (c->filter.stage == FILTER_LOADING) {
        if (c->filter_stale || !scan_reply_good(reply))
            give_up(c);
        else
            take_scan(c, reply);
    }
    cached_campaign_release(c);
}

/* scan: asks for the next users. */
static void scan(struct cached_campaign *c)
{
    const char *command = c->scan_key == KEY_USERS ? "HSCAN" : "ZSCAN";
    const char *argv[] = {command, c->keys.text[c->scan_key], c->cursor, "COUNT", SCAN_COUNT};
    size_t lengths[] = {5, c->keys.len[c->scan_key], strlen(c->cursor), 5, strlen(SCAN_COUNT)};
    if (redis_link_command(c->loop->link, 5, argv, lengths, on_scan, c) < 0) {
        give_up(c);
        return;
    }
    c->scanning = true;
    metric_add(&c->loop->metrics.calls_scan, 1);
    cached_campaign_hold(c);
}

static void begin(struct cached_campaign *c)
{
    size_t bytes = user_filter_size(&c->head);
    if (bytes == 0 || c->loop->now_us < c->filter_retry_us)
        return;
    if (metric_get(&c->loop->metrics.memory_bytes) + (int64_t)bytes > BYTES_MAX ||
        user_filter_begin(&c->filter, &c->head) < 0) {
        give_up(c);
        return;
    }
    metric_add(&c->loop->metrics.memory_bytes, (int64_t)bytes);
    c->filter_stale = false;
    snprintf(c->cursor, sizeof c->cursor, "0");
    c->scan_key = KEY_QUEUE;
    scan(c);
}

static void confirm(struct cached_campaign *c)
{
    user_filter_complete(&c->filter);
    log_info("sold out from memory", "campaign=%s users=%lld bytes=%zu", c->name,
             (long long)c->filter.admitted, c->filter.n_bits / 8);
}

void soldout_want(struct cached_campaign *c)
{
    if (c->filter.stage != FILTER_NONE || c->filter_wanted)
        return;
    c->filter_wanted = true;
    batcher_want_head(&c->channel);
}

void soldout_see(struct cached_campaign *c)
{
    if (c->filter.stage != FILTER_NONE && !user_filter_fits(&c->filter, &c->head)) {
        if (c->scanning) {
            c->filter_stale = true; /* on_scan() drops it */
            return;
        }
        cached_campaign_forget_filter(c);
    }
    if (c->filter.stage == FILTER_READ)
        confirm(c);
    if (c->filter.stage == FILTER_NONE && c->filter_wanted)
        begin(c);
}

bool soldout_knows(const struct cached_campaign *c, const char *user, size_t len)
{
    if (c->filter.stage != FILTER_READY)
        return false;
    bool redis_away = redis_link_state(c->loop->link) != LINK_UP;
    if (!redis_away && c->loop->now_us - c->head_us > KNOWN_US)
        return false;
    if (c->head.closes_us > 0 && clock_wall_us() >= c->head.closes_us)
        return false;
    return !user_filter_may_hold(&c->filter, user, len);
}

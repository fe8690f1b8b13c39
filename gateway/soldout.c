/* The memory of a full campaign:
 *
 *   "full" was answered ──► head ──► memory begins ──► queue and users are scanned ──► read
 *                                                                                        │
 *                    dropped ◄── head with another limit, count or epoch ◄── ready ◄── head
 *                                or not open any more, or after a return    (each confirms it)
 *
 * A request moves from queue to users, so a scan in this order meets it at least once. A raised
 * quota moves some back; the head tells it (`returned`), hence the head after the scan, before the
 * memory is used.
 *
 * A memory answers only while the last head that confirmed it was asked for at most KNOWN_US ago:
 * a raised quota is seen within that time. While Redis is away nobody can be admitted, so it goes
 * on answering; what came back is confirmed first. */
#include "gateway/soldout.h"

#include "gateway/loop.h"
#include "shared/clock.h"
#include "shared/log.h"

#include <stdio.h>
#include <string.h>

#define KNOWN_US   1000000
#define RETRY_US   1000000
#define SCAN_COUNT "1000"              /* users a step: some 300 us of Redis */
#define BYTES_MAX  ((int64_t)64 << 20) /* all memories of one worker */

/* give_up: tries again later, if it is still wanted then. */
static void give_up(struct campaign *c)
{
    campaign_forget_memory(c);
    c->memory_wanted = false;
    c->memory_retry_us = c->loop->now_us + RETRY_US;
}

static void scan(struct campaign *c);

static bool scan_reply_good(const redisReply *r)
{
    return r != NULL && r->type == REDIS_REPLY_ARRAY && r->elements == 2 &&
           r->element[0]->type == REDIS_REPLY_STRING && r->element[1]->type == REDIS_REPLY_ARRAY &&
           r->element[0]->len < sizeof((struct campaign *)0)->cursor;
}

static void take_scan(struct campaign *c, const redisReply *reply)
{
    const redisReply *pairs = reply->element[1];
    for (size_t i = 0; i < pairs->elements; i += 2)
        memory_add(&c->memory, pairs->element[i]->str, pairs->element[i]->len);
    memcpy(c->cursor, reply->element[0]->str, reply->element[0]->len + 1);
    if (strcmp(c->cursor, "0") != 0 || c->scan_key++ < KEY_USERS) {
        scan(c);
    } else {
        memory_read(&c->memory);
        batcher_want_head(&c->channel);
    }
}

static void on_scan(void *arg, const redisReply *reply)
{
    struct campaign *c = campaign_check(arg);
    c->scanning = false;
    if (c->memory.stage == MEMORY_LOADING) {
        if (c->memory_stale || !scan_reply_good(reply))
            give_up(c);
        else
            take_scan(c, reply);
    }
    campaign_release(c);
}

/* scan: asks for the next users. */
static void scan(struct campaign *c)
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
    campaign_hold(c);
}

static void begin(struct campaign *c)
{
    size_t bytes = memory_size(&c->head);
    if (bytes == 0 || c->loop->now_us < c->memory_retry_us)
        return;
    if (metric_get(&c->loop->metrics.memory_bytes) + (int64_t)bytes > BYTES_MAX ||
        memory_begin(&c->memory, &c->head) < 0) {
        give_up(c);
        return;
    }
    metric_add(&c->loop->metrics.memory_bytes, (int64_t)bytes);
    c->memory_stale = false;
    snprintf(c->cursor, sizeof c->cursor, "0");
    c->scan_key = KEY_QUEUE;
    scan(c);
}

static void confirm(struct campaign *c)
{
    memory_complete(&c->memory);
    log_info("sold out from memory", "campaign=%s users=%lld bytes=%zu", c->name,
             (long long)c->memory.admitted, c->memory.n_bits / 8);
}

void soldout_want(struct campaign *c)
{
    if (c->memory.stage != MEMORY_NONE || c->memory_wanted)
        return;
    c->memory_wanted = true;
    batcher_want_head(&c->channel);
}

void soldout_see(struct campaign *c)
{
    if (c->memory.stage != MEMORY_NONE && !memory_fits(&c->memory, &c->head)) {
        if (c->scanning) {
            c->memory_stale = true; /* the scan that is under way drops it */
            return;
        }
        campaign_forget_memory(c);
    }
    if (c->memory.stage == MEMORY_READ)
        confirm(c);
    if (c->memory.stage == MEMORY_NONE && c->memory_wanted)
        begin(c);
}

bool soldout_knows(const struct campaign *c, const char *user, size_t len)
{
    if (c->memory.stage != MEMORY_READY)
        return false;
    bool redis_away = redis_link_state(c->loop->link) != LINK_UP;
    if (!redis_away && c->loop->now_us - c->head_us > KNOWN_US)
        return false;
    if (c->head.closes_us > 0 && clock_wall_us() >= c->head.closes_us)
        return false;
    return !memory_may_hold(&c->memory, user, len);
}

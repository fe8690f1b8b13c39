/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/campaign_cache.h"

#include "gateway/journal/journal_rules.h"
#include "gateway/loop.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define CAMPAIGN_MAGIC  0x43414d50u
#define EVICT_TRIES     64
#define REFRESH_US      500000   /* half the time for which soldout.c trusts a head */
#define SPEED_STEP_US   50000    /* heads closer together say little about the speed */
#define SPEED_FORGET_US 10000000 /* a measurement before a longer pause is useless */
#define SPEED_WEIGHT    0.3      /* of the newest measurement */

void campaign_cache_init(struct campaign_cache *campaigns)
{
    for (size_t i = 0; i < CAMPAIGN_CACHE_BUCKETS; i++)
        LIST_INIT(&campaigns->buckets[i]);
    TAILQ_INIT(&campaigns->by_age);
    campaigns->n = 0;
}

void cached_campaign_forget_filter(struct cached_campaign *c)
{
    metric_add(&c->loop->metrics.memory_bytes, -(int64_t)(c->filter.n_bits / 8));
    user_filter_drop(&c->filter);
}

static struct campaign_bucket *bucket_of(struct campaign_cache *campaigns, const char *name,
                                         size_t len)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)name[i]) * 16777619u;
    return &campaigns->buckets[(h ^ h >> 15) % CAMPAIGN_CACHE_BUCKETS];
}

static struct cached_campaign *find(struct campaign_bucket *bucket, const char *name, size_t len)
{
    struct cached_campaign *c;
    LIST_FOREACH (c, bucket, in_bucket) {
        if (c->name_len == len && memcmp(c->name, name, len) == 0)
            return c;
    }
    return NULL;
}

static void forget(struct campaign_cache *campaigns, struct cached_campaign *c)
{
    assert(c->magic == CAMPAIGN_MAGIC && c->refs == 0);
    cached_campaign_forget_filter(c);
    channel_end(&c->channel);
    LIST_REMOVE(c, in_bucket);
    TAILQ_REMOVE(&campaigns->by_age, c, in_age);
    campaigns->n--;
    c->magic = 0;
    free(c);
}

static bool held(const struct cached_campaign *c)
{
    return c->refs > 0 || c->channel.n_calls > 0;
}

/* make_room: forgets the least recently asked idle campaign. False: all it looked at are in use. */
static bool make_room(struct campaign_cache *campaigns)
{
    struct cached_campaign *c = TAILQ_FIRST(&campaigns->by_age);
    for (int i = 0; i < EVICT_TRIES && c != NULL && held(c); i++)
        c = TAILQ_NEXT(c, in_age);
    if (c == NULL || held(c))
        return false;
    forget(campaigns, c);
    return true;
}

static struct cached_campaign *create(struct loop *loop, struct campaign_bucket *bucket,
                                      const char *name, size_t len)
{
    struct campaign_cache *campaigns = loop->campaigns;
    if (campaigns->n >= CAMPAIGN_CACHE_MAX && !make_room(campaigns))
        return NULL;
    struct cached_campaign *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->magic = CAMPAIGN_MAGIC;
    c->loop = loop;
    memcpy(c->name, name, len);
    c->name_len = (uint8_t)len;
    campaign_keys_make(&c->keys, c->name);
    channel_init(&c->channel, loop->batcher, c->name, &c->keys);
    TAILQ_INIT(&c->waiters);
    TAILQ_INIT(&c->instant);
    LIST_INSERT_HEAD(bucket, c, in_bucket);
    TAILQ_INSERT_TAIL(&campaigns->by_age, c, in_age);
    campaigns->n++;
    return c;
}

struct cached_campaign *campaign_cache_get(struct loop *loop, const char *name, size_t len)
{
    struct campaign_cache *campaigns = loop->campaigns;
    struct campaign_bucket *bucket = bucket_of(campaigns, name, len);
    struct cached_campaign *c = find(bucket, name, len);
    if (c == NULL) {
        c = create(loop, bucket, name, len);
        metric_set(&loop->metrics.campaigns, (int64_t)campaigns->n);
    } else if (TAILQ_NEXT(c, in_age) != NULL) {
        TAILQ_REMOVE(&campaigns->by_age, c, in_age);
        TAILQ_INSERT_TAIL(&campaigns->by_age, c, in_age);
    }
    if (c != NULL)
        c->refs++;
    return c;
}

void campaign_cache_end(struct loop *loop)
{
    for (struct cached_campaign *c; (c = TAILQ_FIRST(&loop->campaigns->by_age)) != NULL;)
        forget(loop->campaigns, c);
}

struct cached_campaign *cached_campaign_check(void *object)
{
    struct cached_campaign *c = object;
    assert(c != NULL && c->magic == CAMPAIGN_MAGIC);
    return c;
}

struct cached_campaign *cached_campaign_of(struct channel *channel)
{
    return cached_campaign_check((char *)channel - offsetof(struct cached_campaign, channel));
}

void cached_campaign_hold(struct cached_campaign *c)
{
    c->refs++;
}

struct cached_campaign *cached_campaign_release(struct cached_campaign *c)
{
    assert(c->magic == CAMPAIGN_MAGIC && c->refs > 0);
    c->refs--;
    return NULL;
}

int64_t campaign_decided(const struct campaign_head *head)
{
    return head->granted + head->sold_out + head->refused;
}

void speed_update(struct speed *s, const struct campaign_head *head)
{
    int64_t decided = campaign_decided(head), past_us = head->now_us - s->at_us;
    bool usable =
        s->at_us > 0 && past_us < SPEED_FORGET_US && past_us >= 0 && decided >= s->decided;
    if (usable && past_us < SPEED_STEP_US)
        return;
    if (usable && (decided > s->decided || s->waiting > 0)) {
        double now_per_s = (double)(decided - s->decided) * 1e6 / (double)past_us;
        s->per_s += (now_per_s - s->per_s) * (s->per_s > 0 ? SPEED_WEIGHT : 1);
    }
    s->decided = decided;
    s->at_us = head->now_us;
    s->waiting = head->queued + head->claimed;
}

int64_t cached_campaign_eta_ms(const struct cached_campaign *c, uint64_t position)
{
    if (c->speed.per_s < 1e-3)
        return 0;
    double ms = (double)(position > 0 ? position : 1) * 1000 / c->speed.per_s;
    return ms < 1 ? 1 : ms > 1e12 ? 0 : (int64_t)ms;
}

void cached_campaign_see(struct cached_campaign *c, const struct campaign_head *head,
                         int64_t sent_us)
{
    c->head = *head;
    c->has_head = true;
    c->head_us = sent_us;
    c->missing_until_us = 0;
    if (sent_us >= c->next_look.ended_us && c->next_look.began_us > c->look.began_us)
        c->look = c->next_look;
    speed_update(&c->speed, head);
}

void cached_campaign_refresh(struct cached_campaign *c)
{
    if (c->loop->now_us - c->channel.gathering[OP_HEAD].sent_us > REFRESH_US)
        batcher_want_head(&c->channel);
}

/* The state shown in a document: what a new user would get. */
static const char *const shown_states[] = {[REQUEST_CLOSED] = "closed",
                                           [REQUEST_PAUSED] = "paused",
                                           [REQUEST_NOT_OPEN] = "scheduled",
                                           [REQUEST_FULL] = "sold_out",
                                           [REQUEST_NONE] = "open"};

void campaign_view_head(struct campaign_view *view, const struct campaign_head *h)
{
    bool full = h->granted >= h->quota || (h->admit_limit >= 0 && h->admitted >= h->admit_limit);
    *view = (struct campaign_view){
        .state = shown_states[campaign_gate(h->state, h->opens_us, h->closes_us, h->now_us, full)],
        .quota = h->quota,
        .remaining = h->quota > h->granted ? h->quota - h->granted : 0,
        .opens_us = h->opens_us,
        .closes_us = h->closes_us};
}

void campaign_view_row(struct campaign_view *view, const struct campaign_row *row)
{
    *view = (struct campaign_view){.state = shown_states[journal_gate(row)],
                                   .quota = row->quota,
                                   .remaining = row->quota - row->granted,
                                   .opens_us = row->opens_us,
                                   .closes_us = row->closes_us};
}

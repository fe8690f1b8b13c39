/* SPDX-License-Identifier: Apache-2.0 */
/* The campaigns that a worker has seen lately: their questions to Redis, and what is known of them.
 *
 * The table is bounded. When it is full, the least recently used campaign that nobody holds makes
 * room. One thread. */
#ifndef ONRUSH_GATEWAY_CAMPAIGN_CACHE_H
#define ONRUSH_GATEWAY_CAMPAIGN_CACHE_H

#include "gateway/batcher.h"
#include "gateway/journal/archive_job.h"
#include "gateway/user_filter.h"

#define CAMPAIGN_CACHE_MAX     4096
#define CAMPAIGN_CACHE_BUCKETS 8192

struct request;
TAILQ_HEAD(request_list, request);

/* How fast a campaign is decided. */
struct speed {
    double per_s; /* 0: unknown */
    int64_t decided, at_us, waiting;
};

/* A look at the journal that found it empty. Monotonic times. */
struct look {
    int64_t began_us, ended_us; /* 0: no look yet */
};

struct cached_campaign {
    unsigned magic;
    struct loop *loop;
    LIST_ENTRY(cached_campaign) in_bucket;
    TAILQ_ENTRY(cached_campaign) in_age;
    unsigned refs;
    char name[CAMPAIGN_NAME_MAX + 1];
    uint8_t name_len;
    struct campaign_keys keys;
    struct channel channel;
    int64_t missing_until_us;    /* MariaDB does not know it either; valid until then */
    struct look look, next_look; /* the look in force; one that waits for a younger head */
    bool looking;                /* the archive has look_job */
    struct archive_job look_job;

    bool has_head;
    struct campaign_head head;
    int64_t head_us; /* monotonic: when its call was sent */
    struct speed speed;

    struct request_list waiters; /* long-polls, unordered */
    struct request_list instant; /* waiting POSTs, by ticket except for repeated ones */
    int64_t waiters_decided;     /* requests decided when the waiters were last asked for */
    TAILQ_ENTRY(cached_campaign) in_waited;

    struct user_filter filter; /* see soldout.h */
    bool filter_wanted;        /* a user was told that it is full */
    bool scanning;             /* a step of reading the users is under way */
    bool filter_stale;         /* what is being read is out of date */
    int64_t filter_retry_us;   /* no new attempt before */
    int scan_key;              /* the scan under way: its key */
    char cursor[24];           /* and its cursor */
};

/* The contents of a campaign document. */
struct campaign_view {
    const char *state;
    int64_t quota, remaining, opens_us, closes_us; /* closes_us 0: never */
};

TAILQ_HEAD(campaign_list, cached_campaign);
LIST_HEAD(campaign_bucket, cached_campaign);

struct campaign_cache {
    struct campaign_bucket buckets[CAMPAIGN_CACHE_BUCKETS];
    struct campaign_list by_age; /* least recently asked for first */
    size_t n;
};

void campaign_cache_init(struct campaign_cache *campaigns);
void campaign_cache_end(struct loop *loop);

/* campaign_cache_get: returns the campaign, with a reference for the caller. NULL: no memory, or
 * the table is full of campaigns in use. */
struct cached_campaign *campaign_cache_get(struct loop *loop, const char *name, size_t len);

struct cached_campaign *cached_campaign_check(void *object);

/* cached_campaign_of: returns the campaign of a channel. */
struct cached_campaign *cached_campaign_of(struct channel *channel);

void cached_campaign_hold(struct cached_campaign *campaign);

/* cached_campaign_release: returns NULL. */
struct cached_campaign *cached_campaign_release(struct cached_campaign *campaign);

/* cached_campaign_see: stores a new head. `sent_us`: when its call was sent. */
void cached_campaign_see(struct cached_campaign *campaign, const struct campaign_head *head,
                         int64_t sent_us);

/* cached_campaign_forget_filter: drops the sold-out filter. */
void cached_campaign_forget_filter(struct cached_campaign *campaign);

/* cached_campaign_refresh: call it when a head is used. It asks for a new one if the last was asked
 * for more than half a second ago. */
void cached_campaign_refresh(struct cached_campaign *campaign);

/* cached_campaign_eta_ms: time until `position` is decided, at the present speed; 0: unknown. */
int64_t cached_campaign_eta_ms(const struct cached_campaign *campaign, uint64_t position);

/* campaign_decided: returns the number of decided requests. */
int64_t campaign_decided(const struct campaign_head *head);

/* speed_update: updates the speed from another head. Pure. */
void speed_update(struct speed *speed, const struct campaign_head *head);

/* campaign_view_head, campaign_view_row: make the campaign document from Redis, or from MariaDB. */
void campaign_view_head(struct campaign_view *view, const struct campaign_head *head);
void campaign_view_row(struct campaign_view *view, const struct campaign_row *row);

#endif

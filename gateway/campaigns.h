/* The campaigns that a worker has seen lately: what gathers for them, and what is known of them.
 *
 * A bounded table; a campaign that nobody holds is forgotten when room is needed, the one that was
 * asked for longest ago first. One thread. */
#ifndef ONRUSH_GATEWAY_CAMPAIGNS_H
#define ONRUSH_GATEWAY_CAMPAIGNS_H

#include "gateway/batcher.h"
#include "gateway/journal/job.h"
#include "gateway/memory.h"

#define CAMPAIGNS_MAX     4096
#define CAMPAIGNS_BUCKETS 8192

struct request;
TAILQ_HEAD(request_list, request);

/* How fast a campaign is being decided. */
struct speed {
    double per_s; /* 0: not known */
    int64_t decided, at_us, waiting;
};

/* A look at the journal that found it empty; monotonic. */
struct look {
    int64_t began_us, ended_us; /* 0: there was none */
};

struct campaign {
    unsigned magic;
    struct loop *loop;
    LIST_ENTRY(campaign) in_bucket;
    TAILQ_ENTRY(campaign) in_age;
    unsigned refs;
    char name[CAMPAIGN_NAME_MAX + 1];
    uint8_t name_len;
    struct campaign_keys keys;
    struct channel channel;
    int64_t missing_until_us;    /* MariaDB does not know it either; believed until then */
    struct look look, next_look; /* the one in force, and one that waits for a younger head */
    bool looking;                /* look_job is with the archive */
    struct archive_job look_job;

    bool has_head;
    struct campaign_head head;
    int64_t head_us; /* monotonic: when the call that brought it was sent */
    struct speed speed;

    struct request_list waiters; /* long-polls; no order */
    struct request_list instant; /* waiting POSTs, by ticket except for repeated ones */
    int64_t waiters_decided;     /* how many were decided when they were last asked for */
    TAILQ_ENTRY(campaign) in_waited;

    struct memory memory;    /* see soldout.h */
    bool memory_wanted;      /* somebody was told that it is full */
    bool scanning;           /* a step of reading the users is under way */
    bool memory_stale;       /* what is being read does not hold any more */
    int64_t memory_retry_us; /* no new attempt before */
    int scan_key;            /* the scan that is under way: of which key, */
    char cursor[24];         /* from where */
};

/* The campaign document. */
struct campaign_view {
    const char *state;
    int64_t quota, remaining, opens_us, closes_us; /* closes_us 0: never */
};

TAILQ_HEAD(campaign_list, campaign);
LIST_HEAD(campaign_bucket, campaign);

struct campaigns {
    struct campaign_bucket buckets[CAMPAIGNS_BUCKETS];
    struct campaign_list by_age; /* least recently asked for first */
    size_t n;
};

void campaigns_init(struct campaigns *campaigns);
void campaigns_end(struct loop *loop);

/* campaigns_get: with a reference for the caller; NULL when the table is full of busy ones. */
struct campaign *campaigns_get(struct loop *loop, const char *name, size_t len);

struct campaign *campaign_check(void *object);

/* campaign_of: whose channel this is. */
struct campaign *campaign_of(struct channel *channel);

void campaign_hold(struct campaign *campaign);

/* campaign_release: gives NULL. */
struct campaign *campaign_release(struct campaign *campaign);

/* campaign_see: takes in a head; `sent_us` is when the call that brought it was sent. */
void campaign_see(struct campaign *campaign, const struct campaign_head *head, int64_t sent_us);

/* campaign_forget_memory: nobody is told "sold out" out of it any more. */
void campaign_forget_memory(struct campaign *campaign);

/* campaign_refresh: somebody uses what is known of this campaign: asks for a new head when the last
 * was asked for more than half a second ago. */
void campaign_refresh(struct campaign *campaign);

/* campaign_eta_ms: until `position` is decided at the running speed; 0: no estimate. */
int64_t campaign_eta_ms(const struct campaign *campaign, uint64_t position);

/* campaign_decided: how many requests have their answer. */
int64_t campaign_decided(const struct campaign_head *head);

/* speed_update: pure; takes in one more head. */
void speed_update(struct speed *speed, const struct campaign_head *head);

/* campaign_view_head, campaign_view_row: the campaign document out of Redis, or out of MariaDB. */
void campaign_view_head(struct campaign_view *view, const struct campaign_head *head);
void campaign_view_row(struct campaign_view *view, const struct archive_row *row);

#endif

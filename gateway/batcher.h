/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit: questions to Redis about one campaign gather while a call is under way. The reply
 * sends the next call.
 *
 *   batcher_ask ──► waiting ──flush──► sent ══ FCALL ══► reply: each request gets its answer
 *                      ▲                                   │
 *                      └──────── gathers meanwhile ◄───────┘ flush again
 *
 * The first flush comes at the end of the loop's turn. So there is no timer, and at most one write
 * to Redis per turn. A campaign has at most two calls under way for each operation (one for heads).
 * The second leaves only when it is at least half as large as the first. So Redis finds the next
 * batch ready when it has synced one, and batches stay large.
 *
 * The batcher sees only the struct asked of a request; hooks decide what happens next. One
 * thread. */
#ifndef ONRUSH_GATEWAY_BATCHER_H
#define ONRUSH_GATEWAY_BATCHER_H

#include "gateway/loop.h"
#include "gateway/operation.h"
#include "shared/store/protocol.h"

#include <sys/queue.h>

#define BATCH_MAX 5000 /* users that onrush_enqueue and onrush_status accept */
#define CALLS_MAX 2

/* A question to Redis; part of a request. The batcher owns it until it calls deliver(), shown() or
 * failed(). */
struct asked {
    TAILQ_ENTRY(asked) next;
    const char *user;
    unsigned len;
    bool announced; /* call sending() before this is sent */
};

TAILQ_HEAD(asked_list, asked);

/* Why a question has no answer. */
enum ask_failure {
    ASK_AWAY,        /* Redis is away; nothing was enqueued */
    ASK_NO_CAMPAIGN, /* Redis has no (ready) campaign of this name */
    ASK_REFUSED,     /* Redis refuses this call for this campaign only */
    ASK_GARBLED,     /* the reply cannot be decoded; it was logged */
    ASK_UNDECODABLE, /* the reply has no answer for this question, or an unreadable one */
    ASK_NO_REPLY,    /* no reply: an enqueue may have happened or not */
};

struct channel;

/* The hooks that receive the answers, in the worker's thread. Each may ask again at once. */
struct batcher_hooks {
    void (*sending)(struct asked *asked); /* the next command enqueues it; only if `announced` */
    void (*deliver)(struct asked *asked, const struct request_state *state, int64_t asked_us);
    void (*head)(struct channel *channel, const struct campaign_head *head, int64_t asked_us);
    void (*shown)(struct asked *asked); /* a head was asked for, and head() has just received it */
    void (*failed)(struct asked *asked, enum operation op, enum ask_failure why);
};

/* A call under way, or a free slot. */
struct call {
    struct gathering *gathering;
    struct asked_list sent; /* empty after batcher_abandon() */
    size_t n;               /* users sent */
    int64_t sent_us;
};

struct gathering {
    struct channel *channel;
    enum operation op;
    struct asked_list waiting;
    struct call calls[CALLS_MAX]; /* a ring */
    unsigned first, n_calls;      /* the oldest call under way; how many there are */
    bool wanted;                  /* HEAD: the worker itself wants a head */
    bool dirty;                   /* in batcher.dirty */
    bool broken;                  /* Redis refuses this call for this campaign only */
    int64_t sent_us;              /* of the last call */
    TAILQ_ENTRY(gathering) in_dirty;
};

/* All questions about one campaign. */
struct channel {
    struct batcher *batcher;
    const char *name; /* the caller keeps name and keys alive */
    const struct campaign_keys *keys;
    struct gathering gathering[OPERATIONS];
    unsigned n_calls; /* under way */
    size_t n_holds;   /* requests on their way to the journal: do not enqueue */
    TAILQ_ENTRY(channel) in_all;
};

TAILQ_HEAD(gathering_list, gathering);
TAILQ_HEAD(channel_list, channel);

struct batcher {
    struct loop *loop;
    const struct batcher_hooks *hooks;
    struct channel_list channels;
    struct gathering_list dirty; /* may have something to send */
    const char *args[BATCH_MAX]; /* scratch for one call */
    size_t lengths[BATCH_MAX];
};

void batcher_init(struct batcher *batcher, struct loop *loop, const struct batcher_hooks *hooks);
void channel_init(struct channel *channel, struct batcher *batcher, const char *name,
                  const struct campaign_keys *keys);

/* channel_end: nothing may wait here, and no call may be under way. */
void channel_end(struct channel *channel);

/* batcher_ask: asks Redis. Every operation but OP_HEAD needs a `user`. The answer comes with the
 * reply. When Redis is away, failed() is called before this returns. Until the link's state is
 * known after the start, questions gather. */
void batcher_ask(struct channel *channel, enum operation op, struct asked *asked);

/* batcher_want_head: fetches a fresh head for the worker itself; head() receives it. */
void batcher_want_head(struct channel *channel);

/* batcher_hold: stops enqueueing, because a request of this campaign is on its way to the journal
 * and later ones would overtake it. Each call needs one batcher_go_on(). */
void batcher_hold(struct channel *channel);
void batcher_go_on(struct channel *channel);

/* batcher_link: tells whether the link to Redis is up, or known to be away. */
void batcher_link(struct batcher *batcher, bool up);

/* batcher_flush: sends what has gathered. Call it at the end of a turn. */
void batcher_flush(struct batcher *batcher);

/* batcher_abandon: stops waiting for Redis. Questions sent fail with ASK_NO_REPLY, others with
 * ASK_AWAY. */
void batcher_abandon(struct batcher *batcher);

#endif

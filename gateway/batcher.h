/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit: what is asked of Redis for one campaign gathers while calls are under way; a reply
 * sends the next.
 *
 *   batcher_ask ──► waiting ──flush──► sent ══ FCALL ══► reply: each request gets its answer
 *                      ▲                                   │
 *                      └──────── gathers meanwhile ◄───────┘ flush again
 *
 * The first flush comes at the end of the loop's turn, so there is at most one write to Redis a
 * turn and no timer. At most two calls at a time for each campaign and operation, and the second
 * only when it is half as large as the first: so while Redis syncs one batch, the next lies before
 * it already, and batches do not become small.
 *
 * It knows a request only as a struct asked; the hooks decide what becomes of it. One thread. */
#ifndef ONRUSH_GATEWAY_BATCHER_H
#define ONRUSH_GATEWAY_BATCHER_H

#include "gateway/loop.h"
#include "gateway/operation.h"
#include "shared/store/protocol.h"

#include <sys/queue.h>

#define BATCH_MAX 5000 /* what the functions take */
#define CALLS_MAX 2

/* A question to Redis: a part of a request. The batcher owns it until delivered, shown or
 * failed. */
struct asked {
    TAILQ_ENTRY(asked) next;
    const char *user;
    unsigned len;
    bool announced; /* sending() is to know when it goes */
};

TAILQ_HEAD(asked_list, asked);

/* Why there is no answer. */
enum ask_failure {
    ASK_AWAY,        /* Redis is away: it was not asked */
    ASK_NO_CAMPAIGN, /* Redis has no (ready) campaign of this name */
    ASK_REFUSED,     /* Redis refuses this call, for this campaign alone */
    ASK_GARBLED,     /* nobody can decode the reply; the log says so */
    ASK_UNDECODABLE, /* nobody can decode the answer to this one, or there is none in the reply */
    ASK_NO_REPLY,    /* what was to be enqueued may be; reading just failed */
};

struct channel;

/* What becomes of the questions; all in the worker's thread. Each hook may ask again at once. */
struct batcher_hooks {
    void (*sending)(struct asked *asked); /* an `announced` one is enqueued by the next command */
    void (*deliver)(struct asked *asked, const struct request_state *state, int64_t asked_us);
    void (*head)(struct channel *channel, const struct campaign_head *head, int64_t asked_us);
    void (*shown)(struct asked *asked); /* it asked for the head, which head() was just given */
    void (*failed)(struct asked *asked, enum operation op, enum ask_failure why);
};

/* A call that is under way, or not used. */
struct call {
    struct gathering *gathering;
    struct asked_list sent; /* empty once it is abandoned */
    size_t n;               /* users that were sent */
    int64_t sent_us;
};

struct gathering {
    struct channel *channel;
    enum operation op;
    struct asked_list waiting;
    struct call calls[CALLS_MAX]; /* a ring */
    unsigned first, n_calls;      /* the oldest that is under way; how many are */
    bool wanted;                  /* HEAD: the worker itself wants to know */
    bool dirty;                   /* in the batcher's list */
    bool broken;                  /* Redis refused the last call, and no other campaign's */
    int64_t sent_us;              /* of the last call */
    TAILQ_ENTRY(gathering) in_dirty;
};

/* All that is asked about one campaign. */
struct channel {
    struct batcher *batcher;
    const char *name; /* name and keys live as long */
    const struct campaign_keys *keys;
    struct gathering gathering[OPERATIONS];
    unsigned n_calls; /* under way */
    size_t n_holds;   /* reasons not to enqueue */
    TAILQ_ENTRY(channel) in_all;
};

TAILQ_HEAD(gathering_list, gathering);
TAILQ_HEAD(channel_list, channel);

struct batcher {
    struct loop *loop;
    const struct batcher_hooks *hooks;
    struct channel_list channels;
    struct gathering_list dirty; /* something waits, and may perhaps be sent */
    const char *args[BATCH_MAX]; /* scratch of one call */
    size_t lengths[BATCH_MAX];
};

void batcher_init(struct batcher *batcher, struct loop *loop, const struct batcher_hooks *hooks);
void channel_init(struct channel *channel, struct batcher *batcher, const char *name,
                  const struct campaign_keys *keys);

/* channel_end: nobody asks through it, and no call is under way. */
void channel_end(struct channel *channel);

/* batcher_ask: `user` is set unless it is OP_HEAD. Delivered when the reply arrives; failed at once
 * when Redis is away. Just after the start it gathers until the state of Redis is known. */
void batcher_ask(struct channel *channel, enum operation op, struct asked *asked);

/* batcher_want_head: the worker itself wants a fresh head; it comes through head(). */
void batcher_want_head(struct channel *channel);

/* batcher_hold: a request of this campaign is on its way into the journal. Later requests would
 * overtake it, so they are not sent to Redis until batcher_go_on() was called as often. */
void batcher_hold(struct channel *channel);
void batcher_go_on(struct channel *channel);

/* batcher_link: the link to Redis came up, or is known to be away. */
void batcher_link(struct batcher *batcher, bool up);

/* batcher_flush: sends what is dirty. At the end of a turn. */
void batcher_flush(struct batcher *batcher);

/* batcher_abandon: stops waiting for Redis: what was sent fails with NO_REPLY, the rest with
 * AWAY. */
void batcher_abandon(struct batcher *batcher);

#endif

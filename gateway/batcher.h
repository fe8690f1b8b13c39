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
 * it already, and batches do not become small. One thread. */
#ifndef ONRUSH_GATEWAY_BATCHER_H
#define ONRUSH_GATEWAY_BATCHER_H

#include "gateway/operation.h"
#include "gateway/request.h"

#define BATCH_MAX 5000 /* what the functions take */

#define CALLS_MAX 2

/* A call that is under way, or not used. */
struct call {
    struct gathering *gathering;
    struct request_list sent; /* empty once it is abandoned */
    size_t n;                 /* users that were sent */
    int64_t sent_us;
};

struct gathering {
    struct campaign *campaign;
    enum operation op;
    struct request_list waiting;
    struct call calls[CALLS_MAX]; /* a ring */
    unsigned first, n_calls;      /* the oldest that is under way; how many are */
    bool wanted;                  /* HEAD: the worker itself wants to know */
    bool dirty;                   /* in the batcher's list */
    bool broken;                  /* Redis refused the last call, and no other campaign's */
    int64_t sent_us;              /* of the last call */
    TAILQ_ENTRY(gathering) in_dirty;
};

TAILQ_HEAD(gathering_list, gathering);

struct batcher {
    struct gathering_list dirty; /* something waits, and may perhaps be sent */
    const char *args[BATCH_MAX]; /* scratch of one call */
    size_t lengths[BATCH_MAX];
};

void batcher_init(struct batcher *batcher);
void gathering_init(struct gathering *gathering, struct campaign *campaign, enum operation op);
void gathering_end(struct gathering *gathering);

/* batcher_ask: the request is complete, or asks again. It becomes ASKING and is answered or moved
 * on when the reply is there; at once, when Redis is away. A gateway that has just started gathers
 * until it knows whether Redis is there. */
void batcher_ask(struct request *request, enum operation op);

/* batcher_want_head: the worker itself wants a fresh head; it comes through campaign_see(). */
void batcher_want_head(struct campaign *campaign);

/* batcher_go_on: no request of this campaign is on its way into the journal any more. Until then
 * those that came later are not sent to Redis, or they would overtake. */
void batcher_go_on(struct campaign *campaign);

/* batcher_link: the link to Redis came up, or is known to be away. */
void batcher_link(struct loop *loop, bool up);

/* batcher_flush: sends what is dirty. At the end of a turn. */
void batcher_flush(struct loop *loop);

/* batcher_abandon: the gateway waits no longer for Redis: what was sent is answered 503, the rest
 * is treated as when Redis is away. */
void batcher_abandon(struct loop *loop);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP request, from the moment that it is complete to its answer.
 *
 *              ┌─────────────────────────────────────────────────────────┐
 *              │                                                         ▼
 *   READING ───┼──► ASKING ◄────► WAITING (long-poll) ──────────────► ANSWERED ──► (free)
 *              │      │ └──────────────────────────────────────────────► ▲
 *              │      └─◄► ARCHIVED (with the MariaDB thread) ───────────┘
 *              └──────────────────────────────────────────────────────────
 *
 * A request belongs to its worker's thread; while it is ARCHIVED, its `archive` belongs to the
 * archive's thread. When its client leaves, a WAITING request is answered at once. The others will
 * be answered soon, and may be accepted although nobody reads it. */
#ifndef ONRUSH_GATEWAY_REQUEST_H
#define ONRUSH_GATEWAY_REQUEST_H

#include "gateway/campaign_cache.h"
#include "gateway/limit_kind.h"
#include "gateway/outcome.h"
#include "shared/base/address.h"
#include "shared/base/metrics.h"
#include "shared/base/slab.h"
#include "shared/store/protocol.h"

#include <stdbool.h>
#include <sys/queue.h>

struct loop;
struct http_conn;
struct http_request;
struct http_client_place;
struct span;
struct route;

#define REQUEST_ID_MAX 64

enum request_stage {
    STAGE_READING,
    STAGE_ASKING,
    STAGE_WAITING,
    STAGE_ARCHIVED,
    STAGE_ANSWERED,
};

/* Why a request went to the archive: see fallback.h. */
enum fallback_why {
    FALLBACK_REDIS_AWAY,
    FALLBACK_NO_CAMPAIGN,
    FALLBACK_NO_REQUEST,
};

struct request {
    unsigned magic;
    enum request_stage stage;
    enum outcome outcome; /* ANSWERED, or READING when `judged` */
    bool judged;          /* the outcome is known from the head alone */
    bool from_proxy;      /* `client` is a trusted proxy, which has not said for whom it asks */
    bool counted;         /* in gateway.in_flight */
    bool fresh;           /* newly queued by this very request */
    bool id_taken;        /* `id` is what the client gave, or one of our own */
    bool instant;         /* a POST that is accepted and waits for its decision */
    bool looked;          /* for, in the journal: what Redis says now is final */
    bool waited;          /* was a long-poll at some time: does not count as latency */
    struct loop *loop;
    struct http_conn *conn;           /* NULL: nobody is to be told */
    const struct http_request *head;  /* as it was received; NULL: it is not there any more */
    struct address client;            /* whose request it is: see address_key() */
    struct http_client_place *place;  /* WAITING: among those that wait */
    const struct route *route;        /* NULL: none matched */
    const char *allow;                /* the methods that its path has, when it has not this one */
    struct cached_campaign *campaign; /* a reference; NULL before it is looked up */
    TAILQ_ENTRY(request) next;        /* WAITING: in the list of its campaign */
    struct asked asked;               /* ASKING: with the batcher */
    int64_t start_us;                 /* monotonic; when it was complete */
    int64_t wait_ms;                  /* long-poll wanted; 0: answer at once */
    int64_t deadline_us;              /* WAITING: monotonic */
    struct request_state known;
    int64_t eta_ms;          /* 0: none */
    enum limit_kind limited; /* outcome `limited`: by which limit, and for how long */
    int64_t limit_wait_us;
    struct campaign_view view;
    struct archive_job archive;
    enum fallback_why why; /* ARCHIVED */
    char name[CAMPAIGN_NAME_MAX + 1], user[USER_ID_MAX + 1];
    uint8_t name_len, user_len;
    struct span *trace;          /* NULL: not sampled */
    char id[REQUEST_ID_MAX + 1]; /* see request_id.h */
};

/* request_pool_init: the requests of a worker. slab_end() ends it. */
void request_pool_init(struct slab *pool);

/* request_new: NULL when there is no memory. request_free: it must be in no list. */
struct request *request_new(struct loop *loop, struct http_conn *conn);
void request_free(struct request *request);

/* request_check: the object of a callback, which must be a live request. */
struct request *request_check(void *object);

/* request_move: the one place where the stage changes; asserts that the move is legal. */
void request_move(struct request *request, enum request_stage to);

/* request_judge: how it will be answered, whatever the rest of it says. */
void request_judge(struct request *request, enum outcome outcome);

/* request_answer: decides the request, from any stage but ANSWERED: it is answered and freed. It
 * must be in no list any more. Releases its campaign. An instant request was accepted: if anything
 * fails while it waits, its answer is "waiting". */
void request_answer(struct request *request, enum outcome outcome);

/* request_turn_away: the same, and counts the cause, unless it was accepted before. */
void request_turn_away(struct request *request, enum outcome outcome, metric_value *cause);

/* request_ask: for a complete request, or one that asks again. It becomes ASKING and goes to the
 * batcher of its campaign, which delivers it (see deliver.h): at once, when Redis is away. */
void request_ask(struct request *request, enum operation op);

/* request_outcome: how a request ends of which this is known. */
enum outcome request_outcome(enum request_kind kind);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP request, from its last byte to its answer.
 *
 *              ┌─────────────────────────────────────────────────────────┐
 *              │                                                         ▼
 *   READING ───┼──► ASKING ◄────► WAITING (long-poll) ──────────────► ANSWERED ──► (free)
 *              │      │ └──────────────────────────────────────────────► ▲
 *              │      └─◄► ARCHIVED (with the MariaDB thread) ───────────┘
 *              └──────────────────────────────────────────────────────────
 *
 * A request belongs to its worker's thread. While it is ARCHIVED, its `archive` belongs to the
 * archive's thread. When the client leaves, a WAITING request is answered at once. Any other goes
 * on, and may be accepted although nobody reads the answer. */
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
    enum outcome outcome; /* when ANSWERED, or READING and `judged` */
    bool judged;          /* the head alone determined the outcome */
    bool from_proxy;      /* `client` is a trusted proxy that named no client */
    bool counted;         /* in gateway.in_flight */
    bool fresh;           /* this very request put the user into the queue */
    bool id_taken;        /* request_id_take() has set `id` */
    bool instant;         /* an accepted POST that waits for its decision */
    bool looked;          /* the journal was checked: the next answer of Redis is final */
    bool waited;          /* has been a long-poll: not counted as latency */
    struct loop *loop;
    struct http_conn *conn;           /* NULL: nobody to answer */
    const struct http_request *head;  /* NULL once the received bytes are gone */
    struct address client;            /* as address_key() makes it */
    struct http_client_place *place;  /* WAITING: its place in gateway.waiters */
    const struct route *route;        /* NULL: none matched */
    const char *allow;                /* bad method: the methods of this path */
    struct cached_campaign *campaign; /* a reference; NULL before the lookup */
    TAILQ_ENTRY(request) next;        /* WAITING: in the list of its campaign */
    struct asked asked;               /* ASKING: owned by the batcher */
    int64_t start_us;                 /* monotonic: when it was complete */
    int64_t wait_ms;                  /* length of the long-poll; 0: answer at once */
    int64_t deadline_us;              /* WAITING: monotonic */
    struct request_state known;
    int64_t eta_ms;          /* 0: unknown */
    enum limit_kind limited; /* outcome `limited`: by which limit, and how long */
    int64_t limit_wait_us;
    struct campaign_view view;
    struct archive_job archive;
    enum fallback_why why; /* ARCHIVED */
    char name[CAMPAIGN_NAME_MAX + 1], user[USER_ID_MAX + 1];
    uint8_t name_len, user_len;
    struct span *trace;          /* NULL: not sampled */
    char id[REQUEST_ID_MAX + 1]; /* see request_id.h */
};

/* request_pool_init: makes the pool of a worker's requests. slab_end() frees it. */
void request_pool_init(struct slab *pool);

/* request_new: returns NULL when memory has run out. request_free: it must be in no list. */
struct request *request_new(struct loop *loop, struct http_conn *conn);
void request_free(struct request *request);

/* request_check: checks that a callback's object is a live request. */
struct request *request_check(void *object);

/* request_move: the only function that changes the stage. Asserts that the move is legal. */
void request_move(struct request *request, enum request_stage to);

/* request_judge: sets the outcome from the head alone; the rest of the request does not matter. */
void request_judge(struct request *request, enum outcome outcome);

/* request_answer: answers and frees a request of any stage but ANSWERED, and releases its campaign.
 * It must be in no list. An instant request is accepted already: if anything fails, its answer is
 * "waiting". */
void request_answer(struct request *request, enum outcome outcome);

/* request_turn_away: as request_answer(), and counts the cause unless it was accepted before. */
void request_turn_away(struct request *request, enum outcome outcome, metric_value *cause);

/* request_ask: moves a complete request to ASKING, and asks the batcher of its campaign. The answer
 * comes through deliver.h, before this returns if Redis is away. */
void request_ask(struct request *request, enum operation op);

/* request_outcome: returns the outcome for a state of the queue. */
enum outcome request_outcome(enum request_kind kind);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/request.h"

#include "gateway/loop.h"
#include "shared/base/clock.h"

#include <assert.h>

#define REQUEST_MAGIC 0x52455155u
#define KEPT          1024 /* memory to keep for the next rush; a larger rush returns its memory */

#define MOVE(from, to) (1u << ((from)*5 + (to)))

static const unsigned legal_moves =
    MOVE(STAGE_READING, STAGE_ASKING) | MOVE(STAGE_READING, STAGE_ANSWERED) |
    MOVE(STAGE_ASKING, STAGE_WAITING) | MOVE(STAGE_ASKING, STAGE_ARCHIVED) |
    MOVE(STAGE_ASKING, STAGE_ANSWERED) | MOVE(STAGE_WAITING, STAGE_ASKING) |
    MOVE(STAGE_WAITING, STAGE_ANSWERED) | MOVE(STAGE_ARCHIVED, STAGE_ASKING) |
    MOVE(STAGE_ARCHIVED, STAGE_ANSWERED);

void request_pool_init(struct slab *pool)
{
    slab_init(pool, sizeof(struct request), KEPT);
}

struct request *request_new(struct loop *loop, struct http_conn *conn)
{
    struct request *r = slab_take(loop->requests);
    if (r == NULL)
        return NULL;
    *r = (struct request){
        .magic = REQUEST_MAGIC, .stage = STAGE_READING, .loop = loop, .conn = conn};
    return r;
}

void request_free(struct request *r)
{
    assert(r->magic == REQUEST_MAGIC && r->campaign == NULL);
    r->magic = 0;
    slab_give(r->loop->requests, r);
}

struct request *request_check(void *object)
{
    struct request *r = object;
    assert(r != NULL && r->magic == REQUEST_MAGIC);
    return r;
}

void request_move(struct request *r, enum request_stage to)
{
    assert(r->magic == REQUEST_MAGIC);
    assert((legal_moves & MOVE(r->stage, to)) != 0);
    r->stage = to;
}

void request_judge(struct request *r, enum outcome outcome)
{
    r->judged = true;
    r->outcome = outcome;
}

/* is_transient: may the request still be decided? Then an accepted one goes on waiting. */
static bool is_transient(enum outcome outcome)
{
    return outcome == OUTCOME_unavailable || outcome == OUTCOME_unknown ||
           outcome == OUTCOME_overloaded || outcome == OUTCOME_no_campaign;
}

void request_answer(struct request *r, enum outcome outcome)
{
    request_move(r, STAGE_ANSWERED);
    r->outcome = r->instant && is_transient(outcome) ? OUTCOME_waiting : outcome;
    if (r->campaign != NULL)
        r->campaign = cached_campaign_release(r->campaign);
    if (r->conn != NULL)
        r->loop->answered(r);
}

void request_turn_away(struct request *r, enum outcome outcome, metric_value *cause)
{
    metric_add(cause, !r->instant);
    request_answer(r, outcome);
}

void request_ask(struct request *r, enum operation op)
{
    request_move(r, STAGE_ASKING);
    if (op == OP_ENQUEUE)
        r->archive.arrival_us = (uint64_t)clock_wall_us();
    r->asked = (struct asked){.user = r->user, .len = r->user_len, .announced = r->trace != NULL};
    batcher_ask(&r->campaign->channel, op, &r->asked);
}

static const enum outcome outcome_of_kind[] = {
    [REQUEST_WAITING] = OUTCOME_waiting,   [REQUEST_GRANTED] = OUTCOME_granted,
    [REQUEST_SOLD_OUT] = OUTCOME_sold_out, [REQUEST_REFUSED] = OUTCOME_refused,
    [REQUEST_FULL] = OUTCOME_sold_out,     [REQUEST_NOT_OPEN] = OUTCOME_not_open,
    [REQUEST_CLOSED] = OUTCOME_closed,     [REQUEST_PAUSED] = OUTCOME_paused,
    [REQUEST_NONE] = OUTCOME_no_request,
};

enum outcome request_outcome(enum request_kind kind)
{
    return outcome_of_kind[kind];
}

#include "gateway/request.h"

#include "gateway/campaigns.h"
#include "gateway/http.h"
#include "gateway/loop.h"

#include <assert.h>
#include <stdlib.h>

#define REQUEST_MAGIC 0x52455155u
#define SPARE_MAX     4096 /* kept for the next rush; the rest goes back to the allocator */

#define MOVE(from, to) (1u << ((from)*5 + (to)))

static const unsigned legal_moves =
    MOVE(STAGE_READING, STAGE_ASKING) | MOVE(STAGE_READING, STAGE_ANSWERED) |
    MOVE(STAGE_ASKING, STAGE_WAITING) | MOVE(STAGE_ASKING, STAGE_ARCHIVED) |
    MOVE(STAGE_ASKING, STAGE_ANSWERED) | MOVE(STAGE_WAITING, STAGE_ASKING) |
    MOVE(STAGE_WAITING, STAGE_ANSWERED) | MOVE(STAGE_ARCHIVED, STAGE_ASKING) |
    MOVE(STAGE_ARCHIVED, STAGE_ANSWERED);

void request_pool_init(struct request_pool *pool)
{
    TAILQ_INIT(&pool->spare);
    pool->n_spare = 0;
}

void request_pool_end(struct request_pool *pool)
{
    for (struct request *r; (r = TAILQ_FIRST(&pool->spare)) != NULL;) {
        TAILQ_REMOVE(&pool->spare, r, next);
        free(r);
    }
}

struct request *request_new(struct loop *loop, struct http_conn *conn)
{
    struct request_pool *pool = loop->requests;
    struct request *r = TAILQ_FIRST(&pool->spare);
    if (r != NULL) {
        TAILQ_REMOVE(&pool->spare, r, next);
        pool->n_spare--;
    } else if ((r = malloc(sizeof *r)) == NULL) {
        return NULL;
    }
    *r = (struct request){
        .magic = REQUEST_MAGIC, .stage = STAGE_READING, .loop = loop, .conn = conn};
    return r;
}

void request_free(struct request *r)
{
    struct request_pool *pool = r->loop->requests;
    assert(r->magic == REQUEST_MAGIC && r->campaign == NULL);
    r->magic = 0;
    if (pool->n_spare >= SPARE_MAX)
        return free(r);
    TAILQ_INSERT_HEAD(&pool->spare, r, next);
    pool->n_spare++;
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

static bool is_fault(enum outcome outcome)
{
    return outcome == OUTCOME_unavailable || outcome == OUTCOME_unknown ||
           outcome == OUTCOME_overloaded || outcome == OUTCOME_no_campaign;
}

void request_answer(struct request *r, enum outcome outcome)
{
    request_move(r, STAGE_ANSWERED);
    r->outcome = r->instant && is_fault(outcome) ? OUTCOME_waiting : outcome;
    if (r->campaign != NULL)
        r->campaign = campaign_release(r->campaign);
    if (r->conn != NULL)
        http_finish(r);
}

void request_answer_list(struct request_list *list, enum outcome outcome, metric_value *cause)
{
    for (struct request *r; (r = TAILQ_FIRST(list)) != NULL;) {
        TAILQ_REMOVE(list, r, next);
        metric_add(cause, !r->instant);
        request_answer(r, outcome);
    }
}

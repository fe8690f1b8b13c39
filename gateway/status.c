#include "gateway/status.h"

#include "gateway/campaigns.h"
#include "gateway/fallback.h"
#include "gateway/soldout.h"
#include "gateway/worker.h"

static const enum outcome outcome_of_kind[] = {
    [REQUEST_WAITING] = OUTCOME_waiting,   [REQUEST_GRANTED] = OUTCOME_granted,
    [REQUEST_SOLD_OUT] = OUTCOME_sold_out, [REQUEST_REFUSED] = OUTCOME_refused,
    [REQUEST_FULL] = OUTCOME_sold_out,     [REQUEST_NOT_OPEN] = OUTCOME_not_open,
    [REQUEST_CLOSED] = OUTCOME_closed,     [REQUEST_PAUSED] = OUTCOME_paused,
    [REQUEST_NONE] = OUTCOME_no_request,
};

enum outcome status_outcome(enum request_kind kind)
{
    return outcome_of_kind[kind];
}

/* --- long-polls --- */

static void wait_on(struct request *r)
{
    struct campaign *c = r->campaign;
    struct worker *worker = r->worker;
    struct gateway *gateway = worker->gateway;
    if (!gauge_take(&gateway->waiters, gateway_config(gateway)->max_waiters)) {
        metric_add(&worker->metrics.unavailable_waiters, 1);
        return request_answer(r, OUTCOME_overloaded);
    }
    metric_add(&worker->metrics.waiters, 1);
    request_move(r, STAGE_WAITING);
    r->waited = true;
    if (TAILQ_EMPTY(&c->waiters)) {
        c->waiters_decided = campaign_decided(&c->head);
        TAILQ_INSERT_TAIL(&worker->campaigns.waited, c, in_waited);
        worker_poll(worker, true);
    }
    TAILQ_INSERT_TAIL(&c->waiters, r, next);
}

/* ask_again: from WAITING to ASKING. The caller calls waiters_left() once it is done. */
static void ask_again(struct request *r)
{
    TAILQ_REMOVE(&r->campaign->waiters, r, next);
    gauge_give(&r->worker->gateway->waiters);
    metric_add(&r->worker->metrics.waiters, -1);
    batcher_ask(r, OP_STATUS);
}

static void waiters_left(struct campaign *c)
{
    struct worker *worker = c->worker;
    if (!TAILQ_EMPTY(&c->waiters))
        return;
    TAILQ_REMOVE(&worker->campaigns.waited, c, in_waited);
    if (TAILQ_EMPTY(&worker->campaigns.waited))
        worker_poll(worker, false);
}

void waiters_see(struct campaign *c)
{
    int64_t decided = campaign_decided(&c->head);
    if (TAILQ_EMPTY(&c->waiters) || decided == c->waiters_decided)
        return;
    c->waiters_decided = decided;
    for (struct request *r = TAILQ_FIRST(&c->waiters), *after; r != NULL; r = after) {
        after = TAILQ_NEXT(r, next);
        if (r->known.ticket <= (uint64_t)c->head.watermark)
            ask_again(r);
    }
    waiters_left(c);
}

void waiters_poll(struct worker *worker)
{
    struct campaign *c;
    TAILQ_FOREACH (c, &worker->campaigns.waited, in_waited)
        batcher_want_head(c);
}

static void sweep(struct campaign *c, bool all)
{
    for (struct request *r = TAILQ_FIRST(&c->waiters), *after; r != NULL; r = after) {
        after = TAILQ_NEXT(r, next);
        if (!all && r->deadline_us > c->worker->now_us)
            continue;
        r->wait_ms = 0;
        ask_again(r);
    }
    waiters_left(c);
}

void waiters_sweep(struct worker *worker, bool all)
{
    for (struct campaign *c = TAILQ_FIRST(&worker->campaigns.waited), *after; c != NULL;
         c = after) {
        after = TAILQ_NEXT(c, in_waited);
        sweep(c, all);
    }
}

/* --- what Redis said --- */

void status_deliver(struct request *r)
{
    struct campaign *c = r->campaign;
    const struct request_state *known = &r->known;
    if (known->kind == REQUEST_WAITING && r->wait_ms > 0 && r->worker->now_us < r->deadline_us &&
        !r->worker->draining)
        return wait_on(r);
    if ((known->kind == REQUEST_NONE || known->kind == REQUEST_FULL) && fallback_doubted(r))
        return fallback_ask(r, FALLBACK_NO_REQUEST);
    if (known->run > 0) {
        metric_add(&r->worker->metrics.accepted, 1);
        r->fresh = true;
    }
    if (known->kind == REQUEST_FULL)
        soldout_want(c);
    campaign_refresh(c);
    if (known->kind == REQUEST_WAITING)
        r->eta_ms = campaign_eta_ms(c, known->position);
    request_answer(r, status_outcome(known->kind));
}

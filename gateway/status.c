#include "gateway/status.h"

#include "gateway/campaigns.h"
#include "gateway/fallback.h"
#include "gateway/http.h"
#include "gateway/routes.h"
#include "gateway/soldout.h"
#include "gateway/worker.h"
#include "shared/http/crowd.h"

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

static struct request_list *list_of(const struct request *r)
{
    return r->instant ? &r->campaign->instant : &r->campaign->waiters;
}

static bool waited_for(const struct campaign *c)
{
    return !TAILQ_EMPTY(&c->waiters) || !TAILQ_EMPTY(&c->instant);
}

static void join(struct request *r)
{
    struct campaign *c = r->campaign;
    struct worker *worker = r->worker;
    bool first = !waited_for(c), first_instant = r->instant && worker->campaigns.n_instant == 0;
    metric_add(&worker->metrics.waiters, 1);
    request_move(r, STAGE_WAITING);
    r->waited = true;
    worker->campaigns.n_instant += r->instant;
    TAILQ_INSERT_TAIL(list_of(r), r, next);
    if (first) {
        c->waiters_decided = campaign_decided(&c->head);
        TAILQ_INSERT_TAIL(&worker->campaigns.waited, c, in_waited);
        worker->campaigns.n_waited++;
    }
    if (first || first_instant)
        worker_poll(worker, true);
}

/* leave: out of its list. The caller calls waiters_left() once it is done. */
static void leave(struct request *r)
{
    TAILQ_REMOVE(list_of(r), r, next);
    r->worker->campaigns.n_instant -= r->instant;
    http_crowd_leave(r->worker->gateway->waiters, r->place);
    metric_add(&r->worker->metrics.waiters, -1);
}

/* enter: a place among those that wait. A proxy that does not say for whom it asks is not counted. */
static enum http_crowd_verdict enter(struct request *r)
{
    struct gateway *gateway = r->worker->gateway;
    const struct gateway_config *config = gateway_config(gateway);
    return http_crowd_enter(
        gateway->waiters, r->from_proxy ? NULL : &r->client, config->max_waiters,
        gateway_share(config->max_waiters_per_address, config->max_waiters), &r->place);
}

/* wait_on: false when there are too many waiters, and a POST, which is accepted, is to be answered without. */
static bool wait_on(struct request *r)
{
    bool post = r->route->op == OP_ENQUEUE;
    struct gateway_metrics *m = &r->worker->metrics;
    enum http_crowd_verdict verdict = enter(r);
    if (verdict == HTTP_CROWD_IN) {
        r->instant = post;
        join(r);
        return true;
    }
    if (post)
        return false;
    metric_add(verdict == HTTP_CROWD_FULL ? &m->unavailable_waiters : &m->unavailable_waiters_here,
               1);
    request_answer(r, OUTCOME_overloaded);
    return true;
}

/* ask_again: from WAITING to ASKING. */
static void ask_again(struct request *r)
{
    leave(r);
    batcher_ask(r, OP_STATUS);
}

static void waiters_left(struct campaign *c)
{
    struct worker *worker = c->worker;
    if (waited_for(c))
        return;
    TAILQ_REMOVE(&worker->campaigns.waited, c, in_waited);
    worker->campaigns.n_waited--;
    if (TAILQ_EMPTY(&worker->campaigns.waited))
        worker_poll(worker, false);
}

/* see: asks for those of a list that may be decided. */
static void see(struct request_list *list, uint64_t watermark)
{
    for (struct request *r = TAILQ_FIRST(list), *after; r != NULL; r = after) {
        after = TAILQ_NEXT(r, next);
        if (r->known.ticket <= watermark)
            ask_again(r);
    }
}

void waiters_see(struct campaign *c)
{
    int64_t decided = campaign_decided(&c->head);
    if (!waited_for(c) || decided == c->waiters_decided)
        return;
    c->waiters_decided = decided;
    see(&c->waiters, (uint64_t)c->head.watermark);
    see(&c->instant, (uint64_t)c->head.watermark);
    waiters_left(c);
}

/* end_instant: those whose time is over, or all, are answered with what they got when they were accepted. */
static void end_instant(struct campaign *c, bool all)
{
    for (struct request *r = TAILQ_FIRST(&c->instant), *after; r != NULL; r = after) {
        after = TAILQ_NEXT(r, next);
        if (!all && r->deadline_us > c->worker->now_us)
            continue;
        leave(r);
        request_answer(r, OUTCOME_waiting);
    }
}

void waiters_poll(struct worker *worker)
{
    for (struct campaign *c = TAILQ_FIRST(&worker->campaigns.waited), *after; c != NULL;
         c = after) {
        after = TAILQ_NEXT(c, in_waited);
        end_instant(c, false);
        batcher_want_head(c);
        waiters_left(c);
    }
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
    end_instant(c, all);
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

void status_gone(struct request *r)
{
    struct campaign *c = r->campaign;
    if (r->stage != STAGE_WAITING)
        return;
    leave(r);
    waiters_left(c);
    request_answer(r, OUTCOME_waiting);
}

/* --- what Redis said --- */

/* may_wait: a GET as long as it says, a POST as long as its campaign says, from its arrival on. */
static bool may_wait(struct request *r)
{
    const struct campaign *c = r->campaign;
    if (r->route->op == OP_ENQUEUE && !r->waited && c->has_head && c->head.instant_wait_ms > 0) {
        r->wait_ms = c->head.instant_wait_ms;
        r->deadline_us = r->start_us + r->wait_ms * 1000;
    }
    return r->wait_ms > 0 && r->worker->now_us < r->deadline_us && !r->worker->draining &&
           !http_conn_gone(r->conn);
}

void status_lost(struct request *r)
{
    r->instant = false; /* it is accepted no more */
    metric_add(&r->worker->metrics.unavailable_no_reply, 1);
    request_answer(r, OUTCOME_unknown);
}

/* lost: Redis had accepted this POST, and does not know it any more. */
static bool lost(const struct request *r)
{
    return r->instant && (r->known.kind == REQUEST_NONE || r->known.kind == REQUEST_FULL);
}

/* says_no: Redis knows no request of this user, and that would be final. */
static bool says_no(enum request_kind kind)
{
    return kind == REQUEST_NONE || kind == REQUEST_FULL || kind == REQUEST_CLOSED;
}

void status_deliver(struct request *r, int64_t asked_us)
{
    struct campaign *c = r->campaign;
    const struct request_state *known = &r->known;
    if (known->run > 0) {
        metric_add(&r->worker->metrics.accepted, 1);
        r->fresh = true;
    }
    if (known->kind == REQUEST_WAITING && may_wait(r) && wait_on(r))
        return;
    if (lost(r))
        return status_lost(r);
    if (says_no(known->kind) && fallback_doubted(r, asked_us))
        return fallback_ask(r, FALLBACK_NO_REQUEST);
    if (known->kind == REQUEST_FULL)
        soldout_want(c);
    campaign_refresh(c);
    if (known->kind == REQUEST_WAITING)
        r->eta_ms = campaign_eta_ms(c, known->position);
    request_answer(r, status_outcome(known->kind));
}

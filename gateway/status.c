#include "gateway/status.h"

#include "gateway/campaigns.h"
#include "gateway/fallback.h"
#include "gateway/loop.h"
#include "gateway/routes.h"
#include "gateway/soldout.h"
#include "gateway/waiters.h"
#include "shared/http/server.h"

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

/* --- what Redis said --- */

/* may_wait: a GET as long as it says, a POST as long as its campaign says, from its arrival on. */
static bool may_wait(struct request *r)
{
    const struct campaign *c = r->campaign;
    if (r->route->op == OP_ENQUEUE && !r->waited && c->has_head && c->head.instant_wait_ms > 0) {
        r->wait_ms = c->head.instant_wait_ms;
        r->deadline_us = r->start_us + r->wait_ms * 1000;
    }
    return r->wait_ms > 0 && r->loop->now_us < r->deadline_us && !r->loop->draining &&
           !http_conn_gone(r->conn);
}

void status_lost(struct request *r)
{
    r->instant = false; /* it is accepted no more */
    metric_add(&r->loop->metrics.unavailable_no_reply, 1);
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
        metric_add(&r->loop->metrics.accepted, 1);
        r->fresh = true;
    }
    if (known->kind == REQUEST_WAITING && may_wait(r) && waiters_take(r))
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

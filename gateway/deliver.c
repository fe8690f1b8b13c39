/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/deliver.h"

#include "gateway/campaign_cache.h"
#include "gateway/fallback.h"
#include "gateway/loop.h"
#include "gateway/request_id.h"
#include "gateway/request_trace.h"
#include "gateway/soldout.h"
#include "gateway/waiters.h"
#include "shared/base/log.h"

#include <stddef.h>

/* give_up: answers "unknown" to a POST that Redis had accepted, and has lost. */
static void give_up(struct request *r)
{
    r->instant = false; /* no longer accepted */
    metric_add(&r->loop->metrics.unavailable_no_reply, 1);
    request_answer(r, OUTCOME_unknown);
}

/* lost: has Redis lost a POST that it had accepted? */
static bool lost(const struct request *r)
{
    return r->instant && (r->known.kind == REQUEST_NONE || r->known.kind == REQUEST_FULL);
}

/* says_no: does this answer mean that Redis knows no request of this user, for good? */
static bool says_no(enum request_kind kind)
{
    return kind == REQUEST_NONE || kind == REQUEST_FULL || kind == REQUEST_CLOSED;
}

/* --- the batcher's hooks --- */

static struct request *request_of(struct asked *asked)
{
    return request_check((char *)asked - offsetof(struct request, asked));
}

static void on_sending(struct asked *asked)
{
    request_trace_send(request_of(asked));
}

static void on_deliver(struct asked *asked, const struct request_state *known, int64_t asked_us)
{
    struct request *r = request_of(asked);
    struct cached_campaign *c = r->campaign;
    r->known = *known;
    if (known->run > 0) {
        metric_add(&r->loop->metrics.accepted, 1);
        r->fresh = true;
    }
    if (known->kind == REQUEST_WAITING && waiters_take(r))
        return;
    if (lost(r)) {
        give_up(r);
        return;
    }
    if (says_no(known->kind) && fallback_doubted(r, asked_us)) {
        fallback_ask(r, FALLBACK_NO_REQUEST);
        return;
    }
    if (known->kind == REQUEST_FULL)
        soldout_want(c);
    cached_campaign_refresh(c);
    if (known->kind == REQUEST_WAITING)
        r->eta_ms = cached_campaign_eta_ms(c, known->position);
    request_answer(r, request_outcome(known->kind));
}

static void on_head(struct channel *channel, const struct campaign_head *head, int64_t asked_us)
{
    struct cached_campaign *c = cached_campaign_of(channel);
    cached_campaign_see(c, head, asked_us);
    soldout_see(c);
    waiters_see(c);
}

static void on_shown(struct asked *asked)
{
    struct request *r = request_of(asked);
    campaign_view_head(&r->view, &r->campaign->head);
    request_answer(r, OUTCOME_campaign);
}

/* redis_is_away: the only place that decides what to do without Redis. Without the journal, a
 * request cannot be accepted durably, so it is turned away. A waiting POST is accepted already. */
static void redis_is_away(struct request *r)
{
    if (r->instant)
        request_answer(r, OUTCOME_waiting);
    else if (gateway_config(r->loop->gateway)->journal)
        fallback_ask(r, FALLBACK_REDIS_AWAY);
    else
        request_turn_away(r, OUTCOME_unavailable, &r->loop->metrics.unavailable_redis_down);
}

static void undecodable(struct request *r)
{
    log_error("redis answers what nobody can decode", "campaign=%s user=%s request=%s", r->name,
              r->user, request_id_need(r));
    metric_add(&r->loop->metrics.unavailable_undecodable, 1);
    request_answer(r, OUTCOME_unavailable);
}

/* no_campaign: Redis never had the campaign, or has lost it and all accepted requests. */
static void no_campaign(struct request *r)
{
    if (r->instant)
        give_up(r);
    else
        fallback_ask(r, FALLBACK_NO_CAMPAIGN);
}

static void on_failed(struct asked *asked, enum operation op, enum ask_failure why)
{
    struct request *r = request_of(asked);
    struct gateway_metrics *m = &r->loop->metrics;
    switch (why) {
    case ASK_AWAY:
        redis_is_away(r);
        break;
    case ASK_NO_CAMPAIGN:
        no_campaign(r);
        break;
    case ASK_REFUSED:
        request_turn_away(r, OUTCOME_unavailable, &m->unavailable_redis_error);
        break;
    case ASK_GARBLED:
        request_turn_away(r, OUTCOME_unavailable, &m->unavailable_undecodable);
        break;
    case ASK_UNDECODABLE:
        undecodable(r);
        break;
    case ASK_NO_REPLY:
        request_turn_away(r, op == OP_ENQUEUE ? OUTCOME_unknown : OUTCOME_unavailable,
                          &m->unavailable_no_reply);
    }
}

const struct batcher_hooks deliver_hooks = {.sending = on_sending,
                                            .deliver = on_deliver,
                                            .head = on_head,
                                            .shown = on_shown,
                                            .failed = on_failed};

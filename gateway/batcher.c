#include "gateway/batcher.h"

#include "gateway/campaigns.h"
#include "gateway/fallback.h"
#include "gateway/request_id.h"
#include "gateway/status.h"
#include "gateway/tracing.h"
#include "gateway/loop.h"
#include "shared/clock.h"
#include "shared/log.h"

#include <assert.h>

void batcher_init(struct batcher *batcher)
{
    TAILQ_INIT(&batcher->dirty);
}

void gathering_init(struct gathering *g, struct campaign *campaign, enum operation op)
{
    *g = (struct gathering){.campaign = campaign, .op = op};
    TAILQ_INIT(&g->waiting);
    for (int i = 0; i < CALLS_MAX; i++) {
        g->calls[i].gathering = g;
        TAILQ_INIT(&g->calls[i].sent);
    }
}

/* busy: no more calls may be under way. */
static bool busy(const struct gathering *g)
{
    return g->n_calls == (g->op == OP_HEAD ? 1 : CALLS_MAX);
}

/* fall_back: all of a list to the archive. */
static void fall_back(struct request_list *list, enum fallback_why why)
{
    for (struct request *r; (r = TAILQ_FIRST(list)) != NULL;) {
        TAILQ_REMOVE(list, r, next);
        if (r->instant && why == FALLBACK_NO_CAMPAIGN) /* Redis has lost what it had accepted */
            status_lost(r);
        else if (r->instant) /* it is accepted already */
            request_answer(r, OUTCOME_waiting);
        else
            fallback_ask(r, why);
    }
}

/* redis_is_away: the one place that says what becomes of requests while there is no Redis. Without
 * the journal they cannot be accepted durably, so they are turned away. */
static void redis_is_away(struct loop *loop, struct request_list *list)
{
    if (gateway_config(loop->gateway)->journal)
        fall_back(list, FALLBACK_REDIS_AWAY);
    else
        request_answer_list(list, OUTCOME_unavailable, &loop->metrics.unavailable_redis_down);
}

static void mark_dirty(struct gathering *g)
{
    if (g->dirty || busy(g))
        return;
    g->dirty = true;
    TAILQ_INSERT_TAIL(&g->campaign->loop->batcher->dirty, g, in_dirty);
}

void batcher_ask(struct request *r, enum operation op)
{
    struct gathering *g = &r->campaign->gathering[op];
    request_move(r, STAGE_ASKING);
    if (op == OP_ENQUEUE)
        r->archive.arrival_us = (uint64_t)clock_wall_us();
    TAILQ_INSERT_TAIL(&g->waiting, r, next);
    if (redis_link_state(r->loop->link) == LINK_UP)
        mark_dirty(g);
    else if (redis_link_known(r->loop->link))
        redis_is_away(r->loop, &g->waiting);
}

void batcher_link(struct loop *loop, bool up)
{
    struct campaign *c;
    TAILQ_FOREACH (c, &loop->campaigns->by_age, in_age) {
        for (int op = 0; op < OPERATIONS; op++) {
            struct gathering *g = &c->gathering[op];
            if (!up)
                redis_is_away(loop, &g->waiting);
            else if (!TAILQ_EMPTY(&g->waiting))
                mark_dirty(g);
        }
    }
}

void batcher_go_on(struct campaign *c)
{
    if (!TAILQ_EMPTY(&c->gathering[OP_ENQUEUE].waiting))
        mark_dirty(&c->gathering[OP_ENQUEUE]);
}

void batcher_want_head(struct campaign *c)
{
    struct gathering *g = &c->gathering[OP_HEAD];
    if (busy(g) || redis_link_state(c->loop->link) != LINK_UP)
        return;
    g->wanted = true;
    mark_dirty(g);
}

/* --- the reply --- */

/* fail_sent: the whole call went wrong. */
static void fail_sent(struct call *call, enum outcome outcome, metric_value *cause)
{
    request_answer_list(&call->sent, outcome, cause);
}

/* note_broken: Redis refuses this call for this campaign alone, or does it again. */
static void note_broken(struct gathering *g, bool broken)
{
    if (g->broken == broken)
        return;
    g->broken = broken;
    metric_add(&g->campaign->loop->metrics.calls_refused, broken ? 1 : -1);
}

void gathering_end(struct gathering *g)
{
    note_broken(g, false);
}

static void put_back(struct call *call)
{
    TAILQ_CONCAT(&call->sent, &call->gathering->waiting, next);
    TAILQ_CONCAT(&call->gathering->waiting, &call->sent, next);
}

/* ask_again: nothing was done, and what is sent now will be: it goes before those that came later. The calls behind this one
 * meet the same; should one be done after all, asking twice changes nothing. */
static void ask_again(struct call *call)
{
    struct gathering *g = call->gathering;
    for (unsigned i = g->n_calls; i-- > 0;)
        put_back(&g->calls[(g->first + i) % CALLS_MAX]);
    put_back(call);
}

/* take_error: what is wrong with Redis itself is the link's to tell: it is not up any more, or the
 * functions are on their way back. The rest is about this campaign alone, and disturbs no other. */
static void take_error(struct call *call, const redisReply *reply)
{
    struct gathering *g = call->gathering;
    struct loop *loop = g->campaign->loop;
    char quoted[256];
    const char *ignored;
    if (redis_error_is(reply, "NOCAMPAIGN"))
        return fall_back(&call->sent, FALLBACK_NO_CAMPAIGN);
    if (redis_link_state(loop->link) != LINK_UP)
        return redis_is_away(loop, &call->sent);
    if (redis_refusal_of(reply, &ignored) == REDIS_FORGOTTEN)
        return ask_again(call);
    if (!g->broken)
        log_error("redis refuses a call for this campaign; the others go on, and the scheduler's "
                  "log says what to do",
                  "campaign=%s error=%s", g->campaign->name,
                  log_quote(reply->str, quoted, sizeof quoted));
    note_broken(g, true);
    fail_sent(call, OUTCOME_unavailable, &loop->metrics.unavailable_redis_error);
}

static struct request *pop_sent(struct call *call)
{
    struct request *r = TAILQ_FIRST(&call->sent);
    if (r != NULL)
        TAILQ_REMOVE(&call->sent, r, next);
    return r;
}

/* undecodable: the answer of one request, or of as many as nobody answered. */
static void undecodable(struct gathering *g, struct request *r)
{
    log_error("redis answers what nobody can decode", "campaign=%s user=%s request=%s",
              g->campaign->name, r->user, request_id_need(r));
    metric_add(&g->campaign->loop->metrics.unavailable_undecodable, 1);
    request_answer(r, OUTCOME_unavailable);
}

/* take_run: newly queued ones stand side by side and are answered once. */
static void take_run(struct call *call, struct request_state *state)
{
    for (struct request *r; state->run > 0 && (r = pop_sent(call)) != NULL;
         request_state_next(state)) {
        r->known = *state;
        status_deliver(r, call->sent_us);
    }
}

/* take_members: in the order in which the requests were sent, an answer for each one or for a run.
 * Whoever is left over got none. */
static void take_members(struct call *call, redisReply *const *members, size_t n)
{
    struct gathering *g = call->gathering;
    struct request_state state;
    struct request *r;
    for (size_t i = 0; i < n; i++) {
        const redisReply *m = members[i];
        bool good =
            m->type == REDIS_REPLY_STRING && request_state_parse(m->str, m->len, &state) == 0;
        if (good && state.run > 0) {
            take_run(call, &state);
        } else if ((r = pop_sent(call)) != NULL) {
            r->known = good ? state : r->known;
            good ? status_deliver(r, call->sent_us) : undecodable(g, r);
        }
    }
    while ((r = pop_sent(call)) != NULL)
        undecodable(g, r);
}

/* take_head: everybody who asked for the campaign gets this one. */
static void take_head(struct call *call)
{
    for (struct request *r; (r = pop_sent(call)) != NULL;) {
        campaign_view_head(&r->view, &call->gathering->campaign->head);
        request_answer(r, OUTCOME_campaign);
    }
}

static void take_answers(struct call *call, const redisReply *reply)
{
    struct gathering *g = call->gathering;
    struct campaign_head head;
    note_broken(g, false);
    size_t heads = g->op == OP_ENQUEUE ? 0 : 1;
    bool good = reply->type == REDIS_REPLY_ARRAY && reply->elements >= heads &&
                (heads == 0 || redis_head_parse(reply->element[0], &head) == 0);
    if (!good) {
        log_error("redis answers what nobody can decode", "campaign=%s", g->campaign->name);
        return fail_sent(call, OUTCOME_unavailable,
                         &g->campaign->loop->metrics.unavailable_undecodable);
    }
    if (heads > 0)
        campaign_see(g->campaign, &head, call->sent_us);
    if (g->op == OP_HEAD)
        take_head(call);
    else
        take_members(call, reply->element + heads, reply->elements - heads);
}

/* fail_lost: there is no reply. What was to be enqueued may be: that is unknown. Reading just
 * failed. */
static void fail_lost(struct call *call)
{
    struct gathering *g = call->gathering;
    fail_sent(call, g->op == OP_ENQUEUE ? OUTCOME_unknown : OUTCOME_unavailable,
              &g->campaign->loop->metrics.unavailable_no_reply);
}

static void on_reply(void *arg, const redisReply *reply)
{
    struct call *call = arg;
    struct gathering *g = call->gathering;
    struct campaign *c = campaign_check(g->campaign);
    assert(g->n_calls > 0 && call == &g->calls[g->first]); /* replies come in the order of calls */
    g->first = (g->first + 1) % CALLS_MAX;
    g->n_calls--;
    if (TAILQ_EMPTY(&call->sent) && (g->op != OP_HEAD || reply == NULL))
        ; /* abandoned, or nobody but the worker asked */
    else if (reply == NULL)
        fail_lost(call);
    else if (reply->type == REDIS_REPLY_ERROR)
        take_error(call, reply);
    else
        take_answers(call, reply);
    assert(TAILQ_EMPTY(&call->sent));
    if (!TAILQ_EMPTY(&g->waiting))
        mark_dirty(g);
    campaign_release(c);
}

/* --- the call --- */

/* fill: moves what fits into one call from waiting to sent; gives the number of users. */
static size_t fill(struct gathering *g, struct call *call)
{
    struct batcher *b = g->campaign->loop->batcher;
    size_t n = 0, most = (size_t)gateway_config(g->campaign->loop->gateway)->batch_max;
    if (g->op == OP_HEAD) {
        g->wanted = false;
        TAILQ_CONCAT(&call->sent, &g->waiting, next);
        return 0;
    }
    for (struct request *r; n < most && (r = TAILQ_FIRST(&g->waiting)) != NULL; n++) {
        TAILQ_REMOVE(&g->waiting, r, next);
        TAILQ_INSERT_TAIL(&call->sent, r, next);
        b->args[n] = r->user;
        b->lengths[n] = r->user_len;
        if (r->trace != NULL && g->op == OP_ENQUEUE)
            tracing_send(r);
    }
    return n;
}

static void count_call(struct gateway_metrics *m, enum operation op, size_t users)
{
    switch (op) {
    case OP_ENQUEUE:
        metric_add(&m->calls_enqueue, 1);
        metric_add(&m->users_enqueue, (int64_t)users);
        metric_observe_size(&m->batch_enqueue, (int64_t)users);
        return;
    case OP_STATUS:
        metric_add(&m->calls_status, 1);
        metric_add(&m->users_status, (int64_t)users);
        metric_observe_size(&m->batch_status, (int64_t)users);
        return;
    default:
        metric_add(&m->calls_head, 1);
    }
}

/* worth_a_call: something waits; behind another call, half as much as that one has. */
static bool worth_a_call(const struct gathering *g)
{
    const struct request *r = TAILQ_FIRST(&g->waiting);
    size_t least = g->n_calls > 0 ? (g->calls[g->first].n + 1) / 2 : 0;
    for (; least > 1 && r != NULL; least--)
        r = TAILQ_NEXT(r, next);
    return r != NULL || g->wanted;
}

static void send_call(struct gathering *g)
{
    struct campaign *c = g->campaign;
    struct loop *loop = c->loop;
    if (!worth_a_call(g) || (g->op == OP_ENQUEUE && c->n_writes > 0))
        return;
    struct call *call = &g->calls[(g->first + g->n_calls) % CALLS_MAX];
    size_t n = call->n = fill(g, call);
    g->sent_us = call->sent_us = clock_mono_us();
    int r =
        redis_link_call(loop->link, g->op == OP_ENQUEUE ? "onrush_enqueue" : "onrush_status",
                        &c->keys, n, loop->batcher->args, loop->batcher->lengths, on_reply, call);
    if (r < 0) {
        redis_is_away(loop, &call->sent);
        redis_is_away(loop, &g->waiting);
        return;
    }
    g->n_calls++;
    campaign_hold(c);
    count_call(&loop->metrics, g->op, n);
}

void batcher_flush(struct loop *loop)
{
    struct gathering_list *dirty = &loop->batcher->dirty;
    for (struct gathering *g; (g = TAILQ_FIRST(dirty)) != NULL;) {
        TAILQ_REMOVE(dirty, g, in_dirty);
        g->dirty = false;
        send_call(g);
    }
}

void batcher_abandon(struct loop *loop)
{
    struct campaign *c;
    TAILQ_FOREACH (c, &loop->campaigns->by_age, in_age) {
        for (int op = 0; op < OPERATIONS; op++) {
            for (int i = 0; i < CALLS_MAX; i++)
                fail_lost(&c->gathering[op].calls[i]);
            redis_is_away(loop, &c->gathering[op].waiting);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/batcher.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"

#include <assert.h>

void batcher_init(struct batcher *batcher, struct loop *loop, const struct batcher_hooks *hooks)
{
    batcher->loop = loop;
    batcher->hooks = hooks;
    TAILQ_INIT(&batcher->channels);
    TAILQ_INIT(&batcher->dirty);
}

static void gathering_init(struct gathering *g, struct channel *channel, enum operation op)
{
    *g = (struct gathering){.channel = channel, .op = op};
    TAILQ_INIT(&g->waiting);
    for (int i = 0; i < CALLS_MAX; i++) {
        g->calls[i].gathering = g;
        TAILQ_INIT(&g->calls[i].sent);
    }
}

void channel_init(struct channel *ch, struct batcher *batcher, const char *name,
                  const struct campaign_keys *keys)
{
    *ch = (struct channel){.batcher = batcher, .name = name, .keys = keys};
    for (int op = 0; op < OPERATIONS; op++)
        gathering_init(&ch->gathering[op], ch, (enum operation)op);
    TAILQ_INSERT_TAIL(&batcher->channels, ch, in_all);
}

/* busy: may no further call be sent? */
static bool busy(const struct gathering *g)
{
    return g->n_calls == (g->op == OP_HEAD ? 1 : CALLS_MAX);
}

static struct asked *pop(struct asked_list *list)
{
    struct asked *asked = TAILQ_FIRST(list);
    if (asked != NULL)
        TAILQ_REMOVE(list, asked, next);
    return asked;
}

/* fail: fails all questions in a list of this gathering. */
static void fail(struct gathering *g, struct asked_list *list, enum ask_failure why)
{
    for (struct asked *asked; (asked = pop(list)) != NULL;)
        g->channel->batcher->hooks->failed(asked, g->op, why);
}

static void mark_dirty(struct gathering *g)
{
    if (g->dirty || busy(g))
        return;
    g->dirty = true;
    TAILQ_INSERT_TAIL(&g->channel->batcher->dirty, g, in_dirty);
}

static bool link_up(const struct batcher *batcher)
{
    return redis_link_state(batcher->loop->link) == LINK_UP;
}

void batcher_ask(struct channel *ch, enum operation op, struct asked *asked)
{
    struct gathering *g = &ch->gathering[op];
    TAILQ_INSERT_TAIL(&g->waiting, asked, next);
    if (link_up(ch->batcher))
        mark_dirty(g);
    else if (redis_link_known(ch->batcher->loop->link))
        fail(g, &g->waiting, ASK_AWAY);
}

void batcher_link(struct batcher *batcher, bool up)
{
    struct channel *ch;
    TAILQ_FOREACH (ch, &batcher->channels, in_all) {
        for (int op = 0; op < OPERATIONS; op++) {
            struct gathering *g = &ch->gathering[op];
            if (!up)
                fail(g, &g->waiting, ASK_AWAY);
            else if (!TAILQ_EMPTY(&g->waiting))
                mark_dirty(g);
        }
    }
}

void batcher_hold(struct channel *ch)
{
    ch->n_holds++;
}

void batcher_go_on(struct channel *ch)
{
    assert(ch->n_holds > 0);
    if (--ch->n_holds == 0 && !TAILQ_EMPTY(&ch->gathering[OP_ENQUEUE].waiting))
        mark_dirty(&ch->gathering[OP_ENQUEUE]);
}

void batcher_want_head(struct channel *ch)
{
    struct gathering *g = &ch->gathering[OP_HEAD];
    if (busy(g) || !link_up(ch->batcher))
        return;
    g->wanted = true;
    mark_dirty(g);
}

/* --- the reply --- */

/* note_broken: notes whether Redis refuses this call for this campaign only. */
static void note_broken(struct gathering *g, bool broken)
{
    if (g->broken == broken)
        return;
    g->broken = broken;
    metric_add(&g->channel->batcher->loop->metrics.calls_refused, broken ? 1 : -1);
}

void channel_end(struct channel *ch)
{
    assert(ch->n_calls == 0);
    for (int op = 0; op < OPERATIONS; op++) {
        struct gathering *g = &ch->gathering[op];
        note_broken(g, false);
        if (g->dirty) /* nobody waits for this head any more */
            TAILQ_REMOVE(&ch->batcher->dirty, g, in_dirty);
    }
    TAILQ_REMOVE(&ch->batcher->channels, ch, in_all);
}

static void put_back(struct call *call)
{
    TAILQ_CONCAT(&call->sent, &call->gathering->waiting, next);
    TAILQ_CONCAT(&call->gathering->waiting, &call->sent, next);
}

/* ask_again: repeats a call that changed nothing, before questions that came later. Calls behind it
 * will fail likewise; if one succeeds, asking twice does no harm. */
static void ask_again(struct call *call)
{
    struct gathering *g = call->gathering;
    for (unsigned i = g->n_calls; i-- > 0;)
        put_back(&g->calls[(g->first + i) % CALLS_MAX]);
    put_back(call);
}

/* refused: the refusal concerns one campaign, and affects no other. */
static void refused(struct call *call, const char *error)
{
    struct gathering *g = call->gathering;
    char quoted[256];
    if (!g->broken)
        log_error("redis refuses a call for this campaign; the others go on, and the scheduler's "
                  "log says what to do",
                  "campaign=%s error=%s", g->channel->name,
                  log_quote(error, quoted, sizeof quoted));
    note_broken(g, true);
    fail(g, &call->sent, ASK_REFUSED);
}

/* take_error: the link handles errors of Redis as a whole: either it is no longer up, or it is
 * loading the functions again. */
static void take_error(struct call *call, const redisReply *reply)
{
    struct gathering *g = call->gathering;
    const char *ignored;
    if (redis_error_is(reply, "NOCAMPAIGN"))
        fail(g, &call->sent, ASK_NO_CAMPAIGN);
    else if (!link_up(g->channel->batcher))
        fail(g, &call->sent, ASK_AWAY);
    else if (redis_refusal_of(reply, &ignored) == REDIS_FORGOTTEN)
        ask_again(call);
    else
        refused(call, reply->str);
}

/* take_run: newly queued users in a row share one answer. */
static void take_run(struct call *call, struct request_state *state)
{
    const struct batcher_hooks *hooks = call->gathering->channel->batcher->hooks;
    for (struct asked *asked; state->run > 0 && (asked = pop(&call->sent)) != NULL;
         request_state_next(state))
        hooks->deliver(asked, state, call->sent_us);
}

/* take_members: answers come in the order of the users, one for each user or run. Users left over
 * got none. */
static void take_members(struct call *call, redisReply *const *members, size_t n)
{
    struct gathering *g = call->gathering;
    const struct batcher_hooks *hooks = g->channel->batcher->hooks;
    struct request_state state;
    struct asked *asked;
    for (size_t i = 0; i < n; i++) {
        const redisReply *m = members[i];
        bool good =
            m->type == REDIS_REPLY_STRING && request_state_parse(m->str, m->len, &state) == 0;
        if (good && state.run > 0)
            take_run(call, &state);
        else if ((asked = pop(&call->sent)) != NULL && good)
            hooks->deliver(asked, &state, call->sent_us);
        else if (asked != NULL)
            hooks->failed(asked, g->op, ASK_UNDECODABLE);
    }
    fail(g, &call->sent, ASK_UNDECODABLE);
}

/* take_heads: all who asked for the head get this one. */
static void take_heads(struct call *call)
{
    for (struct asked *asked; (asked = pop(&call->sent)) != NULL;)
        call->gathering->channel->batcher->hooks->shown(asked);
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
        log_error("redis answers what nobody can decode", "campaign=%s", g->channel->name);
        fail(g, &call->sent, ASK_GARBLED);
        return;
    }
    if (heads > 0)
        g->channel->batcher->hooks->head(g->channel, &head, call->sent_us);
    if (g->op == OP_HEAD)
        take_heads(call);
    else
        take_members(call, reply->element + heads, reply->elements - heads);
}

static void on_reply(void *arg, const redisReply *reply)
{
    struct call *call = arg;
    struct gathering *g = call->gathering;
    assert(g->n_calls > 0 && call == &g->calls[g->first]); /* replies come in call order */
    g->first = (g->first + 1) % CALLS_MAX;
    g->n_calls--;
    g->channel->batcher->loop->now_us = clock_mono_us();
    if (TAILQ_EMPTY(&call->sent) && (g->op != OP_HEAD || reply == NULL))
        ; /* abandoned, or only the worker asked */
    else if (reply == NULL)
        fail(g, &call->sent, ASK_NO_REPLY);
    else if (reply->type == REDIS_REPLY_ERROR)
        take_error(call, reply);
    else
        take_answers(call, reply);
    assert(TAILQ_EMPTY(&call->sent));
    if (!TAILQ_EMPTY(&g->waiting))
        mark_dirty(g);
    g->channel->n_calls--;
}

/* --- the call --- */

/* fill: moves what fits into one call from waiting to sent. Returns the number of users. */
static size_t fill(struct gathering *g, struct call *call)
{
    struct batcher *b = g->channel->batcher;
    size_t n = 0, most = (size_t)gateway_config(b->loop->gateway)->batch_max;
    if (g->op == OP_HEAD) {
        g->wanted = false;
        TAILQ_CONCAT(&call->sent, &g->waiting, next);
        return 0;
    }
    for (struct asked *asked; n < most && (asked = pop(&g->waiting)) != NULL; n++) {
        TAILQ_INSERT_TAIL(&call->sent, asked, next);
        b->args[n] = asked->user;
        b->lengths[n] = asked->len;
        if (asked->announced && g->op == OP_ENQUEUE)
            b->hooks->sending(asked);
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

/* worth_a_call: does something wait? Behind another call, at least half as much as that one has. */
static bool worth_a_call(const struct gathering *g)
{
    const struct asked *asked = TAILQ_FIRST(&g->waiting);
    size_t least = g->n_calls > 0 ? (g->calls[g->first].n + 1) / 2 : 0;
    for (; least > 1 && asked != NULL; least--)
        asked = TAILQ_NEXT(asked, next);
    return asked != NULL || g->wanted;
}

static void send_call(struct gathering *g)
{
    struct channel *ch = g->channel;
    struct batcher *b = ch->batcher;
    if (!worth_a_call(g) || (g->op == OP_ENQUEUE && ch->n_holds > 0))
        return;
    struct call *call = &g->calls[(g->first + g->n_calls) % CALLS_MAX];
    size_t n = call->n = fill(g, call);
    g->sent_us = call->sent_us = clock_mono_us();
    int r = redis_link_call(b->loop->link, g->op == OP_ENQUEUE ? "onrush_enqueue" : "onrush_status",
                            ch->keys, n, b->args, b->lengths, on_reply, call);
    if (r < 0) {
        fail(g, &call->sent, ASK_AWAY);
        fail(g, &g->waiting, ASK_AWAY);
        return;
    }
    g->n_calls++;
    ch->n_calls++;
    count_call(&b->loop->metrics, g->op, n);
}

void batcher_flush(struct batcher *batcher)
{
    for (struct gathering *g; (g = TAILQ_FIRST(&batcher->dirty)) != NULL;) {
        TAILQ_REMOVE(&batcher->dirty, g, in_dirty);
        g->dirty = false;
        send_call(g);
    }
}

void batcher_abandon(struct batcher *batcher)
{
    struct channel *ch;
    TAILQ_FOREACH (ch, &batcher->channels, in_all) {
        for (int op = 0; op < OPERATIONS; op++) {
            struct gathering *g = &ch->gathering[op];
            for (int i = 0; i < CALLS_MAX; i++)
                fail(g, &g->calls[i].sent, ASK_NO_REPLY);
            fail(g, &g->waiting, ASK_AWAY);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/waiters.h"

#include "gateway/loop.h"
#include "gateway/routes/route_table.h"
#include "shared/base/clock.h"
#include "shared/http/client_limit.h"
#include "shared/http/server.h"

#include <errno.h>

#define INSTANT_CROWD 1000
#define POLLS_A_MS    5 /* most calls of a worker, however many campaigns have waiters */

static struct request_list *list_of(const struct request *r)
{
    return r->instant ? &r->campaign->instant : &r->campaign->waiters;
}

static bool waited_for(const struct cached_campaign *c)
{
    return !TAILQ_EMPTY(&c->waiters) || !TAILQ_EMPTY(&c->instant);
}

static void join(struct request *r)
{
    struct cached_campaign *c = r->campaign;
    struct waiters *waiters = r->loop->waiters;
    bool first = !waited_for(c), first_instant = r->instant && waiters->n_instant == 0;
    metric_add(&r->loop->metrics.waiters, 1);
    request_move(r, STAGE_WAITING);
    r->waited = true;
    r->looked = false; /* later answers are judged anew */
    waiters->n_instant += r->instant;
    TAILQ_INSERT_TAIL(list_of(r), r, next);
    if (first) {
        c->waiters_decided = campaign_decided(&c->head);
        TAILQ_INSERT_TAIL(&waiters->waited, c, in_waited);
        waiters->n_waited++;
    }
    if (first || first_instant)
        waiters_poll(waiters, true);
}

/* leave: takes a request out of its list. The caller must call waiters_left() afterwards. */
static void leave(struct request *r)
{
    TAILQ_REMOVE(list_of(r), r, next);
    r->loop->waiters->n_instant -= r->instant;
    http_client_limit_leave(r->loop->gateway->waiters, r->place);
    metric_add(&r->loop->metrics.waiters, -1);
}

/* enter: takes a place among the waiters. A proxy that names no client has no limit per address. */
static enum http_client_limit_verdict enter(struct request *r)
{
    struct gateway *gateway = r->loop->gateway;
    const struct gateway_config *config = gateway_config(gateway);
    int64_t most = gateway_config_waiters(config);
    return http_client_limit_enter(gateway->waiters, r->from_proxy ? NULL : &r->client, most,
                                   gateway_share(config->max_waiters_per_address, most), &r->place);
}

/* may_wait: a GET waits as long as it asks for; a POST as long as its campaign says, from its
 * arrival. */
static bool may_wait(struct request *r)
{
    const struct cached_campaign *c = r->campaign;
    if (r->route->op == OP_ENQUEUE && !r->waited && c->has_head && c->head.instant_wait_ms > 0) {
        r->wait_ms = c->head.instant_wait_ms;
        r->deadline_us = r->start_us + r->wait_ms * 1000;
    }
    return r->wait_ms > 0 && r->loop->now_us < r->deadline_us && !r->loop->draining &&
           !http_conn_gone(r->conn);
}

bool waiters_take(struct request *r)
{
    if (!may_wait(r))
        return false;
    bool post = r->route->op == OP_ENQUEUE;
    struct gateway_metrics *m = &r->loop->metrics;
    enum http_client_limit_verdict verdict = enter(r);
    if (verdict == HTTP_CLIENT_IN) {
        r->instant = post;
        join(r);
        return true;
    }
    if (post)
        return false;
    metric_add(verdict == HTTP_CLIENT_ALL_FULL ? &m->unavailable_waiters
                                               : &m->unavailable_waiters_here,
               1);
    request_answer(r, OUTCOME_overloaded);
    return true;
}

/* ask_again: moves a request from WAITING to ASKING. */
static void ask_again(struct request *r)
{
    leave(r);
    request_ask(r, OP_STATUS);
}

static void waiters_left(struct cached_campaign *c)
{
    struct waiters *waiters = c->loop->waiters;
    if (waited_for(c))
        return;
    TAILQ_REMOVE(&waiters->waited, c, in_waited);
    waiters->n_waited--;
    if (TAILQ_EMPTY(&waiters->waited))
        waiters_poll(waiters, false);
}

/* decided_to: returns the highest ticket that may be decided. The watermark alone could be too low,
 * because a takeover sets the mark back, and a user who got a better place still has the old ticket
 * here. If the queue is empty, all tickets are decided. */
static uint64_t decided_to(const struct campaign_head *head)
{
    return head->queued + head->claimed > 0 ? (uint64_t)head->watermark : UINT64_MAX;
}

/* see: asks for those in a list that may be decided. */
static void see(struct request_list *list, uint64_t watermark)
{
    for (struct request *r = TAILQ_FIRST(list), *after; r != NULL; r = after) {
        after = TAILQ_NEXT(r, next);
        if (r->known.ticket <= watermark)
            ask_again(r);
    }
}

void waiters_see(struct cached_campaign *c)
{
    int64_t decided = campaign_decided(&c->head);
    if (!waited_for(c) || decided == c->waiters_decided)
        return;
    c->waiters_decided = decided;
    see(&c->waiters, decided_to(&c->head));
    see(&c->instant, decided_to(&c->head));
    waiters_left(c);
}

/* end_instant: answers the POSTs whose time is over, or all, with the state they had when
 * accepted. */
static void end_instant(struct cached_campaign *c, bool all)
{
    for (struct request *r = TAILQ_FIRST(&c->instant), *after; r != NULL; r = after) {
        after = TAILQ_NEXT(r, next);
        if (!all && r->deadline_us > c->loop->now_us)
            continue;
        leave(r);
        request_answer(r, OUTCOME_waiting);
    }
}

static void look(struct waiters *waiters)
{
    for (struct cached_campaign *c = TAILQ_FIRST(&waiters->waited), *after; c != NULL; c = after) {
        after = TAILQ_NEXT(c, in_waited);
        end_instant(c, false);
        batcher_want_head(&c->channel);
        waiters_left(c);
    }
}

static void sweep(struct cached_campaign *c, bool all)
{
    for (struct request *r = TAILQ_FIRST(&c->waiters), *after; r != NULL; r = after) {
        after = TAILQ_NEXT(r, next);
        if (!all && r->deadline_us > c->loop->now_us)
            continue;
        r->wait_ms = 0;
        ask_again(r);
    }
    end_instant(c, all);
    waiters_left(c);
}

void waiters_sweep(struct waiters *waiters, bool all)
{
    for (struct cached_campaign *c = TAILQ_FIRST(&waiters->waited), *after; c != NULL; c = after) {
        after = TAILQ_NEXT(c, in_waited);
        sweep(c, all);
    }
}

void waiters_gone(struct request *r)
{
    struct cached_campaign *c = r->campaign;
    if (r->stage != STAGE_WAITING)
        return;
    leave(r);
    waiters_left(c);
    request_answer(r, OUTCOME_waiting);
}

/* --- the timer --- */

/* poll_ms: grows with the number of waiting POSTs, because each poll looks through all of them, and
 * with the number of campaigns, because each needs a call. */
static int64_t poll_ms(const struct waiters *waiters)
{
    const struct gateway_config *config = gateway_config(waiters->loop->gateway);
    int64_t n = (int64_t)waiters->n_instant;
    int64_t ms = config->instant_poll_ms * (1 + n / INSTANT_CROWD);
    int64_t least_ms = (int64_t)waiters->n_waited / POLLS_A_MS;
    ms = n > 0 && ms < config->poll_ms ? ms : config->poll_ms;
    return ms > least_ms ? ms : least_ms;
}

void waiters_poll(struct waiters *waiters, bool on)
{
    int64_t ms = poll_ms(waiters), due_us = waiters->loop->now_us + ms * 1000;
    if (!on) {
        event_del(waiters->poll_event);
        waiters->poll_us = 0;
    } else if (waiters->poll_us == 0 || due_us < waiters->poll_us) {
        const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
        event_add(waiters->poll_event, &tv);
        waiters->poll_us = due_us;
    }
}

static void on_poll(evutil_socket_t fd, short what, void *arg)
{
    struct waiters *waiters = arg;
    (void)fd;
    (void)what;
    waiters->loop->now_us = clock_mono_us();
    waiters->poll_us = 0;
    look(waiters);
    if (!TAILQ_EMPTY(&waiters->waited))
        waiters_poll(waiters, true); /* with the settings now in force */
}

int waiters_start(struct waiters *waiters, struct loop *loop)
{
    *waiters = (struct waiters){.loop = loop};
    TAILQ_INIT(&waiters->waited);
    waiters->poll_event = event_new(loop->base, -1, 0, on_poll, waiters);
    return waiters->poll_event != NULL ? 0 : -ENOMEM;
}

void waiters_end(struct waiters *waiters)
{
    if (waiters->poll_event != NULL)
        event_free(waiters->poll_event);
}

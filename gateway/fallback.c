/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/fallback.h"

#include "gateway/journal/archive.h"
#include "gateway/loop.h"
#include "gateway/routes/route_table.h"
#include "shared/base/clock.h"

#define MISSING_US 1000000
#define LOOK_US    (DOUBT_US * 7 / 10) /* after this age of the last look, the next one begins */

static bool is_post(const struct request *r)
{
    return r->route->op == OP_ENQUEUE;
}

/* ours_unseen: has this gateway journalled since the last look that found the journal empty? */
static bool ours_unseen(const struct request *r)
{
    return atomic_load(&r->loop->gateway->journalled_us) >= r->campaign->look.began_us;
}

/* note_look: notes a look into the campaign's journal. If it was empty, all earlier requests are in
 * the queue, so answers of Redis from now on are true. The look takes effect with the next younger
 * head, because the sold-out filter relies on heads. */
static void note_look(struct cached_campaign *c, const struct archive_job *job)
{
    if (job->answer != ARCHIVE_FOUND || job->row.journal || job->put_us <= c->look.began_us)
        return;
    /* Do not replace a look that waits for a head: looks may end more often than heads come. */
    if (c->next_look.began_us <= c->look.began_us)
        c->next_look = (struct look){.began_us = job->put_us, .ended_us = clock_mono_us()};
    batcher_want_head(&c->channel);
}

static void on_looked(struct archive_job *job)
{
    struct cached_campaign *c = cached_campaign_check(job->owner);
    c->looking = false;
    c->loop->n_archived--;
    note_look(c, job);
    cached_campaign_release(c);
}

/* look_again: looks in the background, so that later requests need not look themselves. */
static void look_again(struct cached_campaign *c)
{
    c->looking = true;
    c->look_job = (struct archive_job){.owner = c,
                                       .done = on_looked,
                                       .op = ARCHIVE_ASK,
                                       .name = c->name,
                                       .user = "",
                                       .put_us = clock_mono_us()};
    cached_campaign_hold(c);
    c->loop->n_archived++;
    archive_put(c->loop->archive, &c->look_job);
}

bool fallback_doubted(const struct request *r, int64_t asked_us)
{
    struct cached_campaign *c = r->campaign;
    struct loop *loop = r->loop;
    int64_t age_us = loop->now_us - c->look.began_us;
    if (r->looked || !gateway_config(loop->gateway)->journal)
        return false;
    if (metric_get(&loop->metrics.mariadb_up) == 0 && !ours_unseen(r))
        return false; /* nobody can journal */
    if (age_us > DOUBT_US || asked_us < c->look.ended_us || ours_unseen(r))
        return true;
    if (age_us > LOOK_US && !c->looking)
        look_again(c);
    return false;
}

/* still_no: is the no of Redis certain, although Redis cannot be asked again? A user whom this
 * gateway journalled since may be in the queue by now, unless all coupons are granted. */
static bool still_no(const struct request *r)
{
    const struct campaign_row *row = &r->archive.row;
    return !ours_unseen(r) || (r->known.kind == REQUEST_FULL && row->granted >= row->quota);
}

/* ask_again: the request may have just left the journal; then Redis knows it. */
static void ask_again(struct request *r)
{
    bool can_ask = redis_link_state(r->loop->link) == LINK_UP;
    r->looked = true;
    if (can_ask && !r->loop->finishing)
        request_ask(r, r->route->op);
    else if (!r->loop->finishing && still_no(r))
        request_answer(r, request_outcome(r->known.kind));
    else
        request_turn_away(r, OUTCOME_unavailable, &r->loop->metrics.unavailable_redis_down);
}

/* take_unknown: MariaDB has the campaign, but nothing about this user. */
static void take_unknown(struct request *r)
{
    struct gateway_metrics *m = &r->loop->metrics;
    switch (r->why) {
    case FALLBACK_NO_REQUEST:
        ask_again(r);
        break;
    case FALLBACK_REDIS_AWAY: /* the user may be in the queue */
        request_turn_away(r, OUTCOME_unavailable, &m->unavailable_redis_down);
        break;
    case FALLBACK_NO_CAMPAIGN: /* the keys expired, or do not exist yet */
        if (r->archive.row.state == CAMPAIGN_SETTLED)
            request_answer(r, is_post(r) ? OUTCOME_closed : OUTCOME_no_request);
        else
            request_turn_away(r, OUTCOME_unavailable, &m->unavailable_unpublished);
        break;
    }
}

/* note_journalled: call it before the answer. Workers race here; the time never goes back. */
static void note_journalled(struct gateway *gateway)
{
    int64_t now_us = clock_mono_us(), before_us = atomic_load(&gateway->journalled_us);
    while (before_us < now_us &&
           !atomic_compare_exchange_weak(&gateway->journalled_us, &before_us, now_us))
        ;
}

static void take_found(struct request *r)
{
    const struct archive_job *job = &r->archive;
    if (r->user_len == 0) {
        campaign_view_row(&r->view, &job->row);
        request_answer(r, OUTCOME_campaign);
        return;
    }
    if (job->known.kind == REQUEST_NONE) {
        take_unknown(r);
        return;
    }
    r->known = job->known;
    if (job->op == ARCHIVE_WRITE && r->known.kind == REQUEST_WAITING) {
        note_journalled(r->loop->gateway);
        metric_add(&r->loop->metrics.journalled, 1);
    }
    request_answer(r, request_outcome(r->known.kind));
}

static void on_answer(struct archive_job *job)
{
    struct request *r = request_check(job->owner);
    struct gateway_metrics *m = &r->loop->metrics;
    r->loop->n_archived--;
    if (r->archive.op == ARCHIVE_WRITE)
        batcher_go_on(&r->campaign->channel);
    else
        note_look(r->campaign, &r->archive);
    switch (r->archive.answer) {
    case ARCHIVE_FOUND:
        take_found(r);
        break;
    case ARCHIVE_NOTHING:
        r->campaign->missing_until_us = r->loop->now_us + MISSING_US;
        request_answer(r, OUTCOME_no_campaign);
        break;
    case ARCHIVE_UNKNOWN:
        request_turn_away(r, OUTCOME_unknown, &m->unavailable_mariadb);
        break;
    case ARCHIVE_AWAY:
        if (r->why == FALLBACK_NO_REQUEST && !ours_unseen(r))
            request_answer(r, request_outcome(r->known.kind));
        else
            request_turn_away(r, OUTCOME_unavailable, &m->unavailable_mariadb);
        break;
    }
}

void fallback_ask(struct request *r, enum fallback_why why)
{
    struct loop *loop = r->loop;
    bool write = is_post(r) && why != FALLBACK_NO_REQUEST && gateway_config(loop->gateway)->journal;
    request_move(r, STAGE_ARCHIVED);
    r->why = why;
    r->archive.owner = r;
    r->archive.done = on_answer;
    r->archive.op = write ? ARCHIVE_WRITE : ARCHIVE_ASK;
    r->archive.name = r->name;
    r->archive.user = r->user;
    r->archive.put_us = clock_mono_us();
    loop->n_archived++;
    if (write)
        batcher_hold(&r->campaign->channel);
    archive_put(loop->archive, &r->archive);
}

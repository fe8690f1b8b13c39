/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a campaign over: from the lease to the first claim.
 *
 * MariaDB has the higher epoch already. So no batch of an older owner can commit any more, and all
 * that did commit is visible. Publishing the epoch in Redis fences the older owner there too, and
 * sets the mark back. Then the queue is read up to the highest ticket that MariaDB has committed.
 * Granted requests are settled; all others still wait, with their old tickets. */
#include "scheduler/campaign.h"

#include "scheduler/fault_point.h"
#include "shared/base/log.h"

#include <assert.h>
#include <inttypes.h>

/* --- the question of each phase --- */

static bool ask(struct campaign *c)
{
    struct world *w = c->world;
    switch (c->phase) {
    case PHASE_LOADING:
        return campaign_submit(c, JOB_LOAD, NULL);
    case PHASE_PUBLISHING:
        return campaign_asked(c, w->publish(w, c, PUBLISH_TAKE));
    case PHASE_COMPARING:
        return campaign_asked(c, w->claim(w, c, w->batch_size, c->moves));
    case PHASE_REVIVING:
        return campaign_asked(c, w->revive(w, c, c->cursor, w->batch_size));
    case PHASE_OPENING:
        c->publish_due = false;
        return campaign_asked(c, w->publish(w, c, PUBLISH_OPEN));
    default:
        assert(!"not a phase of the takeover");
        return false;
    }
}

/* again: Redis was lost on the way. Every step may be repeated. */
static void again(struct campaign *c)
{
    campaign_retry_later(c);
    campaign_enter(c, PHASE_PUBLISHING);
}

/* --- LOADING --- */

static void on_load(struct campaign *c, struct job *job)
{
    if (job->outcome == JOB_FENCED) {
        campaign_drop(c, "the lease is gone");
        return;
    }
    if (job->outcome != JOB_DONE) {
        campaign_retry_later(c);
        return;
    }
    c->ledger = job->ledger;
    job->ledger = (struct ledger){.next = 1};
    c->granted = job->granted;
    c->watermark = job->watermark;
    log_info("campaign is taken", "name=%s epoch=%" PRIu64 " quota=%u granted=%u gaps=%zu",
             c->row.name, c->epoch, job->quota, job->granted, c->ledger.n_freed);
    campaign_enter(c, PHASE_PUBLISHING);
}

/* --- PUBLISHING --- */

static void on_published(struct campaign *c, const struct campaign_head *before)
{
    c->shown = before->granted > 0 ? (uint64_t)before->granted : 0;
    c->sold_out = before->sold_out;
    c->moves = before->moves > 0 ? (uint64_t)before->moves : 0;
    campaign_enter(c, PHASE_COMPARING);
}

/* --- RESTORING --- */

static void after_restore(struct campaign *c)
{
    bool revive = c->sold_out > 0 && c->granted < c->ledger.quota;
    campaign_enter(c, revive ? PHASE_REVIVING : PHASE_OPENING);
}

/* all_compared: the queue holds no granted request any more. So Redis must show every grant; if
 * not, it came back empty or with older data. */
static void all_compared(struct campaign *c)
{
    if (c->shown == c->granted) {
        after_restore(c);
        return;
    }
    log_warning("redis lost grants; they are restored from mariadb",
                "name=%s granted=%u shown=%" PRIu64, c->row.name, c->granted, c->shown);
    campaign_enter(c, PHASE_RESTORING);
}

static void settle_page(struct campaign *c)
{
    bool asked = campaign_asked(c, c->world->settle(c->world, c, c->page));
    c->page = batch_free(c->page);
    if (!asked)
        again(c);
}

/* restore_step: MariaDB reads a page while Redis gets the one before. */
static void restore_step(struct campaign *c)
{
    if (c->page != NULL && c->asks == 0)
        settle_page(c);
    if (c->phase != PHASE_RESTORING || c->page != NULL)
        return;
    if (!c->paged && c->jobs == 0)
        campaign_submit(c, JOB_PAGE, NULL);
    else if (c->paged && c->asks == 0)
        after_restore(c);
}

static void on_page(struct campaign *c, struct job *job)
{
    if (c->phase != PHASE_RESTORING) /* it started again meanwhile */
        return;
    if (job->outcome != JOB_DONE) {
        campaign_retry_later(c);
        return;
    }
    c->paged = job->found->n == 0;
    if (c->paged)
        return;
    c->cursor = job->found->rows[job->found->n - 1].serial;
    c->page = job->found;
    job->found = NULL;
}

/* --- COMPARING and REVIVING --- */

/* committed_until: how many of the rows, ordered by ticket, may be granted in MariaDB. */
static size_t committed_until(const struct campaign *c, const struct queue_answer *a)
{
    size_t n = 0;
    while (n < a->n && a->rows[n].ticket <= c->watermark)
        n++;
    return n;
}

static void on_claim(struct campaign *c, const struct queue_answer *a)
{
    size_t n = committed_until(c, a);
    if (a->n > 0)
        fault_point("after-compare");
    c->moves += a->n + a->n_aside > 0;
    c->compared = n < a->n || a->n + a->n_aside == 0;
    if (n == 0) {
        if (c->compared) /* else: more may follow what was set aside */
            all_compared(c);
        return;
    }
    struct batch *page = batch_of(a->rows, n);
    if (page == NULL)
        campaign_drop(c, "out of memory");
    else
        campaign_submit(c, JOB_READ_BACK, page);
}

/* on_read_back: settles the granted requests of the page. Then the next page follows. */
static void on_read_back(struct campaign *c, struct job *job)
{
    if (job->outcome != JOB_DONE) { /* reading may be repeated */
        campaign_repeat(c, job);
        return;
    }
    c->shown += job->found->n;
    if (job->found->n > 0) {
        job->found->verdict = VERDICT_GRANTED;
        if (!campaign_asked(c, c->world->settle(c->world, c, job->found)))
            again(c);
    } else if (c->compared) {
        all_compared(c);
    }
}

static void on_revive(struct campaign *c, const struct queue_answer *a)
{
    c->cursor = a->left;
    if (c->cursor == 0)
        campaign_enter(c, PHASE_OPENING);
}

/* --- events --- */

void recovery_step(struct campaign *c)
{
    if (c->world->now_us(c->world) < c->retry_at_us)
        return;
    if (c->phase == PHASE_RESTORING)
        restore_step(c);
    else if (campaign_idle(c))
        ask(c);
}

static void on_publish(struct campaign *c, const struct queue_answer *a)
{
    if (c->phase == PHASE_PUBLISHING)
        on_published(c, &a->head);
    else if (c->phase == PHASE_OPENING)
        campaign_enter(c, PHASE_RUNNING);
}

static void on_done(struct campaign *c, const struct queue_answer *a)
{
    c->moves += a->op == QUEUE_SETTLE || a->op == QUEUE_REVIVE;
    if (a->op == QUEUE_PUBLISH)
        on_publish(c, a);
    else if (a->op == QUEUE_CLAIM)
        on_claim(c, a);
    else if (a->op == QUEUE_SETTLE && c->phase == PHASE_COMPARING && c->compared)
        all_compared(c);
    else if (a->op == QUEUE_REVIVE)
        on_revive(c, a);
}

void recovery_on_queue(struct campaign *c, const struct queue_answer *a)
{
    if (a->outcome == QUEUE_STALE)
        campaign_drop(c, "redis has a newer epoch");
    else if (a->outcome != QUEUE_OK)
        again(c);
    else
        on_done(c, a);
}

void recovery_on_job(struct campaign *c, struct job *job)
{
    if (job->kind == JOB_LOAD)
        on_load(c, job);
    else if (job->kind == JOB_PAGE)
        on_page(c, job);
    else if (job->kind == JOB_READ_BACK)
        on_read_back(c, job);
    else if (job->kind == JOB_REFUSE)
        campaign_on_noted(c, job);
}

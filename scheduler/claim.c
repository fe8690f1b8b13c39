/* SPDX-License-Identifier: Apache-2.0 */
/* The stages of a claim: claim, look into the journal, drain it. campaign.h has the picture. */
#include "scheduler/campaign.h"

/* A gateway with a slow clock reports early arrivals all the time. After so many looks in a row
 * that let no claimed request pass, all of them pass. */
#define YIELDS_MAX 16

/* --- claim --- */

/* may_claim: a full batch may be claimed while others are under way. A smaller one waits until none
 * is, so batches grow with the load (group commit). The line must be empty, because its requests
 * come first. */
static bool may_claim(const struct campaign *c)
{
    int64_t now_us = c->world->now_us(c->world);
    if (c->drained || c->ledger.n_line > 0 || c->n_decided >= c->world->max_batches)
        return false;
    if (c->row.state == CAMPAIGN_PAUSED)
        return now_us >= c->poll_at_us;
    if (c->batches > 0)
        return c->left >= c->world->batch_size && c->batches < c->world->max_batches;
    return c->left > 0 || now_us >= c->poll_at_us;
}

/* claim: claims nothing from a paused campaign; that call only shows whether Redis lost data. */
static void claim(struct campaign *c)
{
    size_t n = c->row.state == CAMPAIGN_PAUSED ? 0 : c->world->batch_size;
    if (campaign_asked(c, c->world->claim(c->world, c, n, c->moves + c->settling)))
        c->claim = CLAIM_CLAIMING;
}

/* look: reads the journal; `claimed` waits for the result. */
static void look(struct campaign *c)
{
    c->look_due = false;
    c->claim = CLAIM_LOOKING;
    campaign_submit(c, JOB_JOURNAL, NULL);
}

/* nothing_claimed: is every claimed request decided, and settled in Redis? */
static bool nothing_claimed(const struct campaign *c)
{
    return c->jobs == 0 && c->ledger.n_line == 0 && STAILQ_EMPTY(&c->decided);
}

void claim_on_claim(struct campaign *c, const struct queue_answer *a)
{
    bool nobody = a->n + a->n_aside == 0;
    bool closed = c->row.state == CAMPAIGN_CLOSED && !c->publish_due && !c->publishing;
    c->left = a->left;
    c->moves += !nobody;
    c->emptied = nobody && closed && a->claimed == 0;
    c->claim = CLAIM_IDLE;
    if (nobody)
        c->poll_at_us = c->world->now_us(c->world) + c->world->poll_us;
    if (nobody && a->claimed > 0 && nothing_claimed(c)) {
        campaign_drop(c, "the queue holds requests that were claimed and forgotten");
        return;
    }
    if (a->n == 0 && !c->emptied)
        return;
    c->claimed = batch_of(a->rows, a->n);
    if (c->claimed == NULL)
        campaign_drop(c, "out of memory");
    else
        look(c);
}

/* --- look --- */

/* passed: how many claimed requests came before everybody in this page of the journal. */
static size_t passed(struct campaign *c, const struct batch *journal)
{
    const struct batch *claimed = c->claimed;
    size_t n = journal->n > 0 ? 0 : claimed->n;
    while (n < claimed->n && claimed->rows[n].ticket < journal->rows[0].ticket)
        n++;
    c->yielded = n == 0 && claimed->n > 0 ? c->yielded + 1 : 0;
    if (c->yielded <= YIELDS_MAX)
        return n;
    c->yielded = 0;
    return claimed->n;
}

/* join: puts the first n into the line. The others stay in the queue and are claimed again. */
static void join(struct campaign *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        c->mark = c->claimed->rows[i].ticket;
        if (ledger_join(&c->ledger, &c->claimed->rows[i]) < 0) {
            campaign_drop(c, "out of memory");
            return;
        }
    }
    c->left += c->claimed->n - n;
    c->mark_due |= n < c->claimed->n;
}

static void drain(struct campaign *c, struct batch *journal)
{
    if (!campaign_asked(c, c->world->drain(c->world, c, journal, c->mark))) {
        batch_free(journal); /* it is read again */
        return;
    }
    c->claim = CLAIM_DRAINING;
    c->journal = journal;
}

void claim_on_looked(struct campaign *c, struct job *job)
{
    struct batch *page = job->found;
    if (job->outcome != JOB_DONE) { /* reading may be repeated */
        campaign_repeat(c, job);
        return;
    }
    c->claim = CLAIM_IDLE;
    if (c->claimed != NULL)
        join(c, passed(c, page));
    c->claimed = batch_free(c->claimed);
    c->drained = c->emptied && page->n == 0;
    c->look_due |= !job->last;
    if (c->phase != PHASE_RUNNING || (page->n == 0 && !c->mark_due))
        return;
    job->found = NULL;
    drain(c, page);
}

/* --- drain: copies the journal to the queue page by page, then deletes it --- */

void claim_on_drain(struct campaign *c)
{
    struct batch *page = c->journal;
    c->journal = NULL;
    c->moves++;
    c->mark_due = c->emptied = false;
    c->left += page->n;
    c->claim = page->n > 0 ? CLAIM_DELETING : CLAIM_IDLE;
    if (page->n > 0)
        campaign_submit(c, JOB_UNJOURNAL, page);
    else
        batch_free(page);
}

/* claim_on_drained: rows that were not deleted are read again; Redis recognizes them. */
void claim_on_drained(struct campaign *c, struct job *job)
{
    c->claim = CLAIM_IDLE;
    if (job->outcome != JOB_DONE)
        campaign_retry_later(c);
}

/* --- all stages --- */

void claim_step(struct campaign *c)
{
    int64_t now_us = c->world->now_us(c->world);
    if (c->claim != CLAIM_IDLE || c->stopping || c->finishing || now_us < c->retry_at_us ||
        now_us >= c->lease.until_us)
        return;
    if (c->look_due || c->mark_due)
        look(c);
    else if (may_claim(c))
        claim(c);
}

void claim_failed(struct campaign *c)
{
    c->claim = CLAIM_IDLE;
    c->journal = batch_free(c->journal);
}

void claim_forget(struct campaign *c)
{
    claim_failed(c);
    c->claimed = batch_free(c->claimed);
    c->mark = c->yielded = 0;
    c->mark_due = c->emptied = false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The phase RUNNING: decide, commit, settle. claim.c fills the line; recovery.c leads to this
 * phase. */
#include "scheduler/campaign.h"

#include "shared/base/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CLASHES_MAX 3

/* --- settle --- */

/* decide: MariaDB's answer for these rows is final; queues it for Redis. Takes `batch` over. */
static void decide(struct campaign *c, struct batch *batch, enum verdict verdict)
{
    if (batch->n == 0) {
        batch_free(batch);
        return;
    }
    batch->verdict = verdict;
    STAILQ_INSERT_TAIL(&c->decided, batch, next);
    c->n_decided++;
}

static void settle_some(struct campaign *c)
{
    const struct batch *first = STAILQ_FIRST(&c->decided);
    if (first != NULL && !c->settling)
        c->settling = campaign_asked(c, c->world->settle(c->world, c, first));
}

static void on_settle(struct campaign *c)
{
    struct batch *settled = STAILQ_FIRST(&c->decided);
    c->moves++;
    if (settled->verdict == VERDICT_REFUSED)
        campaign_make_room(c, settled->n);
    STAILQ_REMOVE_HEAD(&c->decided, next);
    c->n_decided--;
    batch_free(settled);
}

/* --- decide and commit --- */

static void commit_some(struct campaign *c)
{
    while (c->phase == PHASE_RUNNING && c->batches < c->world->max_batches &&
           ledger_takeable(&c->ledger) > 0) {
        size_t n = ledger_takeable(&c->ledger);
        struct batch *batch = batch_new(n < c->world->batch_size ? n : c->world->batch_size);
        if (batch == NULL) {
            campaign_drop(c, "out of memory");
            return;
        }
        ledger_take(&c->ledger, batch);
        c->batches += campaign_submit(c, JOB_COMMIT, batch);
    }
}

static void free_serial(struct campaign *c, uint32_t serial)
{
    if (ledger_free_serial(&c->ledger, serial) < 0)
        campaign_drop(c, "out of memory");
}

/* refuse: halves the batch until the bad row is alone. Its serial then goes to the next in line. */
static void refuse(struct campaign *c, struct batch *batch)
{
    if (batch->n > 1) {
        struct batch *second = batch_split(batch);
        campaign_submit(c, JOB_COMMIT, batch);
        if (second != NULL)
            c->batches += campaign_submit(c, JOB_COMMIT, second);
        else
            campaign_drop(c, "out of memory");
        return;
    }
    log_error("a request is set aside: mariadb refuses its row; see onrushctl campaign show",
              "campaign=%s user=%s ticket=%" PRIu64, c->row.name, batch->rows[0].user,
              batch->rows[0].ticket);
    c->batches--;
    free_serial(c, batch->rows[0].serial);
    campaign_note_refused(c, batch, "row-refused");
}

/* on_noted: members set aside by Redis have no ticket, and are settled there already. */
static void on_noted(struct campaign *c, struct job *job)
{
    if (!campaign_on_noted(c, job) || job->batch->rows[0].ticket == 0)
        return;
    decide(c, job->batch, VERDICT_REFUSED);
    job->batch = NULL;
}

/* clash: a key exists already, which reading back should explain. If it does not, our picture of
 * MariaDB is wrong. */
static void clash(struct campaign *c, struct batch *batch)
{
    if (++batch->clashes > CLASHES_MAX) {
        batch_free(batch);
        campaign_drop(c, "mariadb has keys that reading back does not explain");
        return;
    }
    campaign_submit(c, JOB_READ_BACK, batch);
}

/* on_commit: takes the job's batch over. */
static void on_commit(struct campaign *c, struct job *job)
{
    struct batch *batch = job->batch;
    job->batch = NULL;
    memcpy(batch->detail, job->error, sizeof batch->detail);
    if (job->outcome == JOB_DONE) {
        c->batches--;
        decide(c, batch, VERDICT_GRANTED);
    } else if (job->outcome == JOB_FENCED) {
        batch_free(batch);
        campaign_drop(c, "a commit was fenced");
    } else if (job->outcome == JOB_CLASH) {
        clash(c, batch);
    } else if (job->outcome == JOB_REFUSED) {
        refuse(c, batch);
    } else {
        campaign_submit(c, job->outcome == JOB_BUSY ? JOB_COMMIT : JOB_READ_BACK, batch);
    }
}

/* --- read back --- */

static int by_user(const void *a, const void *b)
{
    return strcmp(((const struct grant *)a)->user, ((const struct grant *)b)->user);
}

/* take_missing: keeps the rows of `batch` whose users are not in `found`. */
static void take_missing(struct campaign *c, struct batch *batch, struct batch *found,
                         bool have_serials)
{
    size_t kept = 0;
    qsort(found->rows, found->n, sizeof found->rows[0], by_user);
    for (size_t i = 0; i < batch->n; i++) {
        struct grant *row = &batch->rows[i];
        const struct grant *there = bsearch(row, found->rows, found->n, sizeof *row, by_user);
        if (there == NULL)
            batch->rows[kept++] = *row;
        else if (have_serials && there->serial != row->serial)
            free_serial(c, row->serial);
    }
    batch->whole = batch->whole && kept == batch->n;
    batch->n = kept;
}

static void on_read_back(struct campaign *c, struct job *job)
{
    struct batch *batch = job->batch, *found = job->found;
    if (job->outcome != JOB_DONE) { /* reading may be repeated */
        campaign_repeat(c, job);
        return;
    }
    job->found = NULL;
    take_missing(c, batch, found, true);
    decide(c, found, VERDICT_GRANTED);
    if (batch->n == 0) {
        c->batches--;
        return;
    }
    job->batch = NULL;
    campaign_submit(c, JOB_COMMIT, batch);
}

/* --- the last in line --- */

/* confirm: no serial is left and nothing is under way. Asks MariaDB before anybody is told "sold
 * out". */
static void confirm(struct campaign *c)
{
    if (!ledger_parked(&c->ledger) || c->batches > 0 || c->confirming)
        return;
    struct batch *line = batch_new(c->ledger.n_line);
    if (line == NULL) {
        campaign_drop(c, "out of memory");
        return;
    }
    ledger_leave(&c->ledger, line);
    c->confirming = campaign_submit(c, JOB_CONFIRM, line);
}

static void on_confirm(struct campaign *c, struct job *job)
{
    struct batch *line = job->batch, *found = job->found;
    bool again = job->outcome == JOB_BUSY || job->outcome == JOB_UNKNOWN;
    c->confirming = again && campaign_repeat(c, job);
    if (again)
        return;
    if (job->outcome != JOB_DONE || job->granted < job->quota) {
        campaign_drop(c, job->outcome == JOB_DONE
                             ? "mariadb has coupons left that the ledger does not know"
                             : "a confirmation was fenced");
        return;
    }
    job->batch = job->found = NULL;
    take_missing(c, line, found, false);
    decide(c, found, VERDICT_GRANTED);
    decide(c, line, VERDICT_SOLD_OUT);
}

/* --- closed, and every request is decided --- */

/* finish: the keys get their expiry first, and then the row becomes "settled". So if a scheduler
 * dies in between, the next one repeats both. */
static void finish(struct campaign *c)
{
    if (c->drained && !c->look_due && campaign_quiet(c) && c->ledger.n_line == 0)
        c->finishing = campaign_asked(c, c->world->expire(c->world, c));
}

static void on_finish(struct campaign *c, struct job *job)
{
    if (job->outcome == JOB_DONE)
        campaign_enter(c, PHASE_DROPPING);
    else if (job->outcome == JOB_FENCED)
        campaign_drop(c, "its end was fenced");
    else if (job->outcome != JOB_CLASH)
        campaign_repeat(c, job);
    else /* the journal is not empty */
        c->look_due = true;
    c->finishing &= job->outcome != JOB_CLASH;
}

/* --- all steps --- */

void running_step(struct campaign *c)
{
    struct world *w = c->world;
    bool may_ask = w->now_us(w) >= c->retry_at_us;
    if (may_ask && c->publish_due && !c->publishing) {
        c->publishing = campaign_asked(c, w->publish(w, c, PUBLISH_CHANGE));
        c->publish_due = !c->publishing;
    }
    commit_some(c);
    if (may_ask)
        settle_some(c);
    if (c->phase == PHASE_RUNNING)
        confirm(c);
    if (c->phase == PHASE_RUNNING)
        claim_step(c);
    if (c->phase == PHASE_RUNNING && may_ask)
        finish(c);
}

/* failed: handles an answer other than QUEUE_OK. A call without an answer may have been done; the
 * takeover finds out. */
static void failed(struct campaign *c, const struct queue_answer *a)
{
    if (a->outcome == QUEUE_STALE)
        campaign_drop(c, "redis has a newer epoch");
    else if (a->outcome == QUEUE_MISSING)
        campaign_drop(c, "redis lost the campaign, or a part of it");
    else if (a->outcome == QUEUE_UNKNOWN)
        campaign_drop(c, "redis did not answer");
    else
        campaign_retry_later(c);
    if (a->op == QUEUE_CLAIM || a->op == QUEUE_DRAIN)
        claim_failed(c);
    if (a->op == QUEUE_PUBLISH)
        c->publish_due = true;
    if (a->op == QUEUE_EXPIRE)
        c->finishing = false;
}

void running_on_queue(struct campaign *c, const struct queue_answer *a)
{
    if (a->outcome != QUEUE_OK)
        failed(c, a);
    else if (a->op == QUEUE_CLAIM)
        claim_on_claim(c, a);
    else if (a->op == QUEUE_DRAIN)
        claim_on_drain(c);
    else if (a->op == QUEUE_SETTLE)
        on_settle(c);
    else if (a->op == QUEUE_EXPIRE)
        campaign_submit(c, JOB_FINISH, NULL);
}

static void (*const handlers[])(struct campaign *, struct job *) = {
    [JOB_COMMIT] = on_commit,        [JOB_READ_BACK] = on_read_back,     [JOB_CONFIRM] = on_confirm,
    [JOB_JOURNAL] = claim_on_looked, [JOB_UNJOURNAL] = claim_on_drained, [JOB_FINISH] = on_finish,
    [JOB_REFUSE] = on_noted,
};

void running_on_job(struct campaign *c, struct job *job)
{
    assert(handlers[job->kind] != NULL); /* else it is a job of the takeover */
    handlers[job->kind](c, job);
}

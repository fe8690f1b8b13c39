#include "scheduler/campaign.h"

#include "scheduler/fault.h"
#include "shared/log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAMPAIGN_MAGIC 0x43414d50u
#define CLASHES_MAX    3
#define BROKEN_SHIFT   6 /* a broken campaign is left alone for retry_us << 6 at most */

/* --- phases --- */

static const char *const phase_texts[] = {
#define X(id, text) [id] = text,
    CAMPAIGN_PHASES(X)
#undef X
};

static const char *const enter_points[] = {
#define X(id, text) [id] = "enter-" text,
    CAMPAIGN_PHASES(X)
#undef X
};

const char *campaign_phase_text(enum campaign_phase phase)
{
    return phase_texts[phase];
}

#define TO(phase) (1u << (phase))

/* legal: from each phase, where it may go. A takeover that loses Redis on its way begins again at
 * PUBLISHING. */
static const unsigned legal[] = {
    [PHASE_AWAY] = TO(PHASE_LOADING),
    [PHASE_LOADING] = TO(PHASE_PUBLISHING) | TO(PHASE_DROPPING),
    [PHASE_PUBLISHING] = TO(PHASE_RECLAIMING) | TO(PHASE_PUBLISHING) | TO(PHASE_DROPPING),
    [PHASE_RECLAIMING] = TO(PHASE_RESTORING) | TO(PHASE_REVIVING) | TO(PHASE_OPENING) |
                         TO(PHASE_PUBLISHING) | TO(PHASE_DROPPING),
    [PHASE_RESTORING] =
        TO(PHASE_REVIVING) | TO(PHASE_OPENING) | TO(PHASE_PUBLISHING) | TO(PHASE_DROPPING),
    [PHASE_REVIVING] = TO(PHASE_OPENING) | TO(PHASE_PUBLISHING) | TO(PHASE_DROPPING),
    [PHASE_OPENING] = TO(PHASE_RUNNING) | TO(PHASE_PUBLISHING) | TO(PHASE_DROPPING),
    [PHASE_RUNNING] = TO(PHASE_DROPPING),
    [PHASE_DROPPING] = TO(PHASE_AWAY),
};

void campaign_enter(struct campaign *c, enum campaign_phase phase)
{
    assert(legal[c->phase] & TO(phase));
    log_debug("campaign", "name=%s epoch=%" PRIu64 " from=%s to=%s", c->row.name, c->epoch,
              phase_texts[c->phase], phase_texts[phase]);
    fault_point(enter_points[phase]);
    c->phase = phase;
    /* whoever takes over looks into the journal first */
    c->journal = phase == PHASE_RUNNING ? JOURNAL_DUE : JOURNAL_QUIET;
    c->cursor = 0;
    c->page = batch_free(c->page);
    c->paged = false;
}

static void forget(struct campaign *c)
{
    ledger_close(&c->ledger);
    for (struct batch *b; (b = STAILQ_FIRST(&c->decided)) != NULL;) {
        STAILQ_REMOVE_HEAD(&c->decided, next);
        batch_free(b);
    }
    c->n_decided = 0;
    c->batches = 0;
    c->left = 0;
    c->drained = c->draining = c->confirming = c->finishing = false;
    c->drained_rows = batch_free(c->drained_rows);
    c->page = batch_free(c->page);
    c->publish_due = false;
    c->broken = 0; /* of this epoch: the call that was refused is not made again under it */
}

void campaign_drop(struct campaign *c, const char *why)
{
    if (c->phase == PHASE_AWAY || c->phase == PHASE_DROPPING)
        return;
    log_warning("campaign is given up, and taken anew if the lease is free",
                "name=%s epoch=%" PRIu64 " phase=%s reason=\"%s\"", c->row.name, c->epoch,
                phase_texts[c->phase], why);
    campaign_enter(c, PHASE_DROPPING);
}

/* dropping_step: once nothing is out, what is left of this epoch is in MariaDB and in `claimed`,
 * where the next finds it. */
static void dropping_step(struct campaign *c)
{
    if (!campaign_idle(c))
        return;
    forget(c);
    c->dropped_epoch = c->epoch;
    assert(!c->claiming && !c->settling && !c->publishing && !c->confirming);
    c->world->renounce(c->world, c, c->epoch);
    campaign_enter(c, PHASE_AWAY);
    c->epoch = 0;
}

/* --- asking Redis and MariaDB --- */

/* journal_is_due: also when its last page is under way: that was read before. */
static void journal_is_due(struct campaign *c)
{
    c->journal = JOURNAL_DUE;
    c->journal_end = false;
}

bool campaign_asked(struct campaign *c, int result)
{
    if (result == 0)
        c->asks++;
    else
        campaign_retry_later(c);
    return result == 0;
}

void campaign_retry_later(struct campaign *c)
{
    unsigned shift = c->broken < BROKEN_SHIFT ? c->broken : BROKEN_SHIFT;
    c->retry_at_us = c->world->now_us(c->world) + (c->world->retry_us << shift);
    if (c->phase == PHASE_RUNNING)
        journal_is_due(c);
}

bool campaign_submit(struct campaign *c, enum job_kind kind, struct batch *batch)
{
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        batch_free(batch);
        campaign_drop(c, "out of memory");
        return false;
    }
    *job = (struct job){.kind = kind,
                        .campaign = c,
                        .campaign_id = c->row.id,
                        .epoch = c->epoch,
                        .owner = c->world->owner,
                        .batch = batch,
                        .after = (uint32_t)c->cursor};
    c->jobs++;
    c->world->submit(c->world, job);
    return true;
}

/* --- RUNNING: settle --- */

/* decide: what MariaDB said of these rows is final and goes to Redis. Takes the batch over. */
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

/* make_room: whoever is refused takes no coupon, and Redis may admit somebody else. */
static void make_room(struct campaign *c, size_t n)
{
    c->refused += (int64_t)n;
    c->publish_due |= n > 0;
}

static void on_settle(struct campaign *c)
{
    struct batch *settled = STAILQ_FIRST(&c->decided);
    c->moves++;
    if (settled->verdict == VERDICT_REFUSED)
        make_room(c, settled->n);
    STAILQ_REMOVE_HEAD(&c->decided, next);
    c->n_decided--;
    batch_free(settled);
}

/* --- RUNNING: decide and commit --- */

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

static void set_reason(struct batch *batch, const char *reason)
{
    snprintf(batch->reason, sizeof batch->reason, "%s", reason);
}

/* refuse: halves the batch until the bad row stands alone; its serial goes to the next in line. */
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
    set_reason(batch, "row-refused");
    campaign_submit(c, JOB_REFUSE, batch);
}

/* --- what is refused is written down in MariaDB: before its user is told, if it has one --- */

static void note_aside(struct campaign *c, const struct queue_answer *a)
{
    struct batch *batch = a->n_aside > 0 ? batch_new(a->n_aside) : NULL;
    if (batch == NULL) /* out of memory: the log has it */
        return;
    for (size_t i = 0; i < a->n_aside; i++)
        batch_add(batch, &a->aside[i]);
    set_reason(batch, "undecodable");
    campaign_submit(c, JOB_REFUSE, batch);
}

bool campaign_on_noted(struct campaign *c, struct job *job)
{
    struct batch *batch = job->batch;
    if (job->outcome != JOB_BUSY && job->outcome != JOB_UNKNOWN)
        return true; /* refused, too: then the log alone has it */
    job->batch = NULL;
    campaign_submit(c, JOB_REFUSE, batch);
    return false;
}

/* on_noted: what was set aside in Redis is settled there already, and has no ticket. */
static void on_noted(struct campaign *c, struct job *job)
{
    if (!campaign_on_noted(c, job) || job->batch->rows[0].ticket == 0)
        return;
    decide(c, job->batch, VERDICT_REFUSED);
    job->batch = NULL;
}

/* clash: a key is there already. Reading back explains it; when it does not, our picture of MariaDB
 * is wrong. */
static void clash(struct campaign *c, struct batch *batch)
{
    if (++batch->clashes > CLASHES_MAX) {
        batch_free(batch);
        campaign_drop(c, "mariadb has keys that reading back does not explain");
        return;
    }
    campaign_submit(c, JOB_READ_BACK, batch);
}

/* on_commit: takes the batch of the job over. */
static void on_commit(struct campaign *c, struct job *job)
{
    struct batch *batch = job->batch;
    job->batch = NULL;
    memcpy(batch->detail, job->error, sizeof batch->detail);
    switch (job->outcome) {
    case JOB_DONE:
        c->batches--;
        decide(c, batch, VERDICT_GRANTED);
        return;
    case JOB_BUSY:
        campaign_submit(c, JOB_COMMIT, batch);
        return;
    case JOB_UNKNOWN:
        campaign_submit(c, JOB_READ_BACK, batch);
        return;
    case JOB_CLASH:
        clash(c, batch);
        return;
    case JOB_REFUSED:
        refuse(c, batch);
        return;
    case JOB_FENCED:
        batch_free(batch);
        campaign_drop(c, "a commit was fenced");
        return;
    }
}

/* --- RUNNING: read back --- */

static int by_user(const void *a, const void *b)
{
    return strcmp(((const struct grant *)a)->user, ((const struct grant *)b)->user);
}

/* take_missing: leaves in `batch` the rows whose users are not in `found`. */
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
    batch->n = kept;
}

static void on_read_back(struct campaign *c, struct job *job)
{
    struct batch *batch = job->batch, *found = job->found;
    job->batch = NULL;
    if (job->outcome != JOB_DONE) { /* a question may be repeated */
        campaign_submit(c, JOB_READ_BACK, batch);
        return;
    }
    job->found = NULL;
    take_missing(c, batch, found, true);
    decide(c, found, VERDICT_GRANTED);
    if (batch->n > 0) {
        campaign_submit(c, JOB_COMMIT, batch);
        return;
    }
    c->batches--;
    batch_free(batch);
}

/* --- RUNNING: the last in line --- */

/* confirm: no serial is left and nothing is under way; before anybody is told "sold out", MariaDB
 * is asked. */
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
    job->batch = NULL;
    c->confirming = false;
    if (job->outcome == JOB_BUSY || job->outcome == JOB_UNKNOWN) {
        c->confirming = campaign_submit(c, JOB_CONFIRM, line);
        return;
    }
    if (job->outcome != JOB_DONE || !job->exhausted) {
        batch_free(line);
        campaign_drop(c, job->outcome == JOB_DONE
                             ? "mariadb has coupons left that the ledger does not know"
                             : "a confirmation was fenced");
        return;
    }
    job->found = NULL;
    take_missing(c, line, found, false);
    decide(c, found, VERDICT_GRANTED);
    decide(c, line, VERDICT_SOLD_OUT);
}

/* --- RUNNING: claim --- */

/* may_claim: a full batch may be decided beside others; what is less waits until nothing is under
 * way, so that batches grow with the load (group commit). The line must be empty: who stands in it
 * comes first. */
static bool may_claim(const struct campaign *c)
{
    int64_t now_us = c->world->now_us(c->world);
    if (c->claiming || c->stopping || c->drained || c->ledger.n_line > 0)
        return false;
    if (c->journal == JOURNAL_DUE || c->draining)
        return false;
    if (now_us < c->retry_at_us || now_us >= c->row.lease_until_us ||
        c->n_decided >= c->world->max_batches)
        return false;
    if (c->row.state == CAMPAIGN_PAUSED)
        return now_us >= c->poll_at_us;
    if (c->batches > 0)
        return c->left >= c->world->batch_size && c->batches < c->world->max_batches;
    return c->left > 0 || now_us >= c->poll_at_us;
}

/* claim: of a paused campaign nothing; but a Redis that lost its data is noticed. */
static void claim(struct campaign *c)
{
    size_t n = c->row.state == CAMPAIGN_PAUSED ? 0 : c->world->batch_size;
    c->claiming = campaign_asked(c, c->world->claim(c->world, c, n, c->moves + c->settling));
}

static void on_claim(struct campaign *c, const struct queue_answer *a)
{
    c->left = a->left;
    c->moves += a->n + a->n_aside > 0;
    if (c->journal == JOURNAL_AFTER_CLAIM)
        journal_is_due(c);
    if (a->n + a->n_aside == 0) {
        c->poll_at_us = c->world->now_us(c->world) + c->world->poll_us;
        c->drained = c->row.state == CAMPAIGN_CLOSED && !c->publish_due && !c->publishing &&
                     c->journal == JOURNAL_QUIET;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (ledger_join(&c->ledger, &a->rows[i]) < 0) {
            campaign_drop(c, "out of memory");
            return;
        }
    }
}

/* --- RUNNING: the journal --- */

/* drain: page by page the journal goes into the queue, then out of MariaDB; what is in the queue
 * twice is known there. Not while the campaign is being settled: MariaDB looks whether the journal
 * is empty, and must not find it so because its rows have just gone into the queue. */
static void drain(struct campaign *c)
{
    if (c->journal == JOURNAL_DUE && !c->draining && !c->claiming && !c->stopping && !c->finishing)
        c->draining = campaign_submit(c, JOB_JOURNAL, NULL);
}

static void on_journal(struct campaign *c, struct job *job)
{
    c->draining = false;
    if (job->outcome != JOB_DONE) {
        campaign_retry_later(c);
        return;
    }
    if (job->found->n == 0) {
        c->journal = JOURNAL_QUIET;
        return;
    }
    c->journal_end = job->last;
    c->draining = campaign_asked(c, c->world->drain(c->world, c, job->found));
    if (c->draining) {
        c->drained_rows = job->found;
        job->found = NULL;
    }
}

static void on_drain(struct campaign *c)
{
    struct batch *rows = c->drained_rows;
    c->drained_rows = NULL;
    c->moves++;
    c->drained = false;
    c->draining = campaign_submit(c, JOB_UNJOURNAL, rows);
}

/* on_unjournal: behind the last page a claim has its turn, or one gateway that has no Redis, but
 * requests all the time, would keep everybody waiting. When the rows could not be deleted they are
 * read again, and Redis knows them. */
static void on_unjournal(struct campaign *c, const struct job *job)
{
    c->draining = false;
    if (job->outcome != JOB_DONE)
        campaign_retry_later(c);
    else if (c->journal_end)
        c->journal = JOURNAL_AFTER_CLAIM;
}

/* --- RUNNING: closed, and everybody is decided --- */

/* finish: first the keys are made to expire, then the row says settled: whoever dies in between is
 * repeated. */
static void finish(struct campaign *c)
{
    if (c->drained && c->journal == JOURNAL_QUIET && campaign_quiet(c) && c->ledger.n_line == 0)
        c->finishing = campaign_asked(c, c->world->expire(c->world, c));
}

static void on_finish(struct campaign *c, struct job *job)
{
    if (job->outcome == JOB_DONE)
        campaign_enter(c, PHASE_DROPPING);
    else if (job->outcome == JOB_FENCED)
        campaign_drop(c, "its end was fenced");
    else if (job->outcome == JOB_CLASH)
        journal_is_due(c), c->finishing = false;
    else
        campaign_submit(c, JOB_FINISH, NULL);
}

/* --- RUNNING: together --- */

static void running_step(struct campaign *c)
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
    if (may_ask && c->phase == PHASE_RUNNING)
        drain(c);
    if (c->phase == PHASE_RUNNING)
        confirm(c);
    if (c->phase == PHASE_RUNNING && may_claim(c))
        claim(c);
    if (c->phase == PHASE_RUNNING && may_ask)
        finish(c);
}

/* failed: what an answer that is not QUEUE_OK means while running. What was not answered may have
 * been done: the takeover finds out. */
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
    if (a->op == QUEUE_DRAIN)
        c->drained_rows = batch_free(c->drained_rows);
    if (a->op == QUEUE_PUBLISH)
        c->publish_due = true;
    if (a->op == QUEUE_EXPIRE)
        c->finishing = false;
}

static void running_on_queue(struct campaign *c, const struct queue_answer *a)
{
    if (a->outcome != QUEUE_OK)
        failed(c, a);
    else if (a->op == QUEUE_CLAIM)
        on_claim(c, a);
    else if (a->op == QUEUE_SETTLE)
        on_settle(c);
    else if (a->op == QUEUE_DRAIN)
        on_drain(c);
    else if (a->op == QUEUE_EXPIRE)
        campaign_submit(c, JOB_FINISH, NULL);
}

static void running_on_job(struct campaign *c, struct job *job)
{
    switch (job->kind) {
    case JOB_COMMIT:
        on_commit(c, job);
        return;
    case JOB_READ_BACK:
        on_read_back(c, job);
        return;
    case JOB_CONFIRM:
        on_confirm(c, job);
        return;
    case JOB_JOURNAL:
        on_journal(c, job);
        return;
    case JOB_UNJOURNAL:
        on_unjournal(c, job);
        return;
    case JOB_FINISH:
        on_finish(c, job);
        return;
    case JOB_REFUSE:
        on_noted(c, job);
        return;
    case JOB_LOAD:
    case JOB_PAGE:
        assert(!"a job of the takeover while running");
    }
}

/* --- events --- */

void campaign_step(struct campaign *c)
{
    assert(c->magic == CAMPAIGN_MAGIC);
    if (c->phase == PHASE_RUNNING)
        running_step(c);
    else if (c->phase != PHASE_AWAY && c->phase != PHASE_DROPPING && !c->stopping)
        recovery_step(c);
    if (c->phase == PHASE_DROPPING)
        dropping_step(c);
}

static void clear_flag(struct campaign *c, enum queue_op op)
{
    if (op == QUEUE_CLAIM)
        c->claiming = false;
    else if (op == QUEUE_SETTLE)
        c->settling = false;
    else if (op == QUEUE_PUBLISH)
        c->publishing = false;
    else if (op == QUEUE_DRAIN)
        c->draining = false;
}

/* note_broken: it is whole again when the very call is done that was refused. */
static void note_broken(struct campaign *c, const struct queue_answer *a)
{
    if (a->outcome == QUEUE_BROKEN) {
        c->broken++;
        c->broken_op = a->op;
    } else if (a->outcome == QUEUE_OK && c->broken > 0 && a->op == c->broken_op) {
        log_info("campaign is whole again in redis, and goes on", "name=%s refused=%u", c->row.name,
                 c->broken);
        c->broken = 0;
    }
}

/* count_refused: Redis knows best how many were refused: of those that were set aside, strangers had never been
 * accepted, and make no room. */
static void count_refused(struct campaign *c, const struct campaign_head *head)
{
    int64_t refused = head->refused > 0 ? head->refused : 0;
    c->publish_due |= refused != c->refused;
    c->refused = refused;
}

void campaign_on_queue(struct campaign *c, const struct queue_answer *a)
{
    assert(c->magic == CAMPAIGN_MAGIC && c->asks > 0);
    c->asks--;
    clear_flag(c, a->op);
    note_broken(c, a);
    if (a->n_aside > 0 && c->phase != PHASE_DROPPING) {
        make_room(c, a->n_aside);
        note_aside(c, a);
    }
    if (a->op == QUEUE_PUBLISH && a->outcome == QUEUE_OK && c->phase != PHASE_DROPPING)
        count_refused(c, &a->head);
    if (c->phase == PHASE_RUNNING)
        running_on_queue(c, a);
    else if (c->phase != PHASE_DROPPING)
        recovery_on_queue(c, a);
    campaign_step(c);
}

void campaign_on_job(struct campaign *c, struct job *job)
{
    assert(c->magic == CAMPAIGN_MAGIC && c->jobs > 0);
    c->jobs--;
    if (c->phase == PHASE_RUNNING)
        running_on_job(c, job);
    else if (c->phase != PHASE_DROPPING)
        recovery_on_job(c, job);
    job_free(job);
    campaign_step(c);
}

/* same_settings: what Redis is told is still true. */
static bool same_settings(const struct campaign_row *a, const struct campaign_row *b)
{
    return a->state == b->state && a->overflow == b->overflow && a->opens_us == b->opens_us &&
           a->closes_us == b->closes_us && a->instant_wait_ms == b->instant_wait_ms;
}

static void follow(struct campaign *c, const struct campaign_row *row)
{
    if (!row->mine || row->epoch != c->epoch)
        campaign_drop(c, "the lease is gone");
    else if (row->quota != c->row.quota)
        campaign_drop(c, "the quota changed");
    else if (!same_settings(row, &c->row))
        c->publish_due = true;
    if (row->journal && c->phase == PHASE_RUNNING)
        journal_is_due(c);
    c->drained &= row->state == CAMPAIGN_CLOSED;
}

void campaign_update(struct campaign *c, const struct campaign_row *row)
{
    assert(c->magic == CAMPAIGN_MAGIC);
    if (c->phase != PHASE_AWAY && c->phase != PHASE_DROPPING)
        follow(c, row);
    c->row = *row;
    if (c->phase == PHASE_AWAY && row->mine && row->epoch <= c->dropped_epoch)
        c->world->renounce(c->world, c, row->epoch);
    if (c->phase == PHASE_AWAY && row->mine && row->epoch > c->dropped_epoch && !c->stopping) {
        c->epoch = row->epoch;
        c->retry_at_us = 0;
        campaign_enter(c, PHASE_LOADING);
    }
    campaign_step(c);
}

int64_t campaign_admit_limit(const struct campaign *c)
{
    return c->row.overflow < 0 ? -1 : c->row.quota + c->row.overflow + c->refused;
}

void campaign_stop(struct campaign *c)
{
    c->stopping = true;
}

bool campaign_quiet(const struct campaign *c)
{
    return campaign_idle(c) &&
           (c->phase != PHASE_RUNNING || (c->batches == 0 && STAILQ_EMPTY(&c->decided)));
}

bool campaign_idle(const struct campaign *c)
{
    return c->jobs == 0 && c->asks == 0;
}

void campaign_init(struct campaign *c, struct world *world, const struct campaign_row *row)
{
    *c = (struct campaign){
        .magic = CAMPAIGN_MAGIC, .world = world, .row = *row, .phase = PHASE_AWAY};
    campaign_keys_make(&c->keys, row->name);
    STAILQ_INIT(&c->decided);
    ledger_close(&c->ledger);
}

void campaign_destroy(struct campaign *c)
{
    assert(c->magic == CAMPAIGN_MAGIC && campaign_idle(c));
    forget(c);
    c->magic = 0;
}

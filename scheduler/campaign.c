/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/campaign.h"

#include "scheduler/fault_point.h"
#include "shared/base/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CAMPAIGN_MAGIC 0x43414d50u
#define BROKEN_SHIFT   6 /* longest pause of a broken campaign: retry_us << 6 */

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

/* legal: the phases that may follow each phase. A takeover that loses Redis starts again at
 * PUBLISHING. */
static const unsigned legal[] = {
    [PHASE_AWAY] = TO(PHASE_LOADING),
    [PHASE_LOADING] = TO(PHASE_PUBLISHING) | TO(PHASE_DROPPING),
    [PHASE_PUBLISHING] = TO(PHASE_COMPARING) | TO(PHASE_PUBLISHING) | TO(PHASE_DROPPING),
    [PHASE_COMPARING] = TO(PHASE_RESTORING) | TO(PHASE_REVIVING) | TO(PHASE_OPENING) |
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
    c->look_due = phase == PHASE_RUNNING; /* a new owner first looks into the journal */
    c->cursor = 0;
    c->page = batch_free(c->page);
    c->paged = c->compared = false;
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
    c->drained = c->confirming = c->finishing = false;
    claim_forget(c);
    c->page = batch_free(c->page);
    c->publish_due = false;
    c->broken = 0; /* it counts calls of this epoch */
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

/* dropping_step: waits until nothing is under way. Then all that this epoch leaves is in MariaDB
 * and in the queue, where the next owner finds it. */
static void dropping_step(struct campaign *c)
{
    if (!campaign_idle(c))
        return;
    forget(c);
    c->dropped_epoch = c->epoch;
    assert(!c->settling && !c->publishing && !c->confirming);
    c->world->renounce(c->world, c, c->epoch);
    campaign_enter(c, PHASE_AWAY);
    c->epoch = 0;
}

/* --- calls to Redis and MariaDB --- */

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
    c->look_due |= c->phase == PHASE_RUNNING;
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
                        .campaign_id = (uint32_t)c->row.id,
                        .epoch = c->epoch,
                        .owner = c->world->owner,
                        .batch = batch,
                        .after = (uint32_t)c->cursor,
                        .decided_to = c->mark > c->watermark ? c->mark : c->watermark,
                        .batches = (uint32_t)c->world->max_batches};
    c->jobs++;
    c->world->submit(c->world, job);
    return true;
}

bool campaign_repeat(struct campaign *c, struct job *job)
{
    struct batch *batch = job->batch;
    job->batch = NULL;
    return campaign_submit(c, job->kind, batch);
}

/* --- refused requests: recorded in MariaDB before their users, if any, are told --- */

void campaign_note_refused(struct campaign *c, struct batch *batch, const char *reason)
{
    snprintf(batch->reason, sizeof batch->reason, "%s", reason);
    campaign_submit(c, JOB_REFUSE, batch);
}

static void note_aside(struct campaign *c, const struct queue_answer *a)
{
    struct batch *batch = batch_of(a->aside, a->n_aside);
    if (batch != NULL) /* out of memory: only the log has it */
        campaign_note_refused(c, batch, "undecodable");
}

bool campaign_on_noted(struct campaign *c, struct job *job)
{
    if (job->outcome != JOB_BUSY && job->outcome != JOB_UNKNOWN)
        return true; /* done, or refused too: then only the log has it */
    campaign_repeat(c, job);
    return false;
}

void campaign_make_room(struct campaign *c, size_t n)
{
    c->refused += (int64_t)n;
    c->publish_due |= n > 0;
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
    if (op == QUEUE_SETTLE)
        c->settling = false;
    else if (op == QUEUE_PUBLISH)
        c->publishing = false;
}

/* note_broken: a campaign is whole again once the refused call succeeds. */
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

/* count_refused: takes the number from Redis. Members set aside that were never accepted make no
 * room, and only Redis knows which those were. */
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
        campaign_make_room(c, a->n_aside);
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

/* same_settings: is what Redis was told still true? */
static bool same_settings(const struct campaign_row *a, const struct campaign_row *b)
{
    return a->state == b->state && a->overflow == b->overflow && a->opens_us == b->opens_us &&
           a->closes_us == b->closes_us && a->instant_wait_ms == b->instant_wait_ms;
}

static void follow(struct campaign *c, const struct campaign_row *row, const struct lease *lease)
{
    if (!lease->mine || row->epoch != c->epoch)
        campaign_drop(c, "the lease is gone");
    else if (row->quota != c->row.quota)
        campaign_drop(c, "the quota changed");
    else if (!same_settings(row, &c->row))
        c->publish_due = true;
    c->look_due |= row->journal && c->phase == PHASE_RUNNING;
    c->drained &= row->state == CAMPAIGN_CLOSED;
    c->emptied &= row->state == CAMPAIGN_CLOSED;
}

void campaign_update(struct campaign *c, const struct campaign_row *row, const struct lease *lease)
{
    assert(c->magic == CAMPAIGN_MAGIC);
    if (c->phase != PHASE_AWAY && c->phase != PHASE_DROPPING)
        follow(c, row, lease);
    c->row = *row;
    c->lease = *lease;
    bool ours = c->phase == PHASE_AWAY && lease->mine;
    if (ours && row->epoch <= c->dropped_epoch) {
        c->world->renounce(c->world, c, row->epoch);
    } else if (ours && !c->stopping) {
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

/* SPDX-License-Identifier: Apache-2.0 */
/* MariaDB as scheduler/job_sql.c uses it. A job is one atomic step here: it commits, or it has no
 * effect. */
#include "tests/sim/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool owns(const struct model *m, const struct job *job, unsigned owner)
{
    return m->db.owner == owner && m->db.epoch == job->epoch;
}

static bool clashes(const struct model_db *db, const struct batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        if (db->rows[user_number(batch->rows[i].user)].serial != 0 ||
            db->serial_owner[batch->rows[i].serial] != 0)
            return true;
    }
    return false;
}

static bool poisoned(const struct model_db *db, const struct batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        if (db->poison >> user_number(batch->rows[i].user) & 1)
            return true;
    }
    return false;
}

static enum job_outcome run_commit(struct model *m, struct job *job, unsigned owner)
{
    struct model_db *db = &m->db;
    if (poisoned(db, job->batch))
        return JOB_REFUSED;
    if (clashes(db, job->batch))
        return JOB_CLASH;
    if (!owns(m, job, owner) && m->bug != BUG_GUARD_WITHOUT_EPOCH)
        return JOB_FENCED;
    if (db->granted + job->batch->n > db->quota)
        return JOB_FENCED;
    for (size_t i = 0; i < job->batch->n; i++) {
        const struct grant *row = &job->batch->rows[i];
        int u = user_number(row->user);
        db->rows[u] = (struct model_row){row->serial, row->ticket};
        db->serial_owner[row->serial] = u + 1;
        db->watermark = row->ticket > db->watermark ? row->ticket : db->watermark;
    }
    db->granted += (uint32_t)job->batch->n;
    return JOB_DONE;
}

static void add_found(struct model *m, struct job *job, int u)
{
    struct grant row = {
        .campaign_id = 1, .serial = m->db.rows[u].serial, .ticket = m->db.rows[u].ticket};
    user_name(row.user, u);
    batch_add(job->found, &row);
}

static enum job_outcome read_users(struct model *m, struct job *job)
{
    job->found = batch_new(job->batch->n);
    for (size_t i = 0; i < job->batch->n && m->bug != BUG_NO_READ_BACK; i++) {
        int u = user_number(job->batch->rows[i].user);
        if (m->db.rows[u].serial != 0)
            add_found(m, job, u);
    }
    return JOB_DONE;
}

static enum job_outcome run_confirm(struct model *m, struct job *job, unsigned owner)
{
    if (!owns(m, job, owner))
        return JOB_FENCED;
    job->quota = m->bug == BUG_LOSER_FINAL_EARLY ? 0 : m->db.quota;
    job->granted = m->db.granted;
    return read_users(m, job);
}

static enum job_outcome run_page(struct model *m, struct job *job)
{
    job->found = batch_new(4);
    job->found->verdict = VERDICT_GRANTED;
    for (uint32_t s = job->after + 1; s <= SERIALS && job->found->n < 4 &&
                                      m->bug != BUG_NO_RESTORE && m->bug != BUG_NO_READ_BACK;
         s++) {
        if (m->db.serial_owner[s] != 0)
            add_found(m, job, m->db.serial_owner[s] - 1);
    }
    return JOB_DONE;
}

static enum job_outcome run_load(struct model *m, struct job *job, unsigned owner)
{
    const struct model_db *db = &m->db;
    if (!owns(m, job, owner))
        return JOB_FENCED;
    job->quota = db->quota;
    job->granted = db->granted;
    job->watermark = db->watermark;
    ledger_open(&job->ledger, db->quota);
    for (uint32_t s = 1; s <= SERIALS; s++) {
        if (db->serial_owner[s] != 0)
            ledger_granted(&job->ledger, s);
    }
    if (m->bug == BUG_GAPS_FORGOTTEN)
        job->ledger.n_freed = 0;
    if (m->bug == BUG_SERIAL_REUSED && job->ledger.next > 1)
        job->ledger.next--;
    return JOB_DONE;
}

static bool in_batch(const struct batch *batch, int u)
{
    for (size_t i = 0; i < batch->n; i++) {
        if (user_number(batch->rows[i].user) == u)
            return true;
    }
    return false;
}

static bool pending(const struct model_db *db, int u)
{
    return db->pending >> u & 1;
}

/* first_pending: returns the earliest arrival that is not in the page yet, or -1. */
static int first_pending(const struct model_db *db, const struct batch *page)
{
    int first = -1;
    for (int u = 0; u < USERS; u++) {
        if (pending(db, u) && !in_batch(page, u) &&
            (first < 0 || db->journal[u] < db->journal[first]))
            first = u;
    }
    return first;
}

static enum job_outcome run_journal(struct model *m, struct job *job)
{
    struct model_db *db = &m->db;
    job->found = batch_new(3);
    for (int u; job->found->n < job->found->room && m->bug != BUG_JOURNAL_NOT_DRAINED &&
                (u = first_pending(db, job->found)) >= 0;) {
        struct grant row = {.campaign_id = 1, .ticket = (uint64_t)db->journal[u]};
        user_name(row.user, u);
        batch_add(job->found, &row);
        if (m->bug == BUG_JOURNAL_DELETED_FIRST)
            db->pending &= ~(UINT64_C(1) << u);
    }
    job->last = job->found->n < job->found->room && m->bug != BUG_JOURNAL_NEVER_ENDS;
    return JOB_DONE;
}

static enum job_outcome run_unjournal(struct model *m, const struct job *job)
{
    for (size_t i = 0; i < job->batch->n; i++)
        m->db.pending &= ~(UINT64_C(1) << user_number(job->batch->rows[i].user));
    return JOB_DONE;
}

static enum job_outcome run_refuse(struct model *m, const struct job *job)
{
    for (size_t i = 0; i < job->batch->n && m->bug != BUG_REFUSAL_NOT_NOTED; i++)
        m->db.noted |= UINT64_C(1) << user_number(job->batch->rows[i].user);
    return JOB_DONE;
}

static enum job_outcome run_finish(struct model *m, const struct job *job, unsigned owner)
{
    if (!owns(m, job, owner) || m->db.state != CAMPAIGN_CLOSED)
        return JOB_FENCED;
    if (m->db.pending != 0 && m->bug != BUG_JOURNAL_NOT_DRAINED)
        return JOB_CLASH;
    m->db.state = CAMPAIGN_SETTLED;
    return JOB_DONE;
}

static enum job_outcome run(struct model *m, struct job *job, unsigned owner)
{
    switch (job->kind) {
    case JOB_COMMIT:
        return run_commit(m, job, owner);
    case JOB_READ_BACK:
        return read_users(m, job);
    case JOB_CONFIRM:
        return run_confirm(m, job, owner);
    case JOB_PAGE:
        return run_page(m, job);
    case JOB_LOAD:
        return run_load(m, job, owner);
    case JOB_JOURNAL:
        return run_journal(m, job);
    case JOB_UNJOURNAL:
        return run_unjournal(m, job);
    case JOB_REFUSE:
        return run_refuse(m, job);
    case JOB_FINISH:
        return run_finish(m, job, owner);
    }
    return JOB_UNKNOWN;
}

void model_run(struct model *m, struct job *job, unsigned owner)
{
    job->outcome = run(m, job, owner);
}

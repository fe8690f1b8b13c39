/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: what a campaign asks of MariaDB. The campaign makes a job. A thread of the committer (or
 * the simulation's model) does it, and owns it meanwhile. campaign_on_job() gets it back. */
#ifndef ONRUSH_SCHEDULER_JOB_H
#define ONRUSH_SCHEDULER_JOB_H

#include "scheduler/ledger.h"
#include "shared/base/mailbox.h"

#include <stdlib.h>

#define OWNER_MAX 64

enum job_kind {
    JOB_LOAD,      /* for a takeover: granted, watermark, and a ledger of the free serials */
    JOB_COMMIT,    /* a batch of grants, in one transaction */
    JOB_READ_BACK, /* which users of the batch have a grant? Sets `found` */
    JOB_CONFIRM,   /* JOB_READ_BACK, and: is the quota used up, under our epoch? */
    JOB_PAGE,      /* grants after the serial `after`, to rebuild Redis; sets `found` */
    JOB_JOURNAL,   /* the first rows of the journal: users and arrivals; sets `found` */
    JOB_UNJOURNAL, /* deletes the batch's users from the journal: they are in the queue */
    JOB_REFUSE,    /* records that the rows of the batch are refused, and why */
    JOB_FINISH,    /* settles a closed, decided campaign; CLASH: its journal is not empty */
};

enum job_outcome {
    JOB_DONE,
    JOB_FENCED,  /* the lease or the quota changed: nothing was written */
    JOB_CLASH,   /* a key exists already: read back */
    JOB_BUSY,    /* a deadlock or similar; rolled back: try again */
    JOB_REFUSED, /* MariaDB does not accept (one of) the rows; rolled back */
    JOB_UNKNOWN, /* the connection was lost, and the result with it: read back */
};

struct campaign;

struct job {
    struct mail mail;
    enum job_kind kind;
    struct campaign *campaign; /* the committer only passes it on */
    uint32_t campaign_id;
    uint64_t epoch;
    const char *owner;
    struct batch *batch; /* COMMIT, READ_BACK, CONFIRM, UNJOURNAL, REFUSE */
    uint32_t after;      /* PAGE */
    uint64_t decided_to; /* UNJOURNAL, for the audit: highest ticket in the line or in MariaDB */
    uint32_t batches;    /* UNJOURNAL, for the audit: most batches that may be under way */

    enum job_outcome outcome;
    char error[DETAIL_MAX + 1]; /* COMMIT that was refused: MariaDB's error */
    struct batch *found;        /* rows of MariaDB */
    bool last;                  /* JOURNAL: no rows follow */
    uint32_t quota, granted;    /* LOAD, CONFIRM */
    uint64_t watermark;         /* LOAD */
    struct ledger ledger;       /* LOAD */

    int64_t submitted_us; /* monotonic; for the metrics */
    int64_t took_us;      /* in MariaDB, when done */
};

/* job_free: frees a struct job (NULL is fine) and all it holds. */
static inline void job_free(void *mail)
{
    struct job *job = mail;
    if (job == NULL)
        return;
    batch_free(job->batch);
    batch_free(job->found);
    ledger_close(&job->ledger);
    free(job);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: what a campaign asks of MariaDB. A job is made by the campaign, carried out by one thread
 * of the committer pool (or by the model of the simulation), and comes back to the campaign by
 * campaign_on_job(). In between it belongs to the pool. */
#ifndef ONRUSH_SCHEDULER_JOB_H
#define ONRUSH_SCHEDULER_JOB_H

#include "scheduler/grant.h"
#include "shared/base/mailbox.h"

#define OWNER_MAX 64

enum job_kind {
    JOB_LOAD,      /* at takeover: granted, watermark, the next serial, the gaps */
    JOB_COMMIT,    /* a batch of grants, in one transaction */
    JOB_READ_BACK, /* which rows of the batch have a grant already? They come back as `found` */
    JOB_CONFIRM,   /* JOB_READ_BACK, and: is the quota exhausted under our own epoch? */
    JOB_PAGE,      /* grants behind the serial `after`, as `found`, to rebuild Redis */
    JOB_JOURNAL,   /* the first rows of the journal, as `found`: users and arrivals */
    JOB_UNJOURNAL, /* the rows of the users of the batch are in the queue: delete them */
    JOB_REFUSE,    /* write down that the rows of the batch are refused, and why */
    JOB_FINISH, /* a closed campaign in which everybody is decided: state 'settled'; CLASH when the
                   journal is not empty */
};

enum job_outcome {
    JOB_DONE,
    JOB_FENCED,  /* the lease or the quota has changed meanwhile: nothing was written */
    JOB_CLASH,   /* a key is there already: read back */
    JOB_BUSY,    /* deadlock and the like; rolled back: try again */
    JOB_REFUSED, /* MariaDB will not take (one of) these rows; rolled back */
    JOB_UNKNOWN, /* the connection was lost: what happened is unknown, read back */
};

struct campaign;

struct job {
    struct mail mail;
    enum job_kind kind;
    struct campaign *campaign; /* whose it is; the pool only hands it back */
    uint32_t campaign_id;
    uint64_t epoch;
    const char *owner;
    struct batch *batch; /* COMMIT, READ_BACK, CONFIRM */
    uint32_t after;      /* PAGE */
    uint64_t decided_to; /* UNJOURNAL: the highest ticket in the line or in MariaDB; and how many */
    uint32_t batches;    /* batches may be under way: both for the audit */

    enum job_outcome outcome;
    char error[DETAIL_MAX + 1];           /* COMMIT that was refused: what MariaDB said */
    struct batch *found;                  /* READ_BACK, CONFIRM, PAGE: rows of MariaDB */
    bool exhausted;                       /* CONFIRM: granted = quota */
    bool last;                            /* JOURNAL: there were no rows behind these */
    uint32_t quota, granted, next_serial; /* LOAD */
    uint64_t watermark;                   /* LOAD */
    uint32_t *gaps;                       /* LOAD */
    size_t n_gaps;

    int64_t submitted_us; /* monotonic; for the metrics */
    int64_t took_us;      /* in MariaDB, once it is there */
};

/* In the log, and the outcome in the metrics: "commit", "unknown". */
const char *job_kind_text(enum job_kind kind);
const char *job_outcome_text(enum job_outcome outcome);

/* job_free: with what it holds. Gives NULL. */
struct job *job_free(struct job *job);

#endif

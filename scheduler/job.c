/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/job.h"

#include <stdlib.h>

static const char *const kinds[] = {
    [JOB_LOAD] = "load",           [JOB_COMMIT] = "commit", [JOB_READ_BACK] = "read_back",
    [JOB_CONFIRM] = "confirm",     [JOB_PAGE] = "page",     [JOB_JOURNAL] = "journal",
    [JOB_UNJOURNAL] = "unjournal", [JOB_REFUSE] = "refuse", [JOB_FINISH] = "finish",
};

static const char *const outcomes[] = {
    [JOB_DONE] = "done", [JOB_FENCED] = "fenced",   [JOB_CLASH] = "clash",
    [JOB_BUSY] = "busy", [JOB_REFUSED] = "refused", [JOB_UNKNOWN] = "unknown",
};

const char *job_kind_text(enum job_kind kind)
{
    return kinds[kind];
}

const char *job_outcome_text(enum job_outcome outcome)
{
    return outcomes[outcome];
}

struct job *job_free(struct job *job)
{
    if (job != NULL) {
        batch_free(job->batch);
        batch_free(job->found);
        free(job->gaps);
        free(job);
    }
    return NULL;
}

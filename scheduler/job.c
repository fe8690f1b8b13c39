#include "scheduler/job.h"

#include <stdlib.h>

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

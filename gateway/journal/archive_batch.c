/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/archive_batch.h"

#include <stdlib.h>
#include <string.h>

bool archive_batch_add(struct archive_batch *batch, struct archive_job *job)
{
    if (batch->n >= ARCHIVE_BATCH_MAX)
        return false;
    batch->jobs[batch->n++] = job;
    return true;
}

static int by_campaign_user_arrival(const void *a, const void *b)
{
    const struct archive_job *x = *(struct archive_job *const *)a;
    const struct archive_job *y = *(struct archive_job *const *)b;
    int r = strcmp(x->name, y->name);
    if (r == 0)
        r = strcmp(x->user, y->user);
    return r != 0 ? r : (x->arrival_us > y->arrival_us) - (x->arrival_us < y->arrival_us);
}

/* arrange_one: appends `job`; jobs come in order. */
static void arrange_one(struct archive_batch *batch, struct archive_job *job)
{
    struct archive_group *group = batch->n_groups > 0 ? &batch->groups[batch->n_groups - 1] : NULL;
    if (group == NULL || strcmp(group->firsts[0]->name, job->name) != 0) {
        group = &batch->groups[batch->n_groups++];
        *group = (struct archive_group){.firsts = &batch->firsts[batch->n_firsts]};
    } else if (strcmp(group->firsts[group->n - 1]->user, job->user) == 0) {
        return;
    }
    job->known = (struct request_state){.kind = REQUEST_NONE};
    group->firsts[group->n++] = job;
    batch->n_firsts++;
}

void archive_batch_arrange(struct archive_batch *batch)
{
    qsort(batch->jobs, batch->n, sizeof batch->jobs[0], by_campaign_user_arrival);
    batch->n_firsts = batch->n_groups = 0;
    for (size_t i = 0; i < batch->n; i++)
        arrange_one(batch, batch->jobs[i]);
}

/* spread_first: copies the answer for a user to the user's jobs, which begin at `i`. Returns where
 * the next user begins. */
static size_t spread_first(struct archive_batch *batch, const struct archive_group *group,
                           const struct archive_job *first, size_t i)
{
    for (; i < batch->n && strcmp(batch->jobs[i]->name, first->name) == 0 &&
           strcmp(batch->jobs[i]->user, first->user) == 0;
         i++) {
        struct archive_job *job = batch->jobs[i];
        job->answer = group->found ? ARCHIVE_FOUND : ARCHIVE_NOTHING;
        job->row = group->row;
        if (job != first)
            job->known = first->known;
    }
    return i;
}

void archive_batch_spread(struct archive_batch *batch)
{
    size_t at = 0;
    for (size_t i = 0; i < batch->n_groups; i++) {
        const struct archive_group *group = &batch->groups[i];
        for (size_t j = 0; j < group->n; j++)
            at = spread_first(batch, group, group->firsts[j], at);
    }
}

void archive_batch_fail(struct archive_batch *batch, enum archive_answer answer)
{
    for (size_t i = 0; i < batch->n; i++)
        batch->jobs[i]->answer = answer;
}

static int compare_user(const void *user, const void *job)
{
    return strcmp(user, (*(struct archive_job *const *)job)->user);
}

struct archive_job *archive_batch_find(struct archive_job *const *jobs, size_t n, const char *user)
{
    struct archive_job *const *found = bsearch(user, jobs, n, sizeof *jobs, compare_user);
    return found != NULL ? *found : NULL;
}

size_t archive_batch_unknown(struct archive_job *const *jobs, size_t n, struct archive_job **out)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (jobs[i]->known.kind == REQUEST_NONE)
            out[found++] = jobs[i];
    }
    return found;
}

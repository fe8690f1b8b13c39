#include "gateway/journal/round.h"

#include <stdlib.h>
#include <string.h>

bool round_add(struct round *round, struct archive_job *job)
{
    if (round->n >= ROUND_MAX)
        return false;
    round->jobs[round->n++] = job;
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

/* arrange_one: `job` comes behind all that were arranged before it. */
static void arrange_one(struct round *round, struct archive_job *job)
{
    struct round_group *group = round->n_groups > 0 ? &round->groups[round->n_groups - 1] : NULL;
    if (group == NULL || strcmp(group->firsts[0]->name, job->name) != 0) {
        group = &round->groups[round->n_groups++];
        *group = (struct round_group){.firsts = &round->firsts[round->n_firsts]};
    } else if (strcmp(group->firsts[group->n - 1]->user, job->user) == 0) {
        return;
    }
    job->known = (struct request_state){.kind = REQUEST_NONE};
    group->firsts[group->n++] = job;
    round->n_firsts++;
}

void round_arrange(struct round *round)
{
    qsort(round->jobs, round->n, sizeof round->jobs[0], by_campaign_user_arrival);
    round->n_firsts = round->n_groups = 0;
    for (size_t i = 0; i < round->n; i++)
        arrange_one(round, round->jobs[i]);
}

/* spread_first: what is known of a user, to all jobs of this user that stand from `i` on; gives the
 * next. */
static size_t spread_first(struct round *round, const struct round_group *group,
                           const struct archive_job *first, size_t i)
{
    for (; i < round->n && strcmp(round->jobs[i]->name, first->name) == 0 &&
           strcmp(round->jobs[i]->user, first->user) == 0;
         i++) {
        struct archive_job *job = round->jobs[i];
        job->answer = group->found ? ARCHIVE_FOUND : ARCHIVE_NOTHING;
        job->row = group->row;
        if (job != first)
            job->known = first->known;
    }
    return i;
}

void round_spread(struct round *round)
{
    size_t at = 0;
    for (size_t i = 0; i < round->n_groups; i++) {
        const struct round_group *group = &round->groups[i];
        for (size_t j = 0; j < group->n; j++)
            at = spread_first(round, group, group->firsts[j], at);
    }
}

void round_fail(struct round *round, enum archive_answer answer)
{
    for (size_t i = 0; i < round->n; i++)
        round->jobs[i]->answer = answer;
}

struct archive_job *round_find(struct archive_job *const *jobs, size_t n, const char *user)
{
    size_t from = 0;
    while (from < n) {
        size_t middle = from + (n - from) / 2;
        int r = strcmp(user, jobs[middle]->user);
        if (r == 0)
            return jobs[middle];
        if (r < 0)
            n = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

size_t round_unknown(struct archive_job *const *jobs, size_t n, struct archive_job **out)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (jobs[i]->known.kind == REQUEST_NONE)
            out[found++] = jobs[i];
    }
    return found;
}

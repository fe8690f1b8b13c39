/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/audit_arrivals.h"

#include "ctl/audit_users.h"

#include <stdlib.h>
#include <sys/param.h>

/* A batch under way may count as eight, if batches became smaller since it was taken (pace.h). A
 * row that MariaDB refuses splits its batch about ten times. */
#define SHARES 8
#define SPLITS 16

/* --- collecting --- */

bool arrivals_grant(struct arrivals *a, uint64_t ticket, uint32_t serial, uint32_t batch,
                    uint32_t user)
{
    if (!audit_reserve((void **)&a->grants, &a->room_grants, a->n_grants, sizeof a->grants[0]))
        return false;
    uint64_t top = a->n_grants > 0 ? a->grants[a->n_grants - 1].top : 0;
    a->grants[a->n_grants++] = (struct arrivals_grant){
        .ticket = ticket, .top = MAX(ticket, top), .serial = serial, .batch = batch, .user = user};
    return true;
}

bool arrivals_request(struct arrivals *a, const struct arrivals_request *request)
{
    if (!audit_reserve((void **)&a->requests, &a->room_requests, a->n_requests,
                       sizeof a->requests[0]))
        return false;
    a->requests[a->n_requests++] = *request;
    return true;
}

void arrivals_clear(struct arrivals *a)
{
    free(a->grants);
    free(a->requests);
    *a = (struct arrivals){0};
}

/* --- sealing --- */

/* top_of: the highest ticket of the first `granted` serials. The grants are in order of serials. */
static uint64_t top_of(const struct arrivals *a, int64_t granted)
{
    size_t from = 0, to = a->n_grants;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if ((int64_t)a->grants[middle].serial <= granted)
            from = middle + 1;
        else
            to = middle;
    }
    return from > 0 ? a->grants[from - 1].top : 0;
}

static int by_ticket(const void *left, const void *right)
{
    const struct arrivals_grant *a = left, *b = right;
    return (a->ticket > b->ticket) - (a->ticket < b->ticket);
}

/* number_batches: numbers them by ticket; a batch in two pieces counts as two. */
static void number_batches(struct arrivals *a)
{
    uint32_t n = 0, before = 0;
    for (size_t i = 0; i < a->n_grants; i++) {
        n += i == 0 || a->grants[i].batch != before;
        before = a->grants[i].batch;
        a->grants[i].batch = n;
    }
}

void arrivals_seal(struct arrivals *a)
{
    for (size_t i = 0; i < a->n_requests; i++) {
        struct arrivals_request *r = &a->requests[i];
        r->since = top_of(a, r->granted);
        r->until = top_of(a, r->drained);
    }
    if (a->n_grants > 0)
        qsort(a->grants, a->n_grants, sizeof a->grants[0], by_ticket);
    number_batches(a);
}

/* --- judging --- */

/* above: the index of the first grant with a higher ticket. */
static size_t above(const struct arrivals *a, uint64_t ticket)
{
    size_t from = 0, to = a->n_grants;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (a->grants[middle].ticket <= ticket)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* behind_a_gap: the first grant above `ticket` with more free tickets in between than are
 * tolerated. A request at `ticket` belonged before it. */
static size_t behind_a_gap(const struct arrivals *a, uint64_t ticket)
{
    int64_t overlooked = (int64_t)(a->n_requests + a->refused);
    size_t first = above(a, ticket), from = first, to = a->n_grants;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int64_t between = (int64_t)(a->grants[middle].ticket - ticket) - 1;
        if (between - (int64_t)(middle - first) <= overlooked)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* from_later_claim: the first grant before U that was not in the line when U was drained. */
static const struct arrivals_grant *from_later_claim(const struct arrivals *a,
                                                     const struct arrivals_request *u, size_t end)
{
    size_t i = behind_a_gap(a, MAX(u->arrival, u->decided_to));
    return i < end ? &a->grants[i] : NULL;
}

/* unseen: the first grant before U in the batches committed after U, if these are more than could
 * be under way. It tolerates twice that number: batches do not finish in order, so some of these
 * may have committed before U. */
static const struct arrivals_grant *unseen(const struct arrivals *a,
                                           const struct arrivals_request *u, size_t end)
{
    size_t may = 2 * ((size_t)u->batches + SHARES) + SPLITS * a->refused;
    size_t behind = behind_a_gap(a, u->arrival), later = above(a, u->since), i = MAX(behind, later);
    size_t drained = above(a, u->until), until = MIN(end, drained);
    if (u->granted < 0 || i >= until || a->grants[until - 1].batch - a->grants[i].batch < may)
        return NULL;
    return &a->grants[i];
}

size_t arrivals_judge(struct arrivals *a)
{
    size_t overtaken = 0;
    for (size_t i = 0; i < a->n_requests; i++) {
        struct arrivals_request *u = &a->requests[i];
        size_t end = u->place != ARRIVALS_UNKNOWN ? above(a, u->place - 1) : 0;
        u->by = from_later_claim(a, u, end);
        if (u->by == NULL)
            u->by = unseen(a, u, end);
        overtaken += u->by != NULL;
    }
    return overtaken;
}

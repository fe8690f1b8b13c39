/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_rules.h"

#define FULL_US     1000000 /* how long a full journal is assumed to stay full */
#define LIMIT_PARTS 16      /* other gateways add too: count again after adding such a part */

enum request_kind journal_gate(const struct campaign_row *row)
{
    return campaign_gate(row->state, row->opens_us, row->closes_us, row->now_us,
                         row->granted >= row->quota);
}

int64_t journal_limit(const struct campaign_row *row)
{
    return row->overflow < 0 ? -1 : 2 * (row->quota + row->overflow);
}

struct journal_bound *journal_bound_of(struct journal_bound table[JOURNAL_BOUNDS], int64_t id)
{
    struct journal_bound *bound = &table[(uint64_t)id % JOURNAL_BOUNDS];
    if (bound->id != id)
        *bound = (struct journal_bound){.id = id, .counted = -1};
    return bound;
}

bool journal_bound_roomy(const struct journal_bound *b, int64_t limit, int64_t wanted)
{
    return limit < 0 || (b->counted >= 0 && b->added * LIMIT_PARTS <= limit &&
                         b->counted + b->added + wanted <= limit);
}

bool journal_bound_stale(const struct journal_bound *b, int64_t limit, int64_t wanted,
                         int64_t now_us)
{
    bool full = b->counted >= limit && now_us - b->counted_us < FULL_US;
    return !full && !journal_bound_roomy(b, limit, wanted);
}

void journal_bound_count(struct journal_bound *b, int64_t counted, int64_t now_us)
{
    b->counted = counted;
    b->added = 0;
    b->counted_us = now_us;
}

int64_t journal_bound_take(struct journal_bound *b, int64_t limit, int64_t wanted)
{
    int64_t room = limit - b->counted - b->added;
    int64_t n = limit < 0 || room >= wanted ? wanted : room > 0 ? room : 0;
    b->added += n;
    return n;
}

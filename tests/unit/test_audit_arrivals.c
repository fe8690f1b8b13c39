/* SPDX-License-Identifier: Apache-2.0 */
/* ctl/audit_arrivals: finds journalled users who are behind somebody who came later. */
#include "tests/support/dice.h"
#include "tests/support/test.h"

#include "ctl/audit_arrivals.h"

#include <stdlib.h>

#define MAY 16 /* batches possibly in flight where the scheduler reports 0: twice eight */

static struct arrivals all;

static void begin(void)
{
    all = (struct arrivals){.n_grants = 0};
}

static void end(void)
{
    arrivals_clear(&all);
}

/* grants: makes n grants, `step` tickets apart, in batches of `batch` rows; the first has serial 1.
 * */
static void grants(uint64_t ticket, uint64_t step, uint32_t n, uint32_t batch)
{
    for (uint32_t i = 0; i < n; i++)
        assert_true(arrivals_grant(&all, ticket + i * step, i + 1, i / batch, i));
}

static size_t judge_one(struct arrivals_request request)
{
    assert_true(arrivals_request(&all, &request));
    arrivals_seal(&all);
    return arrivals_judge(&all);
}

/* U came at 1050, among grants with the tickets 1000, 1100, 1200 ...; the queue was at 1500 when U
 * was drained. */
#define U                                                                                          \
    .arrival = 1050, .decided_to = 1500, .granted = 0, .drained = 6, .batches = 0, .user = 1000

#define ARRIVALS_TEST(name) TEST_WITH(name, begin, end)

ARRIVALS_TEST(test_nobody)
{
    arrivals_seal(&all);
    assert_int_equal(arrivals_judge(&all), 0);
    arrivals_clear(&all);
    assert_int_equal(judge_one((struct arrivals_request){U, .place = ARRIVALS_NONE}), 0);
}

/* Behind the queue of that moment, and before everybody else. */
ARRIVALS_TEST(test_in_its_place)
{
    grants(1000, 100, 20, 1);
    assert_int_equal(judge_one((struct arrivals_request){U, .place = 1501}), 0);
}

/* The drain kept a later ticket: 1600, 1700 and 1800 are ahead of it. */
ARRIVALS_TEST(test_place_was_lost)
{
    grants(1000, 100, 20, 1);
    assert_int_equal(judge_one((struct arrivals_request){U, .place = 1850}), 1);
    assert_int_equal(all.requests[0].by->ticket, 1600);
    assert_int_equal(all.requests[0].by->serial, 7);
    all.requests[0].place = 1550; /* read again */
    assert_int_equal(arrivals_judge(&all), 0);
    assert_null(all.requests[0].by);
}

ARRIVALS_TEST(test_without_a_coupon)
{
    grants(1000, 100, 20, 1);
    assert_int_equal(judge_one((struct arrivals_request){U, .place = ARRIVALS_NONE}), 1);
    all.requests[0].place = ARRIVALS_UNKNOWN;
    assert_int_equal(arrivals_judge(&all), 0);
}

/* Sold out, and everybody with a coupon was ahead of it. */
ARRIVALS_TEST(test_rightly_without_a_coupon)
{
    grants(1000, 100, 6, 1);
    assert_int_equal(judge_one((struct arrivals_request){U, .place = ARRIVALS_NONE}), 0);
}

/* After a run of tickets without a gap, U's place is behind the run. */
ARRIVALS_TEST(test_behind_a_run)
{
    grants(1000, 1, 200, 10);
    struct arrivals_request u = {.arrival = 1050, .decided_to = 1060, .granted = -1};
    u.place = 1200;
    assert_int_equal(judge_one(u), 0);
    all.requests[0].arrival = 900; /* arrived before the run, but the queue was in it */
    assert_int_equal(arrivals_judge(&all), 0);
    all.requests[0].decided_to = 900;
    assert_int_equal(arrivals_judge(&all), 1);
    assert_int_equal(all.requests[0].by->ticket, 1000);
}

/* One free ticket is ignored for each drained or refused user, who may have given it up. */
ARRIVALS_TEST(test_tickets_given_up)
{
    grants(1001, 3, 2, 1);
    struct arrivals_request u = {.arrival = 1001, .decided_to = 1001, .granted = -1, .place = 1010};
    assert_int_equal(judge_one(u), 1);
    all.refused = 1;
    assert_int_equal(arrivals_judge(&all), 0);
}

/* The scheduler reports a queue that far; but too many batches were committed after the row. */
ARRIVALS_TEST(test_was_there_to_be_seen)
{
    grants(1000, 100, 100, 2);
    struct arrivals_request u = {.arrival = 1050,
                                 .decided_to = 1000 + 100 * 90,
                                 .granted = 10,
                                 .drained = 10 + 2 * MAY,
                                 .place = 1000 + 100 * 90 + 1};
    assert_int_equal(judge_one(u), 0);
    arrivals_clear(&all);
    grants(1000, 100, 100, 2);
    u.drained++;
    assert_int_equal(judge_one(u), 1);
    assert_int_equal(all.requests[0].by->serial, 11);
    all.requests[0].batches = 1; /* a larger scheduler */
    assert_int_equal(arrivals_judge(&all), 0);
    all.requests[0].batches = 0;
    all.refused = 1; /* batches were split */
    assert_int_equal(arrivals_judge(&all), 0);
    all.refused = 0;
    all.requests[0].granted = -1; /* written by an older gateway */
    assert_int_equal(arrivals_judge(&all), 0);
}

/* After a raised quota the sold out are granted in their order, long after the drain. */
ARRIVALS_TEST(test_losers_that_come_back)
{
    grants(1000, 100, 100, 1);
    struct arrivals_request u = {.arrival = 1050,
                                 .decided_to = 1000 + 100 * 90,
                                 .granted = 10,
                                 .drained = 10,
                                 .place = 1000 + 100 * 90 + 1};
    assert_int_equal(judge_one(u), 0);
}

/* --- against the rule, stated naively --- */

#define GRANTS_MAX 80
#define HISTORIES  20000

static struct arrivals_grant plain[GRANTS_MAX]; /* in insertion order */
static size_t n_plain;

/* behind_free: true if more tickets are free between this one and the grant than are ignored. */
static bool behind_free(uint64_t ticket, const struct arrivals_grant *v)
{
    if (v->ticket <= ticket)
        return false;
    uint64_t taken = 0;
    for (size_t i = 0; i < n_plain; i++)
        taken += plain[i].ticket > ticket && plain[i].ticket < v->ticket;
    return v->ticket - ticket - 1 - taken > all.n_requests + all.refused;
}

/* committed: the grant was committed when this many were granted; missing serials do not count. */
static bool committed(int64_t granted, const struct arrivals_grant *v)
{
    for (size_t i = 0; i < n_plain; i++) {
        if (plain[i].serial <= granted && plain[i].ticket >= v->ticket)
            return true;
    }
    return false;
}

static bool unseen(const struct arrivals_request *u, const struct arrivals_grant *v)
{
    return v->ticket < u->place && behind_free(u->arrival, v) && !committed(u->granted, v) &&
           committed(u->drained, v);
}

/* begins_batch: no earlier ticket in the batch belongs to a user that this request did not see. */
static bool begins_batch(const struct arrivals_request *u, const struct arrivals_grant *v)
{
    const struct arrivals_grant *before = NULL;
    for (size_t i = 0; i < n_plain; i++) {
        if (plain[i].ticket < v->ticket && (before == NULL || plain[i].ticket > before->ticket))
            before = &plain[i];
    }
    return before == NULL || before->batch != v->batch || !unseen(u, before);
}

/* overtaken: the lowest ticket of an overtaker; 0: none. */
static uint64_t overtaken(const struct arrivals_request *u)
{
    uint64_t later = 0, first = 0;
    size_t batches = 0;
    uint64_t floor = u->arrival > u->decided_to ? u->arrival : u->decided_to;
    for (size_t i = 0; i < n_plain; i++) {
        const struct arrivals_grant *v = &plain[i];
        if (v->ticket < u->place && behind_free(floor, v) && (later == 0 || v->ticket < later))
            later = v->ticket;
        if (!unseen(u, v))
            continue;
        batches += begins_batch(u, v);
        if (first == 0 || v->ticket < first)
            first = v->ticket;
    }
    size_t may = 2 * ((size_t)u->batches + 8) + 16 * all.refused;
    return later != 0 ? later : u->granted >= 0 && batches > may ? first : 0;
}

/* random_grants: by serial; sometimes one is out of ticket order, or a serial is missing. */
static void random_grants(uint64_t *last)
{
    uint64_t ticket = 1000, step = 1 + dice(6);
    uint32_t serial = 0, batch = 0, size = 1 + (uint32_t)dice(3);
    n_plain = dice(GRANTS_MAX + 1);
    for (size_t i = 0; i < n_plain; i++) {
        ticket += 1 + dice(step);
        serial += 1 + (dice(20) == 0);
        batch += dice(size) == 0;
        plain[i] = (struct arrivals_grant){.ticket = ticket, .serial = serial, .batch = batch};
    }
    for (size_t i = 1; i < n_plain; i++) {
        if (dice(20) > 0)
            continue;
        uint64_t other = plain[i].ticket;
        plain[i].ticket = plain[i - 1].ticket;
        plain[i - 1].ticket = other;
    }
    for (size_t i = 0; i < n_plain; i++)
        assert_true(arrivals_grant(&all, plain[i].ticket, plain[i].serial, plain[i].batch, 0));
    *last = ticket;
}

static struct arrivals_request random_request(uint64_t last)
{
    uint64_t span = last - 1000 + 10;
    int64_t granted = (int64_t)dice(GRANTS_MAX / 2) - 1;
    static const uint64_t ends[] = {ARRIVALS_NONE, ARRIVALS_UNKNOWN};
    return (struct arrivals_request){.arrival = 990 + dice(span),
                                     .decided_to = dice(2) ? 990 + dice(span) : last,
                                     .granted = granted,
                                     .drained = granted + (int64_t)dice(GRANTS_MAX),
                                     .batches = (uint32_t)dice(3),
                                     .place = dice(4) ? 990 + dice(span) : ends[dice(2)]};
}

static void check_history(size_t *n, size_t *unseen_only)
{
    uint64_t last, by;
    size_t found = 0, requests = 1 + dice(4);
    random_grants(&last);
    all.refused = dice(8) == 0;
    for (size_t i = 0; i < requests; i++) {
        struct arrivals_request u = random_request(last);
        assert_true(arrivals_request(&all, &u));
    }
    arrivals_seal(&all);
    size_t told = arrivals_judge(&all);
    for (size_t i = 0; i < requests; i++) {
        const struct arrivals_request *u = &all.requests[i];
        by = u->place == ARRIVALS_UNKNOWN ? 0 : overtaken(u);
        assert_true(by == (u->by != NULL ? u->by->ticket : 0));
        found += by != 0;
        *unseen_only += by != 0 && by <= u->decided_to;
    }
    assert_int_equal(told, found);
    *n += found;
}

ARRIVALS_TEST(test_random)
{
    size_t n = 0, unseen_only = 0;
    for (int i = 0; i < HISTORIES; i++) {
        check_history(&n, &unseen_only);
        arrivals_clear(&all);
    }
    print_message("%zu were overtaken, %zu of these unseen\n", n, unseen_only);
    assert_true(n > HISTORIES / 10 && unseen_only > HISTORIES / 100);
}

/* --- a large campaign --- */

/* With a million grants and a hundred thousand requests, a quadratic audit would exceed the test's
 * timeout. */
ARRIVALS_TEST(test_large)
{
    enum { GRANTS = 1000000, REQUESTS = 100000 };
    grants(1000, REQUESTS + 10, GRANTS, 1000); /* further apart than the ignored tickets */
    for (uint32_t i = 0; i < REQUESTS; i++) {
        uint64_t ticket = all.grants[5 * i].ticket;
        struct arrivals_request u = {.arrival = ticket - 1, .decided_to = ticket, .granted = -1};
        u.place = ticket + 1 + (i % 1000 == 0) * (REQUESTS + 10);
        assert_true(arrivals_request(&all, &u));
    }
    arrivals_seal(&all);
    assert_int_equal(arrivals_judge(&all), REQUESTS / 1000);
}

BEFORE_ALL(prepare)
{
    dice_seed();
}

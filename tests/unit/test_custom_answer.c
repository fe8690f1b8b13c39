/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/custom_answer: which answer of a route is used for which outcome. */
#include "tests/support/test.h"

#include "gateway/custom_answer.h"

#include <string.h>

static struct route_answer answers[ROUTE_ANSWERS_N];
static struct route route;

/* word_all: a route with an answer for everything. */
static void word_all(enum operation op)
{
    route = (struct route){.op = op};
    for (size_t i = 0; i < ROUTE_ANSWERS_N; i++)
        route.answers[i] = &answers[i];
}

static const struct {
    enum outcome outcome;
    bool fresh;
    int post, get; /* -1: Onrush's own answer */
} outcomes[] = {
    {OUTCOME_waiting, true, ROUTE_accepted, ROUTE_waiting},
    {OUTCOME_waiting, false, ROUTE_waiting, ROUTE_waiting},
    {OUTCOME_granted, true, ROUTE_granted, ROUTE_granted},
    {OUTCOME_granted, false, ROUTE_already, ROUTE_granted},
    {OUTCOME_sold_out, false, ROUTE_sold_out, ROUTE_sold_out},
    {OUTCOME_sold_out, true, ROUTE_sold_out, ROUTE_sold_out},
    {OUTCOME_refused, false, ROUTE_refused, ROUTE_refused},
    {OUTCOME_not_open, false, ROUTE_not_open, ROUTE_not_open},
    {OUTCOME_closed, false, ROUTE_closed, ROUTE_closed},
    {OUTCOME_paused, false, ROUTE_paused, ROUTE_paused},
    {OUTCOME_no_campaign, false, ROUTE_no_campaign, ROUTE_no_campaign},
    {OUTCOME_no_request, false, ROUTE_no_request, ROUTE_no_request},
    {OUTCOME_bad_user, false, ROUTE_bad_user, ROUTE_bad_user},
    {OUTCOME_bad_json, false, ROUTE_bad_request, ROUTE_bad_request},
    {OUTCOME_bad_media_type, false, ROUTE_bad_request, ROUTE_bad_request},
    {OUTCOME_limited, false, ROUTE_limited, ROUTE_limited},
    {OUTCOME_overloaded, false, ROUTE_unavailable, ROUTE_unavailable},
    {OUTCOME_unavailable, false, ROUTE_unavailable, ROUTE_unavailable},
    {OUTCOME_unknown, false, ROUTE_unavailable, ROUTE_unavailable},
    {OUTCOME_wrong_user, false, ROUTE_unauthorized, ROUTE_unauthorized},
    {OUTCOME_too_slow, false, -1, -1},
    {OUTCOME_no_route, true, -1, -1},
    {OUTCOME_campaign, false, -1, -1},
    {OUTCOME_bad_method, true, -1, -1},
};

static void check(const struct request *r, int want, size_t line)
{
    const struct route_answer *got = custom_answer_find(r);
    if (got != (want < 0 ? NULL : &answers[want]))
        fail_msg("line %zu: %d instead of %d", line, got != NULL ? (int)(got - answers) : -1, want);
}

TEST(test_outcomes)
{
    for (size_t i = 0; i < LENGTH(outcomes); i++) {
        struct request r = {.route = &route,
                            .outcome = outcomes[i].outcome,
                            .fresh = outcomes[i].fresh,
                            .known.ticket = 7};
        word_all(OP_ENQUEUE);
        check(&r, outcomes[i].post, i);
        word_all(OP_STATUS);
        check(&r, outcomes[i].get, i);
        route = (struct route){.op = OP_ENQUEUE};
        check(&r, -1, i);
        r.route = NULL;
        check(&r, -1, i);
    }
}

/* A journalled request has no ticket: its answer is not "waiting", which a route may word as a
 * refusal. */
TEST(test_journalled)
{
    struct request r = {.route = &route, .outcome = OUTCOME_waiting};
    word_all(OP_ENQUEUE);
    check(&r, ROUTE_accepted, 0);
    word_all(OP_STATUS);
    check(&r, ROUTE_waiting, 1);
}

TEST(test_body)
{
    char body[] = "[\"{user}\",{ticket},{position}]", out[TEMPLATE_RENDERED_MAX], error[128];
    struct route_answer wording = {.status = 200};
    struct request r = {.user = "u-1", .known = {.ticket = 7, .position = 3}};
    assert_int_equal(template_compile(&wording.body, body, SLOTS_WAITING, error, sizeof error), 0);
    out[custom_answer_write(&wording, &r, out)] = '\0';
    assert_string_equal(out, "[\"u-1\",7,3]");
    r.known.ticket = 0; /* journalled */
    out[custom_answer_write(&wording, &r, out)] = '\0';
    assert_string_equal(out, "[\"u-1\",null,null]");
}

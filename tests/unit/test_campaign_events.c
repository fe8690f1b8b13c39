/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler/campaign_events: the events that follow from a campaign's row. */
#include "tests/support/test.h"

#include "scheduler/campaign_events.h"

#include <stdlib.h>

#define OPENED   (1u << EVENT_OPENED)
#define HALF     (1u << EVENT_HALF_GONE)
#define SOLD_OUT (1u << EVENT_SOLD_OUT)
#define CLOSED   (1u << EVENT_CLOSED)

TEST(test_due)
{
    static const struct {
        enum campaign_state state;
        int64_t quota, granted;
        unsigned due;
    } cases[] = {
        {CAMPAIGN_SCHEDULED, 10, 0, 0},
        {CAMPAIGN_OPEN, 10, 0, OPENED},
        {CAMPAIGN_OPEN, 10, 4, OPENED},
        {CAMPAIGN_OPEN, 10, 5, OPENED | HALF},
        {CAMPAIGN_OPEN, 11, 5, OPENED},
        {CAMPAIGN_OPEN, 11, 6, OPENED | HALF},
        {CAMPAIGN_OPEN, 10, 10, OPENED | HALF | SOLD_OUT},
        {CAMPAIGN_OPEN, 1, 1, OPENED | HALF | SOLD_OUT},
        {CAMPAIGN_OPEN, 20, 10, OPENED | HALF}, /* the quota was raised */
        {CAMPAIGN_OPEN, 0, 0, OPENED},
        {CAMPAIGN_PAUSED, 10, 0, 0}, /* before it opened */
        {CAMPAIGN_PAUSED, 10, 1, OPENED},
        {CAMPAIGN_CLOSED, 10, 0, CLOSED},
        {CAMPAIGN_CLOSED, 10, 10, OPENED | HALF | SOLD_OUT | CLOSED},
        {CAMPAIGN_SETTLED, 10, 7, OPENED | HALF | CLOSED},
        {CAMPAIGN_OPEN, UINT32_MAX, UINT32_MAX, OPENED | HALF | SOLD_OUT},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct campaign_row row = {
            .state = cases[i].state, .quota = cases[i].quota, .granted = cases[i].granted};
        if (campaign_events_due(&row) != cases[i].due)
            fail_msg("case %zu: %x instead of %x", i, campaign_events_due(&row), cases[i].due);
    }
}

TEST(test_nobody_is_told_of_a_drill)
{
    struct campaign_row row = {
        .name = "drill-1795223390544404", .state = CAMPAIGN_CLOSED, .quota = 10, .granted = 10};
    assert_int_equal(campaign_events_due(&row), 0);
    row.name[5] = '\0';
    assert_int_not_equal(campaign_events_due(&row), 0);
}

TEST(test_words_and_members)
{
    struct campaign_row row = {.id = 17,
                               .name = "noon",
                               .state = CAMPAIGN_OPEN,
                               .quota = 10000,
                               .granted = 10000,
                               .opens_us = INT64_C(1795219860000000)};
    struct campaign_event_text t;
    campaign_event_describe("shop", EVENT_SOLD_OUT, &row, &t);
    assert_string_equal(t.id, "shop.17.sold_out.10000");
    assert_string_equal(t.type, "campaign.sold_out");
    assert_string_equal(t.text, "shop: campaign noon is sold out: 10000 of 10000 granted");
    json_t *members = campaign_event_json(&row);
    char *text = json_dumps(members, JSON_COMPACT);
    assert_string_equal(text, "{\"campaign\":{\"id\":17,\"name\":\"noon\",\"state\":\"open\","
                              "\"quota\":10000,\"granted\":10000,"
                              "\"opens_at\":\"2026-11-21T00:11:00Z\",\"closes_at\":null}}");
    json_decref(members);
    free(text);
}

/* An event has the same id at any time and from any scheduler. After a raised quota, a second "sold
 * out" is another event. */
TEST(test_ids)
{
    struct campaign_row row = {.id = 17, .name = "noon", .quota = 10, .granted = 10};
    struct campaign_event_text t, again;
    campaign_event_describe("shop", EVENT_SOLD_OUT, &row, &t);
    row.granted = 9;
    campaign_event_describe("shop", EVENT_SOLD_OUT, &row, &again);
    assert_string_equal(t.id, again.id);
    row.quota = 20;
    campaign_event_describe("shop", EVENT_SOLD_OUT, &row, &again);
    assert_string_not_equal(t.id, again.id);
    campaign_event_describe("shop", EVENT_OPENED, &row, &t);
    row.quota = 30;
    campaign_event_describe("shop", EVENT_OPENED, &row, &again);
    assert_string_equal(t.id, again.id); /* but opens only once */
}

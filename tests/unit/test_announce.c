/* scheduler/announce: which turns of a campaign follow from its row. */
#include "tests/support/test.h"

#include "scheduler/announce.h"

#define OPENED   (1u << NOTICE_opened)
#define HALF     (1u << NOTICE_half_gone)
#define SOLD_OUT (1u << NOTICE_sold_out)
#define CLOSED   (1u << NOTICE_closed)

static void test_due(void **state)
{
    (void)state;
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
        {CAMPAIGN_PAUSED, 10, 0, 0}, /* before it ever opened */
        {CAMPAIGN_PAUSED, 10, 1, OPENED},
        {CAMPAIGN_CLOSED, 10, 0, CLOSED},
        {CAMPAIGN_CLOSED, 10, 10, OPENED | HALF | SOLD_OUT | CLOSED},
        {CAMPAIGN_SETTLED, 10, 7, OPENED | HALF | CLOSED},
        {CAMPAIGN_OPEN, UINT32_MAX, UINT32_MAX, OPENED | HALF | SOLD_OUT},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct campaign_row row = {
            .state = cases[i].state, .quota = cases[i].quota, .granted = cases[i].granted};
        if (announce_due(&row) != cases[i].due)
            fail_msg("case %zu: %x instead of %x", i, announce_due(&row), cases[i].due);
    }
}

static void test_nobody_is_told_of_a_drill(void **state)
{
    (void)state;
    struct campaign_row row = {
        .name = "drill-1795223390544404", .state = CAMPAIGN_CLOSED, .quota = 10, .granted = 10};
    assert_int_equal(announce_due(&row), 0);
    row.name[5] = '\0';
    assert_int_not_equal(announce_due(&row), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_due),
                                       cmocka_unit_test(test_nobody_is_told_of_a_drill)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* shared/daemon/health: nothing flaps, lasting changes are reported; the share of errors. */
#include "tests/support/test.h"

#include "shared/daemon/health.h"

#include <string.h>

#define S 1000000

static struct health h;
static struct health_change change;
static int64_t now_us;

static void fresh(void)
{
    h = (struct health){.worse_us = 2 * S, .better_us = 10 * S};
    now_us = 100 * S;
}

/* see: one observation with Redis in this state; true if the reported health changed. */
static bool see(int64_t after_us, bool able, enum health_state redis)
{
    struct health_report report = {.able = able};
    if (redis != HEALTH_OK)
        health_found(&report, HEALTH_redis, redis, "away");
    now_us += after_us;
    health_see(&h, &report, now_us, &change);
    return change.any;
}

TEST_WITH(test_overall, fresh, NULL)
{
    struct health_report r = {.able = true};
    assert_int_equal(health_overall(&r), HEALTH_OK);
    health_found(&r, HEALTH_lag, HEALTH_DEGRADED, "%d ms", 7);
    assert_int_equal(health_overall(&r), HEALTH_DEGRADED);
    health_found(&r, HEALTH_redis, HEALTH_DOWN, "away");
    assert_int_equal(health_overall(&r), HEALTH_DEGRADED); /* works on through the journal */
    r.able = false;
    assert_int_equal(health_overall(&r), HEALTH_DOWN);
    health_found(&r, HEALTH_lag, HEALTH_DEGRADED, "something else");
    assert_string_equal(r.found[HEALTH_lag].reason, "7 ms"); /* the first of equals stays */
    health_found(&r, HEALTH_lag, HEALTH_DOWN, "worse");
    assert_string_equal(r.found[HEALTH_lag].reason, "worse");
}

TEST_WITH(test_worse_after_a_while, fresh, NULL)
{
    assert_false(see(0, true, HEALTH_OK));
    assert_false(see(0, false, HEALTH_DOWN));
    assert_false(see(2 * S - 1, false, HEALTH_DOWN));
    assert_true(see(1, false, HEALTH_DOWN));
    assert_int_equal(h.overall.shown, HEALTH_DOWN);
    assert_int_equal(change.was, HEALTH_OK);
    assert_int_equal(change.components_were[HEALTH_redis], HEALTH_OK);
    assert_int_equal(h.components[HEALTH_redis].shown, HEALTH_DOWN);
    assert_int_equal(h.components[HEALTH_mariadb].shown, HEALTH_OK);
    assert_false(see(60 * S, false, HEALTH_DOWN)); /* reported once */
    assert_false(see(S, true, HEALTH_OK));
    assert_false(see(10 * S - 1, true, HEALTH_OK));
    assert_true(see(1, true, HEALTH_OK));
    assert_int_equal(h.overall.shown, HEALTH_OK);
    assert_int_equal(change.was, HEALTH_DOWN);
}

/* Up and down every second: neither is reported. */
TEST_WITH(test_flapping_is_not_told, fresh, NULL)
{
    for (int i = 0; i < 100; i++)
        assert_false(see(S, i % 2 == 0, i % 2 == 0 ? HEALTH_OK : HEALTH_DOWN));
    assert_int_equal(h.overall.shown, HEALTH_OK);
    see(0, false, HEALTH_DOWN);
    see(2 * S, false, HEALTH_DOWN);
    assert_int_equal(h.overall.shown, HEALTH_DOWN);
    for (int i = 0; i < 100; i++)
        assert_false(see(S, i % 8 == 0, i % 8 == 0 ? HEALTH_OK : HEALTH_DOWN));
    assert_int_equal(h.overall.shown, HEALTH_DOWN);
}

/* A problem that varies in degree is reported with its current degree. */
TEST_WITH(test_degrees_of_trouble_add_up, fresh, NULL)
{
    see(0, true, HEALTH_DEGRADED);
    assert_false(see(S, true, HEALTH_DOWN));
    assert_true(see(S, true, HEALTH_DEGRADED));
    assert_int_equal(h.components[HEALTH_redis].shown, HEALTH_DEGRADED);
    assert_false(see(S, true, HEALTH_DOWN)); /* degraded to down needs its own time */
    assert_true(see(2 * S, true, HEALTH_DOWN));
    assert_int_equal(h.overall.shown, HEALTH_DEGRADED);
}

TEST_WITH(test_at_once_when_so_configured, fresh, NULL)
{
    h.worse_us = h.better_us = 0;
    assert_true(see(0, false, HEALTH_DOWN));
    assert_true(see(0, true, HEALTH_OK));
}

TEST(test_share)
{
    struct health_share s = {0};
    assert_int_equal(health_share_see(&s, 1000 * S, 500, 400, 20), 0); /* from before the start */
    assert_int_equal(health_share_see(&s, 1001 * S, 519, 419, 20), 0); /* too few answers */
    assert_int_equal(health_share_see(&s, 1001 * S + 1, 600, 410, 20), 10);
    assert_int_equal(health_share_see(&s, 1005 * S, 700, 450, 20), 25);
    assert_int_equal(health_share_see(&s, 1030 * S, 700, 450, 20), 0); /* too old */
    assert_int_equal(health_share_see(&s, 1031 * S, 800, 550, 20), 100);
    for (int i = 1; i <= 20; i++)
        health_share_see(&s, (1031 + i) * S, 800 + 100 * i, 550, 20);
    assert_int_equal(health_share_see(&s, 1051 * S, 2800, 550, 20), 0);
}

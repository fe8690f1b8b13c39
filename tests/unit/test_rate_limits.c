/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/rate_limits: which time counts, and what is given back. Without the address, which needs
 * a connection. */
#include "tests/support/test.h"

#include "gateway/loop.h"
#include "gateway/rate_limits.h"
#include "gateway/router.h"
#include "shared/base/clock.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000)

static struct gateway gateway;
static struct loop loop;
static struct slab pool;
static struct gateway_config config;
static const struct route post = {.op = OP_ENQUEUE};

static void set_up(void)
{
    config = (struct gateway_config){.limits.slots = 1024};
    gateway.config = &config;
    gateway.limits = rate_limits_new(&config.limits);
    assert_non_null(gateway.limits);
    loop.gateway = &gateway;
    loop.now_us = clock_mono_us() + 100 * SECOND;
    request_pool_init(loop.requests = &pool);
}

static void tear_down(void)
{
    gateway.limits = rate_limits_free(gateway.limits);
    slab_end(&pool);
}

/* ask: a POST whose headers arrived at `start_us`, and which is complete now. */
static bool ask(const char *user, int64_t start_us)
{
    const struct limiter_hold none = {0};
    struct request *r = request_new(&loop, NULL);
    assert_non_null(r);
    r->route = &post;
    r->start_us = start_us;
    r->user_len = (uint8_t)snprintf(r->user, sizeof r->user, "%s", user);
    r->name_len = (uint8_t)snprintf(r->name, sizeof r->name, "noon");
    bool passed = rate_limits_pass(r, &none);
    assert_int_equal(r->stage, passed ? STAGE_READING : STAGE_ANSWERED);
    if (!passed)
        assert_int_equal(r->outcome, OUTCOME_limited);
    request_free(r);
    return passed;
}

/* Headers once per second and then all bodies at once are a burst. */
TEST_WITH(test_bodies_that_are_held_back, set_up, tear_down)
{
    int passed = 0;
    config.limits.of[LIMIT_user] = (struct limit_setting){1, 1};
    for (int i = 0; i < 10; i++)
        passed += ask("ann", loop.now_us + (i - 9) * SECOND);
    assert_int_equal(passed, 1);
    loop.now_us += SECOND;
    assert_true(ask("ann", loop.now_us - 30 * SECOND));
}

TEST_WITH(test_what_the_campaign_refuses_is_given_back, set_up, tear_down)
{
    config.limits.of[LIMIT_user] = (struct limit_setting){1, 3600};
    config.limits.of[LIMIT_campaign] = (struct limit_setting){1, 1};
    assert_true(ask("ann", loop.now_us));
    assert_false(ask("bob", loop.now_us));
    loop.now_us += SECOND;
    assert_true(ask("bob", loop.now_us));
    loop.now_us += SECOND;
    assert_false(
        ask("bob", loop.now_us)); /* refused by the user limit, which costs the campaign nothing */
    assert_true(ask("carl", loop.now_us));
}

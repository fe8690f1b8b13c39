/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/waiters: when Redis is asked for those who wait. */
#include "tests/support/test.h"

#include "gateway/campaign_cache.h"
#include "gateway/loop.h"
#include "gateway/waiters.h"
#include "shared/http/client_limit.h"

#define SECOND INT64_C(1000000)

static struct gateway gateway;
static struct loop loop;
static struct waiters waiters;
static struct gateway_config config;

static void set_up(void)
{
    config = (struct gateway_config){.poll_ms = 20, .instant_poll_ms = 2};
    gateway.config = &config;
    loop = (struct loop){.gateway = &gateway, .now_us = 100 * SECOND, .base = event_base_new()};
    assert_int_equal(waiters_start(&waiters, &loop), 0); /* the loop never runs */
}

static void tear_down(void)
{
    waiters_end(&waiters);
    event_base_free(loop.base);
}

/* due_ms: time until the next poll; -1: none. */
static int64_t due_ms(void)
{
    if (!event_pending(waiters.poll_event, EV_TIMEOUT, NULL))
        return -1;
    return (waiters.poll_us - loop.now_us) / 1000;
}

#define POLL_TEST(name) TEST_WITH(name, set_up, tear_down)

/* A new waiter does not postpone the others. */
POLL_TEST(test_nothing_is_put_off)
{
    struct timeval first, later;
    waiters_poll(&waiters, true);
    assert_true(event_pending(waiters.poll_event, EV_TIMEOUT, &first));
    for (int i = 1; i <= 4; i++) {
        loop.now_us += 4000;
        waiters.n_waited++;
        waiters_poll(&waiters, true);
        assert_int_equal(due_ms(), 20 - 4 * i);
    }
    assert_true(event_pending(waiters.poll_event, EV_TIMEOUT, &later));
    assert_int_equal(first.tv_sec * SECOND + first.tv_usec, later.tv_sec * SECOND + later.tv_usec);
}

/* The first waiting POST is polled sooner; after the last waiter polling ends. */
POLL_TEST(test_sooner_and_never)
{
    waiters_poll(&waiters, true);
    waiters.n_instant = 1;
    waiters_poll(&waiters, true);
    assert_int_equal(due_ms(), 2);
    waiters_poll(&waiters, false);
    assert_int_equal(due_ms(), -1);
    waiters_poll(&waiters, true);
    assert_int_equal(due_ms(), 2);
}

static const struct {
    size_t n_waited, n_instant;
    int64_t ms;
} crowds[] = {{1, 0, 20},   {100, 0, 20},    {1000, 0, 200}, {4096, 0, 819}, {1, 1, 2},
              {1, 1000, 4}, {1, 100000, 20}, {10, 10, 2},    {100, 1, 20},   {1000, 1, 200}};

POLL_TEST(test_crowds)
{
    for (size_t i = 0; i < LENGTH(crowds); i++) {
        waiters.n_waited = crowds[i].n_waited;
        waiters.n_instant = crowds[i].n_instant;
        waiters_poll(&waiters, false);
        waiters_poll(&waiters, true);
        assert_int_equal(due_ms(), crowds[i].ms);
    }
}

/* asks_again: after this head, is Redis asked about a user who waits with ticket 200? */
static bool asks_again(const struct campaign_head *head)
{
    static const struct redis_config nowhere = {.socket = "/nonexistent"};
    static const struct batcher_hooks nobody_asks;
    static struct batcher batcher;
    struct cached_campaign c = {.loop = &loop};
    struct request r = {.magic = 0x52455155u,
                        .stage = STAGE_WAITING,
                        .loop = &loop,
                        .campaign = &c,
                        .known = {.kind = REQUEST_WAITING, .ticket = 200}};
    assert_int_equal(redis_link_new(&loop.link, loop.base, &nowhere, NULL, NULL), 0);
    batcher_init(&batcher, &loop, &nobody_asks);
    channel_init(&c.channel, &batcher, "noon", &c.keys);
    TAILQ_INIT(&c.waiters);
    TAILQ_INIT(&c.instant);
    TAILQ_INSERT_TAIL(&c.waiters, &r, next);
    TAILQ_INSERT_TAIL(&waiters.waited, &c, in_waited);
    waiters.n_waited = 1;
    loop.waiters = &waiters;
    gateway.waiters = http_client_limit_new(1);
    assert_int_equal(http_client_limit_enter(gateway.waiters, NULL, 1, 1, &r.place),
                     HTTP_CLIENT_IN);
    c.head = *head;
    waiters_see(&c);
    if (r.stage == STAGE_WAITING) {
        TAILQ_REMOVE(&waiters.waited, &c, in_waited);
        http_client_limit_leave(gateway.waiters, r.place);
    }
    redis_link_free(loop.link);
    http_client_limit_free(gateway.waiters);
    return r.stage == STAGE_ASKING;
}

/* A waiting request may have a ticket above the mark though everybody is decided: its place
 * improved, or the mark was reset. */
POLL_TEST(test_everybody_is_decided)
{
    assert_true(asks_again(&(struct campaign_head){.granted = 1, .watermark = 200, .queued = 1}));
    assert_false(asks_again(&(struct campaign_head){.granted = 1, .watermark = 199, .queued = 1}));
    assert_false(asks_again(&(struct campaign_head){.granted = 1, .watermark = 199, .claimed = 1}));
    assert_true(asks_again(&(struct campaign_head){.sold_out = 1, .watermark = 199}));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/order: overtaken users by the clients' own clock. */
#include "tests/support/dice.h"
#include "tests/support/order.h"
#include "tests/support/test.h"

#include <stdbool.h>
#include <stdlib.h>

#define GATEWAY_1   1
#define GATEWAY_2   2
#define BETWEEN_US  500
#define HISTORIES   3000
#define CLIENTS_MAX 40

/* client: a client that asked one gateway only. */
static struct order_client client(uint32_t user, int64_t asked_us, int64_t acked_us,
                                  uint32_t serial)
{
    return (struct order_client){.user = user,
                                 .serial = serial,
                                 .asked_us = asked_us,
                                 .acked_us = acked_us,
                                 .asked = GATEWAY_1,
                                 .acked = acked_us != ORDER_NEVER ? GATEWAY_1 : 0};
}

static const struct order_client *find(const struct order_client *clients, size_t n, uint32_t user)
{
    for (size_t i = 0; i < n; i++) {
        if (clients[i].user == user)
            return &clients[i];
    }
    fail_msg("there is no user %u", user);
    return NULL;
}

/* expect: only `user` was overtaken, by `by`; user 0: nobody was. */
static void expect(struct order_client *clients, size_t n, uint32_t user, uint32_t by)
{
    struct order_verdict v;
    order_judge(clients, n, BETWEEN_US, &v);
    assert_int_equal(v.overtaken, user != 0);
    if (user == 0) {
        assert_null(v.worst);
        return;
    }
    assert_non_null(find(clients, n, user)->by);
    assert_int_equal(find(clients, n, user)->by->user, by);
    assert_int_equal(v.worst->user, user);
}

#define EXPECT(clients, user, by) expect(clients, LENGTH(clients), user, by)

TEST(test_nobody)
{
    struct order_verdict v;
    order_judge(NULL, 0, 0, &v);
    assert_int_equal(v.acked + v.overtaken, 0);
    assert_null(v.worst);
}

TEST(test_in_order)
{
    struct order_client in_turn[] = {client(3, 50, 60, 3), client(1, 10, 20, 1),
                                     client(2, 30, 40, 2)};
    EXPECT(in_turn, 0, 0);
    struct order_client losers_last[] = {client(1, 10, 20, 1), client(2, 30, 40, 0),
                                         client(3, 50, 60, 0)};
    EXPECT(losers_last, 0, 0);
    struct order_client nobody_won[] = {client(1, 10, 20, 0), client(2, 30, 40, 0)};
    EXPECT(nobody_won, 0, 0);
}

/* A user who asked before the other was acknowledged may be at any place. */
TEST(test_at_the_same_time)
{
    struct order_client overlap[] = {client(1, 10, 40, 2), client(2, 30, 60, 1)};
    EXPECT(overlap, 0, 0);
    struct order_client tie[] = {client(1, 10, 30, 2), client(2, 30, 60, 1)};
    EXPECT(tie, 0, 0);
    struct order_client one_later[] = {client(1, 10, 30, 2), client(2, 31, 60, 1)};
    EXPECT(one_later, 1, 2);
}

TEST(test_overtaken)
{
    struct order_client by_serial[] = {client(1, 10, 20, 9), client(2, 15, 50, 8),
                                       client(3, 30, 40, 7)};
    EXPECT(by_serial, 1, 3);
    struct order_client loser[] = {client(1, 10, 20, 0), client(2, 15, 50, 0),
                                   client(3, 30, 40, 7)};
    EXPECT(loser, 1, 3);
    struct order_client far_behind[] = {client(1, 10, 20, 100), client(2, 30, 200, 1),
                                        client(3, 19, 300, 99), client(4, 18, 400, 50)};
    EXPECT(far_behind, 1, 2);
}

/* Reports the overtaker who asked last, and the overtaken user who waited longest. */
TEST(test_worst)
{
    struct order_verdict v;
    struct order_client all[] = {client(1, 10, 20, 5), client(2, 11, 15, 4), client(3, 30, 90, 1),
                                 client(4, 40, 90, 2), client(5, 80, 85, 0)};
    order_judge(all, LENGTH(all), BETWEEN_US, &v);
    assert_int_equal(v.acked, 5);
    assert_int_equal(v.overtaken, 2);
    assert_int_equal(v.worst->user, 2);
    assert_int_equal(v.worst->by->user, 4);
    assert_int_equal(order_lead_us(v.worst), 25);
    assert_int_equal(find(all, LENGTH(all), 1)->by->user, 4);
}

TEST(test_missing_answers)
{
    struct order_client behind[] = {client(1, 10, ORDER_NEVER, 2), client(2, 30, 40, 1)};
    EXPECT(behind, 0, 0);
    struct order_client lost[] = {client(1, 10, ORDER_NEVER, 0), client(2, 30, 40, 1)};
    EXPECT(lost, 0, 0);
    struct order_client in_front[] = {client(1, 10, 20, 2), client(2, 30, ORDER_NEVER, 1)};
    EXPECT(in_front, 1, 2);
    struct order_verdict v;
    order_judge(behind, LENGTH(behind), BETWEEN_US, &v);
    assert_int_equal(v.acked, 1);
}

/* Two users with one serial are another kind of breach. */
TEST(test_same_serial)
{
    struct order_client same[] = {client(1, 10, 20, 4), client(2, 30, 40, 4)};
    EXPECT(same, 0, 0);
}

/* expect_between: user 1 was acknowledged by the first gateway; user 2 asked others this much later
 * and is in front. */
static void expect_between(uint8_t asked, int64_t later_us, bool overtaken)
{
    struct order_client both[] = {client(1, 10, 20, 2), client(2, 20 + later_us, 9000, 1)};
    both[1].asked = asked;
    EXPECT(both, overtaken ? 1 : 0, 2);
}

TEST(test_between_gateways)
{
    expect_between(GATEWAY_1, BETWEEN_US, true);
    expect_between(GATEWAY_2, BETWEEN_US, false);
    expect_between(GATEWAY_1 | GATEWAY_2, BETWEEN_US, false);
    expect_between(GATEWAY_2, BETWEEN_US + 1, true);
    expect_between(GATEWAY_1 | GATEWAY_2, BETWEEN_US + 1, true);
}

/* A legal user in front does not hide an illegal one. */
TEST(test_legal_beside_not)
{
    struct order_client all[] = {client(1, 10, 20, 3), client(2, 400, 900, 1),
                                 client(3, 30, 900, 2)};
    all[1].asked = GATEWAY_2;
    EXPECT(all, 1, 3);
}

/* --- against the rule, stated naively --- */

static bool overtook(const struct order_client *b, const struct order_client *a)
{
    if (a->acked_us == ORDER_NEVER || b->serial == 0 || (a->serial != 0 && a->serial <= b->serial))
        return false;
    return b->asked_us > a->acked_us + (b->asked == a->acked ? 0 : BETWEEN_US);
}

static struct order_client random_client(uint32_t user, uint32_t n)
{
    struct order_client c = client(user, (int64_t)dice(2000), 0, (uint32_t)dice(n));
    c.asked = (uint8_t)(1 + dice(3));
    c.acked = c.asked & GATEWAY_1 ? GATEWAY_1 : GATEWAY_2;
    c.acked_us = dice(5) == 0 ? ORDER_NEVER : c.asked_us + (int64_t)dice(300);
    return c;
}

static void check(const struct order_client *all, size_t n, const struct order_client *a)
{
    const struct order_client *by = NULL;
    for (size_t i = 0; i < n; i++) {
        if (overtook(&all[i], a) && (by == NULL || all[i].asked_us > by->asked_us))
            by = &all[i];
    }
    assert_int_equal(by != NULL, a->by != NULL);
    if (by != NULL) /* two may have asked at once */
        assert_int_equal(by->asked_us, a->by->asked_us);
}

TEST(test_random)
{
    struct order_client all[CLIENTS_MAX];
    size_t overtaken = 0, histories_without = 0;
    for (int i = 0; i < HISTORIES; i++) {
        struct order_verdict v;
        uint32_t n = 1 + (uint32_t)dice(CLIENTS_MAX);
        for (uint32_t user = 0; user < n; user++)
            all[user] = random_client(user, n);
        order_judge(all, n, BETWEEN_US, &v);
        for (uint32_t k = 0; k < n; k++)
            check(all, n, &all[k]);
        overtaken += v.overtaken;
        histories_without += v.overtaken == 0;
    }
    assert_true(overtaken > HISTORIES && histories_without > 0);
}

BEFORE_ALL(prepare)
{
    dice_seed();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Judges "first come, first served" by the clients' own clock: if one user was acknowledged before
 * another first asked, the first must not be behind the second. Only the coupons count, not the
 * servers' tickets and times.
 *
 * A user is "behind" another with a higher serial, or without a coupon if the other has one. Of two
 * users without a coupon, neither is behind the other. A user who was never acknowledged may be
 * behind anybody, but must not be ahead of a user who was acknowledged before it asked. In the same
 * µs, neither user is earlier. Pure; thread safe. */
#ifndef ONRUSH_TESTS_ORDER_H
#define ONRUSH_TESTS_ORDER_H

#include <stddef.h>
#include <stdint.h>

#define ORDER_NEVER    INT64_MAX
#define ORDER_GATEWAYS 4 /* at most */

/* One client. All times are µs of the same monotonic clock. */
struct order_client {
    uint32_t user;    /* for the caller; order_judge() ignores it */
    uint32_t serial;  /* 0: no coupon */
    int64_t asked_us; /* before the first request was sent */
    int64_t acked_us; /* after the first acceptance arrived; ORDER_NEVER: none */
    uint8_t asked;    /* gateways that received a request: 1 << 0, 1 << 1 ... */
    uint8_t acked;    /* gateway that accepted first, as the same kind of bit */

    /* order_judge() sets this to the overtaker who asked last, in the same array; NULL: not
     * overtaken. */
    const struct order_client *by;
};

struct order_verdict {
    size_t acked, overtaken; /* clients */
    /* The overtaken client with the longest lead; NULL: nobody was overtaken. */
    const struct order_client *worst;
};

/* order_judge: sorts the array by serial and judges it. Users of different gateways are compared
 * only if one asked more than `between_us` after the other was accepted. */
void order_judge(struct order_client *clients, size_t n, int64_t between_us,
                 struct order_verdict *verdict);

/* order_lead_us: how long before the overtaker's first request an overtaken client was
 * acknowledged. */
int64_t order_lead_us(const struct order_client *client);

#endif

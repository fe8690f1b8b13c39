/* SPDX-License-Identifier: Apache-2.0 */
/* First come, first served, judged by the clients' own clock: a user who was acknowledged before
 * another one first asked is not behind that one. Tickets and times of a server do not count, only
 * who got which coupon.
 *
 * "Behind" is a higher serial, or no coupon where the other one has one. Two without a coupon are
 * not behind each other. A user who was never acknowledged can be behind anybody, but not in front
 * of everybody. At the same µs, neither was before the other. Pure; thread safe. */
#ifndef ONRUSH_TESTS_ORDER_H
#define ONRUSH_TESTS_ORDER_H

#include <stddef.h>
#include <stdint.h>

#define ORDER_NEVER    INT64_MAX
#define ORDER_GATEWAYS 4 /* at most */

/* One client. Times are µs of one monotonic clock for all. */
struct order_client {
    uint32_t user;    /* not looked at */
    uint32_t serial;  /* 0: no coupon */
    int64_t asked_us; /* when the first request was sent, at the earliest */
    int64_t acked_us; /* when the first acceptance had come, at the latest; ORDER_NEVER: none */
    uint8_t asked;    /* the gateways that got a request: 1 << 0, 1 << 1 ... */
    uint8_t acked;    /* the one that accepted first, in the same way */

    /* What order_judge() finds: of those who overtook, the one who asked last; NULL: nobody did. It
     * points into the array. */
    const struct order_client *by;
};

struct order_verdict {
    size_t acked, overtaken; /* clients */
    /* Was acknowledged longest before the one who overtook; NULL: nobody was overtaken. */
    const struct order_client *worst;
};

/* order_judge: `between_us` is the tolerance between gateways: a user accepted by one gateway is
 * compared with users of another only if they asked later than that. It sorts the array by
 * serial. */
void order_judge(struct order_client *clients, size_t n, int64_t between_us,
                 struct order_verdict *verdict);

/* order_lead_us: how long before the other's first request an overtaken client was acknowledged. */
int64_t order_lead_us(const struct order_client *client);

#endif

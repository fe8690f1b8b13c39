/* SPDX-License-Identifier: Apache-2.0 */
/* All users who asked for a coupon: what they were told, and what Redis and MariaDB hold. Users are
 * u-N, with N below CROWD_MAX. Not thread safe. */
#ifndef ONRUSH_TESTS_CROWD_H
#define ONRUSH_TESTS_CROWD_H

#include "tests/support/order.h"
#include "tests/support/stack.h"

#include <stdint.h>

#define CROWD_MAX 100000

enum told {
    TOLD_WAITING = 1 << 0,
    TOLD_GRANTED = 1 << 1,
    TOLD_SOLD_OUT = 1 << 2, /* with a ticket: the request was decided */
    TOLD_FULL = 1 << 3,     /* sold out without a ticket: not admitted */
    TOLD_REFUSED = 1 << 4,
    TOLD_TWO_COUPONS = 1 << 5,
};

struct person {
    uint8_t told;    /* enum told; 0: no promise was made */
    uint64_t ticket; /* the lowest one told: the order of two gateways' answers is unknown */
    uint64_t granted_ticket;
    uint32_t serial; /* 0: not told */
    char code[COUPON_CODE_LEN + 1];

    int64_t asked_us, acked_us; /* the first POST, and its first 200 or 202; 0: none */
    uint8_t asked, acked;       /* bits of gateways, as in order.h */

    uint8_t rows; /* in MariaDB */
    uint64_t row_ticket;
    uint32_t row_serial;
    char row_code[COUPON_CODE_LEN + 1];

    char state; /* in Redis: q, g, s, r; 0: none */
    bool shown_wrong;
    uint64_t state_ticket;
};

struct crowd {
    struct person people[CROWD_MAX];
    uint32_t *by_serial; /* users in the order of their serials */
    uint32_t n_rows, strangers;
    uint64_t answers; /* lines of the ledgers */
    int64_t began_us; /* the first POST of any user; 0: none */
};

struct crowd *crowd_new(void);
struct crowd *crowd_free(struct crowd *crowd);

/* crowd_told: records an answer. `ticket` and `serial` are 0, and `code` is NULL, if absent. */
void crowd_told(struct crowd *crowd, uint32_t user, enum told what, uint64_t ticket,
                uint32_t serial, const char *code);

/* crowd_asked: records a POST to a gateway (0, 1 ...) by the clients' monotonic clock; `acked_us`
 * is 0 if it was not accepted. */
void crowd_asked(struct crowd *crowd, uint32_t user, unsigned gateway, int64_t sent_us,
                 int64_t acked_us);

/* crowd_read_ledger: reads the file that `onrushctl burst --ledger` wrote for this gateway. */
void crowd_read_ledger(struct crowd *crowd, const char *path, unsigned gateway);

/* crowd_read_stores: reads the grants, then the states; returns false if a store does not answer.
 * */
bool crowd_read_stores(struct crowd *crowd, struct stack *stack, const char *campaign);

/* crowd_order: after crowd_read_stores(), returns the users in the form for order_judge(), and
 * their number in *n. The caller frees the array. It omits users who are refused, or were told so,
 * because they have left the queue. */
struct order_client *crowd_order(const struct crowd *crowd, size_t *n);

#endif

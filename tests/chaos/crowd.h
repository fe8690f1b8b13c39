/* SPDX-License-Identifier: Apache-2.0 */
/* Everybody who asked for a coupon: what they were told, and what Redis and MariaDB hold of them.
 * Users are u-N, N below CROWD_MAX. Not thread safe. */
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
    uint8_t told;    /* enum told; 0: nothing that binds anybody */
    uint64_t ticket; /* the lowest of all: answers of two gateways are not read in their order */
    uint64_t granted_ticket;
    uint32_t serial; /* 0: was not told */
    char code[COUPON_CODE_LEN + 1];

    int64_t asked_us, acked_us; /* the first POST, and the first 200 or 202 to one; 0: none */
    uint8_t asked, acked;       /* gateways, as in order.h */

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
    uint32_t *by_serial; /* users, in the order of their serials */
    uint32_t n_rows, strangers;
    uint64_t answers; /* lines of ledgers */
    int64_t began_us; /* the first POST of all; 0: there was none */
};

struct crowd *crowd_new(void);
struct crowd *crowd_free(struct crowd *crowd);

/* crowd_told: an answer. `ticket` and `serial` 0, `code` NULL: not in it. */
void crowd_told(struct crowd *crowd, uint32_t user, enum told what, uint64_t ticket,
                uint32_t serial, const char *code);

/* crowd_asked: notes a POST to a gateway (0, 1 ...), by the clients' monotonic clock; `acked_us` 0:
 * it was not accepted. */
void crowd_asked(struct crowd *crowd, uint32_t user, unsigned gateway, int64_t sent_us,
                 int64_t acked_us);

/* crowd_read_ledger: the file that `onrushctl burst --ledger` wrote, of a burst to this gateway. */
void crowd_read_ledger(struct crowd *crowd, const char *path, unsigned gateway);

/* crowd_read_stores: the grants, then the states; false when a store does not answer. */
bool crowd_read_stores(struct crowd *crowd, struct stack *stack, const char *campaign);

/* crowd_order: everybody who asked, for order_judge(); call it after crowd_read_stores(). The
 * caller frees the array; *n is its length. A user who is refused, or was told so, left the line
 * and is not judged. */
struct order_client *crowd_order(const struct crowd *crowd, size_t *n);

#endif

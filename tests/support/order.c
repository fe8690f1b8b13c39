/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/order.h"

#include <stdlib.h>

#define SETS (1 << ORDER_GATEWAYS)

/* For each set of gateways: among clients already in front, those that asked last. */
struct front {
    const struct order_client *last[SETS];
};

/* place: the serial; a client without a coupon is behind all others. */
static uint32_t place(const struct order_client *c)
{
    return c->serial != 0 ? c->serial : UINT32_MAX;
}

static int by_place(const void *a, const void *b)
{
    uint32_t x = place(a), y = place(b);
    return (x > y) - (x < y);
}

static void front_add(struct front *front, const struct order_client *c)
{
    const struct order_client **last = &front->last[c->asked % SETS];
    if (*last == NULL || c->asked_us > (*last)->asked_us)
        *last = c;
}

/* overtaker: of the clients in front that must not be there, returns the one that asked last. */
static const struct order_client *overtaker(const struct front *front, const struct order_client *c,
                                            int64_t between_us)
{
    const struct order_client *found = NULL;
    for (unsigned set = 0; set < SETS; set++) {
        const struct order_client *other = front->last[set];
        int64_t grace_us = set == c->acked ? 0 : between_us;
        if (other == NULL || other->asked_us - grace_us <= c->acked_us)
            continue;
        if (found == NULL || other->asked_us > found->asked_us)
            found = other;
    }
    return found;
}

int64_t order_lead_us(const struct order_client *c)
{
    return c->by->asked_us - c->acked_us;
}

static void judge(struct order_client *c, const struct front *front, int64_t between_us,
                  struct order_verdict *v)
{
    c->by = NULL;
    if (c->acked_us == ORDER_NEVER)
        return;
    v->acked++;
    c->by = overtaker(front, c, between_us);
    if (c->by == NULL)
        return;
    v->overtaken++;
    if (v->worst == NULL || order_lead_us(c) > order_lead_us(v->worst))
        v->worst = c;
}

void order_judge(struct order_client *clients, size_t n, int64_t between_us,
                 struct order_verdict *v)
{
    struct front front = {{NULL}};
    const struct order_client *next = clients; /* the first client not yet in `front` */
    *v = (struct order_verdict){.acked = 0};
    if (n > 0)
        qsort(clients, n, sizeof *clients, by_place);
    for (size_t i = 0; i < n; i++) {
        for (; place(next) < place(&clients[i]); next++)
            front_add(&front, next);
        judge(&clients[i], &front, between_us, v);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tests/chaos/crowd: when each user first asked and was first accepted, from the clients' ledgers.
 * */
#include "tests/chaos/crowd.h"
#include "tests/support/file.h"
#include "tests/support/test.h"

#include <stdlib.h>

static struct crowd *crowd;
static size_t n;
static struct order_client *clients;

static void new_crowd(void)
{
    crowd = crowd_new();
    clients = NULL;
}

static void free_crowd(void)
{
    free(clients);
    crowd = crowd_free(crowd);
}

/* read_lines: reads a ledger with these lines, of a burst to this gateway. */
static void read_lines(const char *lines, unsigned gateway)
{
    crowd_read_ledger(crowd, file_make("ledger", "%s", lines), gateway);
}

static const struct order_client *client(uint32_t user)
{
    free(clients);
    clients = crowd_order(crowd, &n);
    for (size_t i = 0; i < n; i++) {
        if (clients[i].user == user)
            return &clients[i];
    }
    return NULL;
}

static void expect(uint32_t user, int64_t asked_us, int64_t acked_us)
{
    const struct order_client *c = client(user);
    assert_non_null(c);
    assert_int_equal(c->asked_us, asked_us);
    assert_int_equal(c->acked_us, acked_us);
}

#define CROWD_TEST(name) TEST_WITH(name, new_crowd, free_crowd)

/* The ledger has the answers' order. */
CROWD_TEST(test_first_counts)
{
    read_lines("u-1\t202 waiting\t77\t10\t200\t210\n"
               "u-1\t202 waiting\t77\t10\t300\t310\n"
               "u-2\t200 granted\t78\t10\t230\t250\n"
               "u-2\t202 waiting\t78\t10\t210\t260\n",
               0);
    expect(1, 200, 210);
    expect(2, 210, 250);
    assert_int_equal(crowd->began_us, 200);
}

CROWD_TEST(test_no_acceptance)
{
    read_lines("u-1\t0 timeout\t-\t90\t100\t190\n"
               "u-2\t503 UNKNOWN\t-\t90\t101\t191\n"
               "u-3\t409 SOLD_OUT\t-\t90\t102\t192\n"
               "u-4\t409 SOLD_OUT\t77\t90\t103\t193\n",
               0);
    for (uint32_t user = 1; user <= 4; user++)
        expect(user, 99 + user, ORDER_NEVER);
    assert_null(client(5));
}

/* A user who failed first counts from the first request. */
CROWD_TEST(test_accepted_later)
{
    read_lines("u-1\t503 UNAVAILABLE\t-\t90\t100\t190\n"
               "u-1\t202 waiting\t-\t90\t600\t690\n",
               0);
    expect(1, 100, 690);
}

CROWD_TEST(test_gateways)
{
    read_lines("u-1\t202 waiting\t-\t90\t100\t190\nu-2\t0 connect\t-\t90\t100\t190\n", 0);
    read_lines("u-1\t202 waiting\t-\t90\t50\t150\n", 1);
    read_lines("u-2\t202 waiting\t-\t90\t200\t290\n", 1);
    expect(1, 50, 150);
    assert_int_equal(client(1)->asked, 1 | 2);
    assert_int_equal(client(1)->acked, 2);
    expect(2, 100, 290);
    assert_int_equal(client(2)->asked, 1 | 2);
}

/* A refused user has left the queue. */
CROWD_TEST(test_refused)
{
    read_lines("u-1\t202 waiting\t77\t90\t100\t190\n", 0);
    crowd->people[1].state = 'r';
    expect(1, 100, ORDER_NEVER);
}

CROWD_TEST(test_serials)
{
    read_lines("u-1\t202 waiting\t77\t90\t100\t190\nu-2\t202 waiting\t78\t90\t200\t290\n", 0);
    crowd->people[2].rows = 1;
    crowd->people[2].row_serial = 1;
    struct order_verdict v;
    assert_int_equal(client(1)->serial, 0);
    order_judge(clients, n, 0, &v);
    assert_int_equal(v.overtaken, 1);
    assert_int_equal(v.worst->user, 1);
    assert_int_equal(v.worst->by->user, 2);
}

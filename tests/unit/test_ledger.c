/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler/ledger: the assignment of serials. Examples, then random histories against a naive
 * model. */
#include "tests/support/test.h"

#include "scheduler/ledger.h"
#include "tests/support/dice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ledger ledger;

static void close_ledger(void)
{
    ledger_close(&ledger);
}

static void join(uint64_t ticket)
{
    struct grant row = {.ticket = ticket, .serial = 77};
    row.user_len =
        (unsigned long)snprintf(row.user, sizeof row.user, "u%llu", (unsigned long long)ticket);
    assert_int_equal(ledger_join(&ledger, &row), 0);
}

/* join_all: the tickets as a text, such as "30 10". */
static void join_all(const char *tickets)
{
    for (char *end; *tickets != '\0'; tickets = end)
        join(strtoull(tickets, &end, 10));
}

/* open_ledger: `granted`: the serials that MariaDB has, such as "1 3". */
static void open_ledger(uint32_t quota, const char *granted)
{
    ledger_open(&ledger, quota);
    for (char *end; *granted != '\0'; granted = end)
        assert_int_equal(ledger_granted(&ledger, (uint32_t)strtoul(granted, &end, 10)), 0);
}

/* taken: the rows of ledger_take() or ledger_leave() as "ticket=serial ..." */
static const char *taken(size_t room, size_t (*take)(struct ledger *, struct batch *))
{
    static char text[4096];
    struct batch *batch = batch_new(room);
    size_t n = take(&ledger, batch), at = 0;
    assert_int_equal(n, batch->n);
    text[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%llu=%u", i > 0 ? " " : "",
                               (unsigned long long)batch->rows[i].ticket, batch->rows[i].serial);
    batch_free(batch);
    return text;
}

#define TAKE(room)  taken(room, ledger_take)
#define LEAVE(room) taken(room, ledger_leave)

#define LEDGER_TEST(name) TEST_WITH(name, NULL, close_ledger)

LEDGER_TEST(test_serials_in_ticket_order)
{
    open_ledger(10, "");
    join_all("10 20 30");
    assert_int_equal(ledger_takeable(&ledger), 3);
    assert_string_equal(TAKE(2), "10=1 20=2");
    assert_string_equal(TAKE(9), "30=3");
    assert_string_equal(TAKE(9), "");
    assert_false(ledger_parked(&ledger));
}

/* Tickets that went back to the queue are claimed again and return to their place in the line. */
LEDGER_TEST(test_the_line_is_kept_by_ticket)
{
    open_ledger(10, "");
    join_all("30 10 20 5 40");
    assert_string_equal(TAKE(9), "5=1 10=2 20=3 30=4 40=5");
}

LEDGER_TEST(test_gaps_go_first)
{
    open_ledger(10, "1 3 5");
    for (uint64_t t = 1; t <= 8; t++)
        join(t);
    assert_int_equal(ledger_takeable(&ledger), 7);
    assert_string_equal(TAKE(9), "1=2 2=4 3=6 4=7 5=8 6=9 7=10");
    assert_true(ledger_parked(&ledger));
}

LEDGER_TEST(test_losers_are_parked)
{
    open_ledger(2, "");
    join_all("1 2 3 4");
    assert_string_equal(TAKE(9), "1=1 2=2");
    assert_true(ledger_parked(&ledger));
    assert_int_equal(ledger_takeable(&ledger), 0);
    assert_string_equal(TAKE(9), "");
    assert_string_equal(LEAVE(1), "3=0");
    assert_string_equal(LEAVE(9), "4=0");
    assert_false(ledger_parked(&ledger));
}

LEDGER_TEST(test_a_free_serial_goes_to_the_next_in_line)
{
    open_ledger(2, "");
    join_all("1 2 3 4");
    TAKE(9);
    assert_int_equal(ledger_free_serial(&ledger, 1), 0);
    assert_false(ledger_parked(&ledger));
    assert_string_equal(TAKE(9), "3=1");
    ledger_free_serial(&ledger, 2);
    ledger_free_serial(&ledger, 1);
    join(5);
    assert_string_equal(TAKE(9), "4=1 5=2");
}

LEDGER_TEST(test_a_raised_quota_gives_more)
{
    open_ledger(1, "");
    join_all("1 2 3");
    assert_string_equal(TAKE(9), "1=1");
    ledger.quota = 2;
    assert_string_equal(TAKE(9), "2=2");
    assert_true(ledger_parked(&ledger));
}

LEDGER_TEST(test_a_sold_out_campaign)
{
    open_ledger(3, "1 2 3");
    assert_false(ledger_parked(&ledger));
    join(1);
    assert_true(ledger_parked(&ledger));
    assert_string_equal(TAKE(9), "");
}

LEDGER_TEST(test_largest_quota)
{
    ledger_open(&ledger, UINT32_MAX - 1);
    ledger.next = UINT32_MAX - 2;
    join_all("1 2 3");
    assert_string_equal(TAKE(9), "1=4294967293 2=4294967294");
    assert_true(ledger_parked(&ledger));
}

LEDGER_TEST(test_close_twice)
{
    open_ledger(3, "");
    join(1);
    ledger_close(&ledger);
    ledger_close(&ledger);
}

/* --- random histories --- */

#define TICKETS 4000
#define QUOTA   1500

/* The model records the place of every ticket and serial, and searches all of them for the next. */
static struct {
    bool in_line[TICKETS];
    bool is_free[QUOTA + 1]; /* serials; from 1 */
    uint32_t given[TICKETS]; /* serial in flight; 0: none */
    uint32_t quota;
    size_t line;
} model;

static uint32_t model_lowest_free(void)
{
    for (uint32_t s = 1; s <= model.quota; s++) {
        if (model.is_free[s])
            return s;
    }
    return 0;
}

static uint64_t model_first_in_line(void)
{
    uint64_t t = 0;
    while (!model.in_line[t])
        t++;
    return t;
}

static void step_join(void)
{
    uint64_t t = dice(TICKETS);
    if (model.in_line[t] || model.given[t] != 0)
        return;
    model.in_line[t] = true;
    model.line++;
    join(t);
}

static void step_take(void)
{
    struct batch *batch = batch_new(1 + dice(50));
    size_t n = ledger_take(&ledger, batch), want = 0;
    for (; want < batch->room && model.line > 0 && model_lowest_free() != 0; want++) {
        uint64_t t = model_first_in_line();
        uint32_t s = model_lowest_free();
        assert_true(want < n);
        assert_int_equal(batch->rows[want].ticket, t);
        assert_int_equal(batch->rows[want].serial, s);
        model.in_line[t] = model.is_free[s] = false;
        model.line--;
        model.given[t] = s;
    }
    assert_int_equal(n, want);
    batch_free(batch);
}

/* step_refuse: a user is refused and out; the serial becomes free. */
static void step_refuse(void)
{
    uint64_t t = dice(TICKETS);
    if (model.given[t] == 0)
        return;
    assert_int_equal(ledger_free_serial(&ledger, model.given[t]), 0);
    model.is_free[model.given[t]] = true;
    model.given[t] = 0;
}

static void step_leave(void)
{
    struct batch *batch = batch_new(1 + dice(20));
    size_t n = ledger_leave(&ledger, batch);
    assert_int_equal(n, model.line < batch->room ? model.line : batch->room);
    for (size_t i = 0; i < n; i++) {
        uint64_t t = model_first_in_line();
        assert_int_equal(batch->rows[i].ticket, t);
        assert_int_equal(batch->rows[i].serial, 0);
        model.in_line[t] = false;
        model.line--;
    }
    batch_free(batch);
}

static void check_sizes(void)
{
    size_t free_serials = 0;
    for (uint32_t s = 1; s <= model.quota; s++)
        free_serials += model.is_free[s];
    assert_int_equal(ledger_takeable(&ledger),
                     model.line < free_serials ? model.line : free_serials);
    assert_int_equal(ledger_parked(&ledger), model.line > 0 && free_serials == 0);
}

/* open_with_gaps: as after a takeover: some serials below `next` have no owner. */
static void open_with_gaps(void)
{
    memset(&model, 0, sizeof model);
    model.quota = 1 + (uint32_t)dice(QUOTA);
    uint32_t next = 1 + (uint32_t)dice(model.quota + 1);
    ledger_open(&ledger, model.quota);
    for (uint32_t s = 1; s <= model.quota; s++) {
        model.is_free[s] = s >= next || dice(4) == 0;
        if (!model.is_free[s])
            assert_int_equal(ledger_granted(&ledger, s), 0);
    }
}

LEDGER_TEST(test_random_histories)
{
    static void (*const steps[])(void) = {step_join, step_join,   step_join,   step_join,
                                          step_join, step_join,   step_join,   step_join,
                                          step_take, step_refuse, step_refuse, step_refuse};
    dice_seed();
    for (int history = 0; history < 40; history++) {
        open_with_gaps();
        for (int i = 0; i < 3000; i++) {
            if (dice(500) == 0)
                step_leave();
            steps[dice(LENGTH(steps))]();
            check_sizes();
        }
        ledger_close(&ledger);
    }
}

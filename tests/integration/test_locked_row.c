/* SPDX-License-Identifier: Apache-2.0 */
/* A stuck client keeps the row of a campaign locked: a scheduler stopped between its guard and
 * COMMIT, or one whose machine is gone. MariaDB ends its transaction soon; meanwhile the other
 * campaigns are decided. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"

#include <string.h>

static struct stack stack;

static void up(void)
{
    stack_up(&stack, NULL);
}

static void exec_db(struct event *e, const char *sql)
{
    if (db_exec(&e->db, sql, NULL) != DB_OK)
        fail_msg("%s: %s", sql, e->db.error);
}

static void wait_granted(const struct event *e, const char *user)
{
    static struct http_answer a;
    int64_t deadline_us = clock_mono_us() + 20000000;
    while (event_post(e, user, &a) != 200) {
        if (clock_mono_us() > deadline_us)
            fail_msg("%s of %s: %d %s", user, e->name, a.status, a.body);
        wait_a_moment();
    }
}

/* lock_row: locks it between the death of one scheduler and the start of the next. */
static void lock_row(struct event *held)
{
    stack_kill(&stack, "scheduler", "TERM");
    exec_db(held, "START TRANSACTION");
    exec_db(held, "UPDATE campaigns SET overflow = overflow + 1 WHERE name = 'held'");
    stack_start(&stack, "scheduler");
}

TEST(test_others_go_on)
{
    static struct http_answer a;
    struct event held, open;
    event_open(&held, &stack, "held");
    event_open(&open, &stack, "open");
    event_create(&held, "--quota 5");
    event_create(&open, "--quota 5");
    exec_db(&held, "SET SESSION idle_transaction_timeout = 0");
    lock_row(&held);
    wait_granted(&open, "ann");
    assert_int_equal(event_post(&held, "ann", &a), 202); /* accepted and undecided */
    exec_db(&held, "ROLLBACK");
    wait_granted(&held, "ann");
    event_close(&held);
    event_close(&open);
}

TEST(test_who_is_stopped_loses_its_lock)
{
    struct event held, other;
    event_open(&held, &stack, "held");
    event_open(&other, &stack, "held");
    lock_row(&held);
    wait_granted(&other, "bob");
    assert_int_not_equal(db_exec(&held.db, "COMMIT", NULL), DB_OK);
    event_close(&held);
    event_close(&other);
}

STACK_ENDS(stack)

int main(void)
{
    return test_run(up, NULL);
}

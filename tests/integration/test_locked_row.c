/* SPDX-License-Identifier: Apache-2.0 */
/* A stuck client keeps the row of a campaign locked: a scheduler stopped between its guard and
 * COMMIT, or one whose machine is gone. MariaDB ends its transaction soon; meanwhile the other
 * campaigns are decided. */
#include "tests/integration/event.h"

static struct stack stack;

BEFORE_ALL(up)
{
    stack_up(&stack, NULL);
}

/* lock_row: locks it between the death of one scheduler and the start of the next. */
static void lock_row(struct event *held)
{
    stack_kill(&stack, "scheduler", "TERM");
    event_sql(held, "START TRANSACTION");
    event_sql(held, "UPDATE campaigns SET overflow = overflow + 1 WHERE name = 'held'");
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
    event_sql(&held, "SET SESSION idle_transaction_timeout = 0");
    lock_row(&held);
    event_wait_post(&open, "ann", 200);
    assert_int_equal(event_post(&held, "ann", &a), 202); /* accepted and undecided */
    event_sql(&held, "ROLLBACK");
    event_wait_post(&held, "ann", 200);
    event_close(&held);
    event_close(&open);
}

TEST(test_who_is_stopped_loses_its_lock)
{
    struct event held, other;
    event_open(&held, &stack, "held");
    event_open(&other, &stack, "held");
    lock_row(&held);
    event_wait_post(&other, "bob", 200);
    assert_int_not_equal(db_exec(&held.db, "COMMIT", NULL), DB_OK);
    event_close(&held);
    event_close(&other);
}

STACK_ENDS(stack)

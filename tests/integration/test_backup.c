/* SPDX-License-Identifier: Apache-2.0 */
/* Backs an event up while it runs, the queue first and MariaDB later, and restores both after their
 * loss. Users granted before the backup keep their coupons; later ones ask again. */
#include "tests/integration/event.h"

#include "tests/support/child.h"

#include <stdio.h>
#include <stdlib.h>

static struct stack stack;
static char copies[300];

BEFORE_ALL(up)
{
    snprintf(copies, sizeof copies, "%s", tempdir_make());
    stack_up(&stack, NULL);
}

static void copy(const char *from, const char *to)
{
    const char *command = textf("cp -a '%s' '%s'", from, to);
    if (system(command) != 0)
        fail_msg("%s", command);
}

/* save, put_back: copy the data of a stopped store, or of Redis, whose log may be copied at any
 * time. */
static void save(const char *store)
{
    copy(textf("%s/%s", stack.dir, store), copies);
}

static void put_back(const char *store)
{
    const char *from = textf("%s/%s", copies, store);
    const char *to = textf("%s/%s", stack.dir, store);
    stack_kill(&stack, store, "TERM");
    assert_int_equal(rename(to, textf("%s/lost-%s", copies, store)), 0);
    copy(from, to);
    stack_start(&stack, store);
}

static void post_all(const struct event *e, int first, int end)
{
    for (int i = first; i < end; i++)
        event_accept(e, "u-%d", i);
}

static void wait_granted(int n)
{
    struct db db;
    stack_db(&stack, &db);
    wait_for(stack_number(&db, "SELECT COUNT(*) FROM coupons") == n);
    db_close(&db);
}

static char *export(void)
{
    char *csv = NULL;
    assert_int_equal(stack_ctl(&stack, &csv, "export noon --format csv"), 0);
    return csv;
}

TEST(test_save_and_restore)
{
    struct event e;
    event_make(&e, &stack, "noon", "--quota 100");
    post_all(&e, 0, 40);
    wait_granted(40);
    stack_kill(&stack, "scheduler", "TERM");
    post_all(&e, 40, 60); /* waiting in Redis' backup, granted in MariaDB's */
    save("redis");
    stack_start(&stack, "scheduler");
    wait_granted(60);
    char *before = export();
    stack_kill(&stack, "mariadb", "TERM");
    save("mariadb");
    stack_start(&stack, "mariadb");
    post_all(&e, 60, 70); /* in no backup */
    wait_granted(70);
    event_close(&e);

    stack_kill(&stack, "gateway", "TERM");
    stack_kill(&stack, "scheduler", "TERM");
    put_back("mariadb");
    put_back("redis");
    stack_start(&stack, "scheduler");
    stack_start(&stack, "gateway");
    /* Redis has the campaign again */
    wait_for(stack_ctl(&stack, NULL, "audit noon") == 0);
    char *after = export();
    assert_string_equal(after, before);
    event_open(&e, &stack, "noon");
    post_all(&e, 60, 70);
    wait_granted(70);
    event_ctl(&stack, "audit noon");
    event_close(&e);
    free(before);
    free(after);
}

STACK_ENDS(stack)

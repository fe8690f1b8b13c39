/* SPDX-License-Identifier: Apache-2.0 */
/* An orderly stop leaves nothing behind: both daemons run under valgrind, serve an event, and end
 * on SIGTERM. */
#include "tests/integration/event.h"

#include "tests/support/child.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct stack stack;

/* check_logs: reads valgrind's log of one daemon. */
static void check_logs(const char *dir, const char *daemon)
{
    glob_t found;
    assert_int_equal(glob(textf("%s/%s.*.valgrind", dir, daemon), 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        if (system(textf("grep -q 'ERROR SUMMARY: 0 errors' '%s'", found.gl_pathv[i])) != 0) {
            show_log(found.gl_pathv[i]);
            fail_msg("valgrind complains about the %s", daemon);
        }
    }
    globfree(&found);
}

TEST(test_no_leak)
{
    static const char valgrind[] =
        "valgrind --leak-check=full --show-leak-kinds=definite,indirect,possible "
        "--errors-for-leak-kinds=definite,indirect,possible --log-file=%s/%s.%%p.valgrind";
    struct event e;
    const char *dir = tempdir_make();
    const char *gateway = textf(valgrind, dir, "gateway");
    const char *scheduler = textf(valgrind, dir, "scheduler");
    event_start(
        &e, &stack,
        (const char *const[]){"--wrap-gateway", gateway, "--wrap-scheduler", scheduler, NULL},
        "--quota 200");
    const char *ledger = textf("%s/ledger", dir);
    event_ctl(&stack,
              "burst noon --users 1500 --requests 2000 --concurrency 50 --timeout-ms 60000 "
              "--no-progress --json --ledger %s",
              ledger);
    event_wait(&e, 60000);
    event_read_ledger(&e, ledger);
    assert_int_equal(e.faults, 0);
    event_check(&e, 200);
    assert_int_equal(http_get(event_url(&e, "-not"), NULL), 404);
    assert_int_equal(http_post(event_url(&e, "/requests"), "{", NULL), 400);
    event_close(&e);
    stack_kill(&stack, "gateway", "TERM");
    stack_kill(&stack, "scheduler", "TERM");
    check_logs(dir, "gateway");
    check_logs(dir, "scheduler");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* shared/daemon/shutdown_deadline: a process that hangs beyond its grace ends itself; an orderly
 * end is not disturbed. Each case runs in its own process. */
#include "tests/support/test.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/daemon/shutdown_deadline.h"

#include <sys/wait.h>
#include <unistd.h>

static int code_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(test_hangs)
{
    int64_t began_us = clock_mono_us();
    pid_t pid = fork();
    if (pid == 0) {
        shutdown_deadline_start(100);
        for (;;)
            pause();
    }
    assert_int_equal(code_of(pid), SHUTDOWN_EXIT_CODE);
    assert_true(clock_mono_us() - began_us >= (100 + SHUTDOWN_EXIT_MS) * 1000);
}

TEST(test_ends_in_order)
{
    pid_t pid = fork();
    if (pid == 0) {
        shutdown_deadline_end(); /* never started */
        shutdown_deadline_start(600000);
        shutdown_deadline_start(1);
        shutdown_deadline_end();
        _exit(7);
    }
    assert_int_equal(code_of(pid), 7);
}

BEFORE_ALL(prepare)
{
    log_configure(LOG_LEVEL_ERROR, LOG_LOGFMT, LOG_PRIORITIES_AUTO);
}

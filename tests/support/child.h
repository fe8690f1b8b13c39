/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes and temporary directories that never outlive the test program. A child dies with
 * the program, however the program ends; exit() removes the directories. Not thread safe. */
#ifndef ONRUSH_TESTS_CHILD_H
#define ONRUSH_TESTS_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* child_start: runs argv[0], found in PATH, with its output in the file `log`. Returns the pid; a
 * failure ends the test program. */
pid_t child_start(const char *const *argv, const char *log);

/* child_run: runs argv[0] as child_start() does, and waits. Returns the exit code, or 128 + the
 * signal. */
int child_run(const char *const *argv, const char *log);

bool child_running(pid_t pid);

/* child_wait: waits for the child to end, at most `timeout_ms`. Returns the exit code, 128 + the
 * signal, or -ETIMEDOUT. */
int child_wait(pid_t pid, int64_t timeout_ms);

/* child_end: sends `signal` and waits; kills the child after a deadline. A pid of 0 is ignored. */
void child_end(pid_t pid, int signal);

/* tempdir_make: makes a directory in $TMPDIR or /tmp; exit() removes it. The returned text is
 * static and lives as long as the program. */
const char *tempdir_make(void);

/* show_log: copies the end of a log to standard error, because the log's directory will be removed.
 * */
void show_log(const char *path);

/* test_fail_start: prints what could not be started and ends the program. */
void test_fail_start(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* wait_a_moment: pauses between two polls of something that sends no event, such as a server that
 * starts. */
void wait_a_moment(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Programs and directories that a test starts and that must not outlive it. A child dies with the
 * test program, however that ends; directories are removed when it ends by exit(). Not thread
 * safe. */
#ifndef ONRUSH_TESTS_CHILD_H
#define ONRUSH_TESTS_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* child_start: runs argv[0] (looked up in PATH); its output goes to the file `log`. The pid; ends
 * the test program when that is impossible. */
pid_t child_start(const char *const *argv, const char *log);

/* child_run: as child_start(), and waits. The exit code, or 128 + the signal. */
int child_run(const char *const *argv, const char *log);

/* child_running: false once it has ended. */
bool child_running(pid_t pid);

/* child_wait: waits until it ends, at most `timeout_ms`. The exit code, 128 + the signal, or
 * -ETIMEDOUT. */
int child_wait(pid_t pid, int64_t timeout_ms);

/* child_end: sends `signal` and waits; after a deadline it is killed. Fine for a pid of 0. */
void child_end(pid_t pid, int signal);

/* tempdir_make: a new directory in /tmp (or in $TMPDIR), removed at exit. The text is static: it
 * lives as long as the program. */
const char *tempdir_make(void);

/* show_log: copies the end of a log to standard error: it goes with its directory. */
void show_log(const char *path);

/* test_fail_start: says what could not be started and ends the program. */
void test_fail_start(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* wait_a_moment: between two looks at something that gives no event (a server that starts). */
void wait_a_moment(void);

#endif

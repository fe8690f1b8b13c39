/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a daemon in a bounded time, whatever hangs. Everything in Onrush may be killed at any
 * moment without breaking a promise, so a daemon that cannot end in order ends anyway:
 *
 *   SIGTERM ── grace ──► + SHUTDOWN_CUT_MS: connections to MariaDB are cut (db_cut_all()), so
 *                          threads that wait for it go on, and clients are answered 503
 *                      ──► + SHUTDOWN_EXIT_MS: the process ends itself, with SHUTDOWN_EXIT_CODE
 *
 * The second is for what cannot be cut: resolving a name, or connecting. */
#ifndef ONRUSH_SHUTDOWN_DEADLINE_H
#define ONRUSH_SHUTDOWN_DEADLINE_H

#include <stdint.h>

#define SHUTDOWN_CUT_MS    2000
#define SHUTDOWN_EXIT_MS   5000
#define SHUTDOWN_EXIT_CODE 75 /* EX_TEMPFAIL */

/* shutdown_deadline_start: the time runs from now on; once a process. When no thread can be made,
 * there is no such bound, and the log says so. */
void shutdown_deadline_start(int64_t grace_ms);

/* shutdown_deadline_end: the daemon has ended in order. Fine when it was never started. */
void shutdown_deadline_end(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Ends a daemon in bounded time, whatever hangs. Everything in Onrush may be killed at any moment
 * without breaking a promise, so a daemon that cannot stop in order stops anyway:
 *
 *   SIGTERM ── grace ──► + SHUTDOWN_CUT_MS: cuts the connections to MariaDB (db_cut_all()), so that
 *                          waiting threads go on, and clients get 503
 *                    ──► + SHUTDOWN_EXIT_MS: exits with SHUTDOWN_EXIT_CODE
 *
 * The second step is for what cannot be cut: resolving a name, or connecting. */
#ifndef ONRUSH_SHUTDOWN_DEADLINE_H
#define ONRUSH_SHUTDOWN_DEADLINE_H

#include <stdint.h>

#define SHUTDOWN_CUT_MS    2000
#define SHUTDOWN_EXIT_MS   5000
#define SHUTDOWN_EXIT_CODE 75 /* EX_TEMPFAIL */

/* shutdown_deadline_start: starts the clock; further calls do nothing. If no thread can be created,
 * there is no bound, and the log says so. */
void shutdown_deadline_start(int64_t grace_ms);

/* shutdown_deadline_end: the daemon has stopped in order. Fine if it was never started. */
void shutdown_deadline_end(void);

#endif

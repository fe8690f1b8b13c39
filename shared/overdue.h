/* The end of a daemon in a bounded time, whatever hangs. Everything in Onrush may be killed at any
 * moment without breaking a promise, so a daemon that cannot end in order ends anyway:
 *
 *   SIGTERM ── grace ──► + OVERDUE_CUT_MS: connections to MariaDB are cut (db_cut_all()), so
 *                          threads that wait for it go on, and clients are answered 503
 *                      ──► + OVERDUE_EXIT_MS: the process ends itself, with OVERDUE_EXIT
 *
 * The second is for what cannot be cut: resolving a name, or connecting. */
#ifndef ONRUSH_OVERDUE_H
#define ONRUSH_OVERDUE_H

#include <stdint.h>

#define OVERDUE_CUT_MS  2000
#define OVERDUE_EXIT_MS 5000
#define OVERDUE_EXIT    75 /* EX_TEMPFAIL */

/* overdue_start: the time runs from now on; once a process. When no thread can be made, there is no
 * such bound, and the log says so. */
void overdue_start(int64_t grace_ms);

/* overdue_end: the daemon has ended in order. Fine when it was never started. */
void overdue_end(void);

#endif

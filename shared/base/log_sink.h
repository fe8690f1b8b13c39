/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the log to standard error without ever waiting. If the reader stalls (a full pipe, a
 * stopped terminal), lines are dropped and counted, and the worker goes on.
 *
 *   socket (journald)     send(2) with MSG_DONTWAIT
 *   pipe, terminal        opened again with O_NONBLOCK, because other processes share the flag of
 *                         our descriptor. Where that is not allowed: poll(2), then write(2)
 *   file                  write(2)
 *
 * Thread safe. */
#ifndef ONRUSH_LOG_SINK_H
#define ONRUSH_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>

/* log_sink_open: detects what standard error is. Call it before any thread starts, and again
 * whenever standard error was replaced. */
void log_sink_open(void);

/* log_sink_journal: true if journald reads standard error, according to $JOURNAL_STREAM. */
bool log_sink_journal(void);

/* log_sink_write: returns false if the line, or a part of it, was dropped. */
bool log_sink_write(const char *line, size_t len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Where the log goes: standard error, without ever waiting for it. Whoever reads the log may stall
 * (a full pipe, a stopped terminal); then lines are dropped and counted, and no worker stands
 * still.
 *
 *   socket (journald)     send(2) with MSG_DONTWAIT
 *   pipe, terminal        opened anew with O_NONBLOCK for us alone: the flag of the old one is shared
 *                         with other processes. Where that is not allowed: poll(2), then write(2)
 *   file                  write(2)
 *
 * Thread safe. */
#ifndef ONRUSH_LOG_SINK_H
#define ONRUSH_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* log_sink_open: looks what standard error is; to be called before there are threads, and again
 * whenever it was exchanged. */
void log_sink_open(void);

/* log_sink_journal: it is journald's, by $JOURNAL_STREAM. */
bool log_sink_journal(void);

/* log_sink_write: false: the line (or a part of it) was dropped. */
bool log_sink_write(const char *line, size_t len);

#endif

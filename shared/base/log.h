/* SPDX-License-Identifier: Apache-2.0 */
/* The log: one line an event, logfmt or JSON, to standard error, where journald reads it.
 *
 *   log_info("redis is back", "socket=%s after_ms=%d", path, ms);
 *
 *   ts=2026-11-20T12:00:00.000123Z level=info msg="redis is back" socket=/run/redis.sock after_ms=412
 *
 * The message is a constant. The fields are printf-like `key=value` words; log_quote() quotes a
 * value with spaces or quotes. Never log a coupon code, token or password. Each call site may write
 * 20 lines a second; its next line counts those beyond (suppressed=N). A line is one write(2) and
 * at most LOG_LINE_MAX bytes; JSON that does not fit is cut so that it stays JSON. Thread safe.
 * Never waits: a line that cannot be written at once is dropped, and the next line counts it
 * (dropped=N). */
#ifndef ONRUSH_LOG_H
#define ONRUSH_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LOG_LINE_MAX 1024

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_LOGFMT, LOG_JSON };

/* "<6>" before each line, by which journald knows its level. AUTO: when it is journald that
 * reads. */
enum log_priorities { LOG_PRIORITIES_AUTO, LOG_PRIORITIES_ALWAYS, LOG_PRIORITIES_NEVER };

/* log_configure: what is written from now on, and how; may be called again at any time. The first
 * call looks what standard error is. */
void log_configure(enum log_level level, enum log_format format, enum log_priorities priorities);

/* Texts of these, as in the config files: 0, or -EINVAL and the output untouched. */
int log_level_parse(const char *text, enum log_level *level);
int log_format_parse(const char *text, enum log_format *format);
int log_priorities_parse(const char *text, enum log_priorities *priorities);

/* log_dropped: lines that nobody will read, since the start. */
int64_t log_dropped(void);

/* log_quote: `text` in double quotes with what needs it escaped, cut to fit. Gives `out`. */
const char *log_quote(const char *text, char *out, unsigned size);

/* One a call site: how much it has written in the running second. */
struct log_site {
    _Atomic int64_t second;
    _Atomic uint32_t lines, suppressed;
};

void log_write(struct log_site *site, enum log_level level, const char *message, const char *fields,
               ...) __attribute__((format(printf, 4, 5)));

#define LOG_AT(level, message, ...)                                                                \
    do {                                                                                           \
        static struct log_site log_site_;                                                          \
        log_write(&log_site_, level, message, __VA_ARGS__);                                        \
    } while (0)

#define log_error(message, ...)   LOG_AT(LOG_LEVEL_ERROR, message, __VA_ARGS__)
#define log_warning(message, ...) LOG_AT(LOG_LEVEL_WARNING, message, __VA_ARGS__)
#define log_info(message, ...)    LOG_AT(LOG_LEVEL_INFO, message, __VA_ARGS__)
#define log_debug(message, ...)   LOG_AT(LOG_LEVEL_DEBUG, message, __VA_ARGS__)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The log: one line per event, logfmt or JSON, on standard error, where journald reads it.
 *
 *   log_info("redis is back", "socket=%s after_ms=%d", path, ms);
 *
 *   ts=2026-11-20T12:00:00.000123Z level=info msg="redis is back" socket=/run/r.sock after_ms=412
 *
 * The message is a constant. The fields are `key=value` words with a printf format; log_quote()
 * quotes a value that has spaces or quotes. Never log a coupon code, token or password.
 *
 * Each call site may write 20 lines a second; its next line counts the ones it left out
 * (suppressed=N). A line is one write(2) of at most LOG_LINE_MAX bytes; JSON that does not fit is
 * cut and stays valid. Thread safe. Logging never waits: a line that cannot be written at once is
 * dropped, and the next line counts it (dropped=N). */
#ifndef ONRUSH_LOG_H
#define ONRUSH_LOG_H

#include <stdatomic.h>
#include <stdint.h>

#define LOG_LINE_MAX 1024

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_LOGFMT, LOG_JSON };

/* Whether a line starts with its level as "<6>", for journald. AUTO: only if journald reads it. */
enum log_priorities { LOG_PRIORITIES_AUTO, LOG_PRIORITIES_ALWAYS, LOG_PRIORITIES_NEVER };

/* log_configure: sets level and format, and detects what standard error is. May be called again. */
void log_configure(enum log_level level, enum log_format format, enum log_priorities priorities);

/* The values of the config file: each returns a value of its enum, or -EINVAL. */
int log_level_of(const char *text);
int log_format_of(const char *text);
int log_priorities_of(const char *text);

/* log_dropped: the number of lines dropped since the start. */
int64_t log_dropped(void);

/* log_quote: quotes and escapes `text`, cut to fit. Returns `out`. */
const char *log_quote(const char *text, char *out, unsigned size);

/* The lines that one call site has written in the current second. */
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

#include "shared/log.h"

#include "shared/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES_A_SECOND 20

static const char *const level_texts[] = {"error", "warning", "info", "debug"};
static const char *const format_texts[] = {"logfmt", "json"};
static const int journal_priorities[] = {3, 4, 6, 7}; /* sd-daemon(3) */

static _Atomic int log_level = LOG_LEVEL_INFO;
static _Atomic int log_format = LOG_LOGFMT;

void log_configure(enum log_level level, enum log_format format)
{
    log_level = (int)level;
    log_format = (int)format;
}

static int index_of(const char *text, const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(text, texts[i]) == 0)
            return (int)i;
    }
    return -EINVAL;
}

int log_level_parse(const char *text, enum log_level *level)
{
    int i = index_of(text, level_texts, sizeof level_texts / sizeof level_texts[0]);
    if (i < 0)
        return i;
    *level = (enum log_level)i;
    return 0;
}

int log_format_parse(const char *text, enum log_format *format)
{
    int i = index_of(text, format_texts, sizeof format_texts / sizeof format_texts[0]);
    if (i < 0)
        return i;
    *format = (enum log_format)i;
    return 0;
}

/* append_escaped: `text` with quotes, backslashes and control bytes made harmless; always ends with
 * NUL. */
static size_t append_escaped(char *out, size_t size, const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len && n + 3 < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            out[n++] = '\\';
        out[n++] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
    }
    out[n] = '\0';
    return n;
}

const char *log_quote(const char *text, char *out, unsigned size)
{
    size_t n = 0;
    out[n++] = '"';
    n += append_escaped(out + n, size - 2, text, strlen(text));
    out[n++] = '"';
    out[n] = '\0';
    return out;
}

/* admit: may this site write a line in this second? *suppressed: how many lines it kept back
 * before. */
static bool admit(struct log_site *site, int64_t second, uint32_t *suppressed)
{
    *suppressed = 0;
    if (atomic_exchange(&site->second, second) != second) {
        atomic_store(&site->lines, 0);
        *suppressed = atomic_exchange(&site->suppressed, 0);
    }
    if (atomic_fetch_add(&site->lines, 1) < LINES_A_SECOND)
        return true;
    atomic_fetch_add(&site->suppressed, 1);
    return false;
}

/* field_end: the end of the `key=value` word that begins at p; quotes may hold spaces. */
static const char *field_end(const char *p)
{
    bool quoted = false;
    for (; *p != '\0' && (quoted || *p != ' '); p++) {
        if (*p == '\\' && p[1] != '\0')
            p++;
        else if (*p == '"')
            quoted = !quoted;
    }
    return p;
}

/* fields_to_json: `key=value key="v w"` as `,"key":"value","key":"v w"`. */
static void fields_to_json(const char *fields, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (const char *p = fields; *p != '\0';) {
        const char *end = field_end(p), *equals = memchr(p, '=', (size_t)(end - p));
        size_t need = 2 * (size_t)(end - p) + 8;
        if (equals != NULL && n + need < size) {
            bool quoted = equals[1] == '"';
            n += (size_t)snprintf(out + n, size - n, ",\"%.*s\":\"", (int)(equals - p), p);
            if (quoted && end - equals > 2) /* escaped already */
                n += (size_t)snprintf(out + n, size - n, "%.*s", (int)(end - equals - 3),
                                      equals + 2);
            else if (!quoted)
                n += append_escaped(out + n, size - n, equals + 1, (size_t)(end - equals - 1));
            n += (size_t)snprintf(out + n, size - n, "\"");
        }
        p = *end == ' ' ? end + 1 : end;
    }
}

static int format_line(char *line, size_t size, enum log_level level, const char *message,
                       const char *fields)
{
    char now[CLOCK_TEXT_SIZE], json[LOG_LINE_MAX], prefix[8] = "";
    clock_format(clock_wall_us(), now);
    if (getenv("JOURNAL_STREAM") != NULL)
        snprintf(prefix, sizeof prefix, "<%d>", journal_priorities[level]);
    if (log_format == LOG_LOGFMT)
        return snprintf(line, size, "%sts=%s level=%s msg=\"%s\"%s%s\n", prefix, now,
                        level_texts[level], message, *fields ? " " : "", fields);
    fields_to_json(fields, json, sizeof json - 64);
    return snprintf(line, size, "%s{\"ts\":\"%s\",\"level\":\"%s\",\"msg\":\"%s\"%s}\n", prefix,
                    now, level_texts[level], message, json);
}

void log_write(struct log_site *site, enum log_level level, const char *message, const char *format,
               ...)
{
    char line[LOG_LINE_MAX], fields[LOG_LINE_MAX - 160];
    uint32_t suppressed;
    if ((int)level > log_level || !admit(site, clock_mono_us() / 1000000, &suppressed))
        return;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(fields, sizeof fields, format, args);
    va_end(args);
    if (suppressed > 0 && n >= 0 && (size_t)n < sizeof fields)
        snprintf(fields + n, sizeof fields - (size_t)n, "%ssuppressed=%u", n > 0 ? " " : "",
                 suppressed);
    int len = format_line(line, sizeof line, level, message, fields);
    if (len >= (int)sizeof line) {
        len = (int)sizeof line - 1;
        line[len - 1] = '\n';
    }
    if (len > 0 && write(STDERR_FILENO, line, (size_t)len) < 0)
        return; /* nobody reads the log: nothing that could be said about it would be read either */
}

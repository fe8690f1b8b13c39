/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/base/log.h"

#include "shared/base/clock.h"
#include "shared/base/log_sink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINES_A_SECOND 20

static const char *const level_texts[] = {"error", "warning", "info", "debug"};
static const char *const format_texts[] = {"logfmt", "json"};
static const char *const priorities_texts[] = {"auto", "always", "never"};
static const int journal_priorities[] = {3, 4, 6, 7}; /* sd-daemon(3) */

static _Atomic int log_level = LOG_LEVEL_INFO;
static _Atomic int log_format = LOG_LOGFMT;
static _Atomic int log_priorities = LOG_PRIORITIES_AUTO;
static _Atomic int64_t dropped_all, dropped_unsaid;

void log_configure(enum log_level level, enum log_format format, enum log_priorities priorities)
{
    log_sink_open();
    log_level = (int)level;
    log_format = (int)format;
    log_priorities = (int)priorities;
}

int64_t log_dropped(void)
{
    return dropped_all;
}

/* index_of: the index of `text` in the list, or -EINVAL. */
static int index_of(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(text, list[i]) == 0)
            return (int)i;
    }
    return -EINVAL;
}

int log_level_of(const char *text)
{
    return index_of(text, level_texts, LOG_LEVEL_DEBUG + 1);
}

int log_format_of(const char *text)
{
    return index_of(text, format_texts, LOG_JSON + 1);
}

int log_priorities_of(const char *text)
{
    return index_of(text, priorities_texts, LOG_PRIORITIES_NEVER + 1);
}

/* utf8_len: the length of the multi-byte character at `text` (2 to 4), or 0 if it is not valid
 * UTF-8. */
static size_t utf8_len(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : 4;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool beyond = (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90);
    return overlong || beyond ? 0 : n;
}

/* append_escaped: escapes `text` for a quoted value, in logfmt and JSON. Bytes that are not UTF-8
 * become "?", control characters become spaces. `escaped`: \" and \\ are escaped already. Always
 * writes a NUL; returns the length. */
static size_t append_escaped(char *out, size_t size, const char *text, size_t len, bool escaped)
{
    size_t n = 0;
    for (size_t i = 0, step; i < len && n + 5 < size; i += step) {
        unsigned char c = (unsigned char)text[i];
        step = 1;
        if (c >= 0x80 && (step = utf8_len(text + i, len - i)) > 1) {
            memcpy(out + n, text + i, step);
            n += step;
        } else if (c >= 0x80) {
            step = 1;
            out[n++] = '?';
        } else if (escaped && c == '\\' && i + 1 < len &&
                   (text[i + 1] == '"' || text[i + 1] == '\\')) {
            step = 2;
            out[n++] = '\\';
            out[n++] = text[i + 1];
        } else {
            if (c == '"' || c == '\\')
                out[n++] = '\\';
            out[n++] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
        }
    }
    out[n] = '\0';
    return n;
}

const char *log_quote(const char *text, char *out, unsigned size)
{
    size_t n = 0;
    out[n++] = '"';
    n += append_escaped(out + n, size - 2, text, strlen(text), false);
    out[n++] = '"';
    out[n] = '\0';
    return out;
}

/* admit: true if this site may write a line in this second. *suppressed: the lines left out
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

/* field_end: finds the end of the `key=value` word at p; quoted values may contain spaces. */
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

/* field_to_json: writes `key=value` or `key="v w"` as `,"key":"value"`, cut to fit. Returns the
 * length. */
static size_t field_to_json(const char *key, const char *equals, const char *end, char *out,
                            size_t size)
{
    bool quoted = equals[1] == '"' && end - equals > 2 && end[-1] == '"';
    const char *value = equals + (quoted ? 2 : 1);
    size_t n = 0;
    n += (size_t)snprintf(out, size, ",\"");
    n += append_escaped(out + n, size - n, key, (size_t)(equals - key), false);
    n += (size_t)snprintf(out + n, size - n, "\":\"");
    n += append_escaped(out + n, size - n - 1, value, (size_t)(end - value) - quoted, quoted);
    n += (size_t)snprintf(out + n, size - n, "\"");
    return n;
}

/* fields_to_json: omits the fields that do not fit. Returns the length. */
static size_t fields_to_json(const char *fields, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (const char *p = fields; *p != '\0';) {
        const char *end = field_end(p), *equals = memchr(p, '=', (size_t)(end - p));
        if (equals != NULL && n + 2 * (size_t)(equals - p) + 16 < size)
            n += field_to_json(p, equals, end, out + n, size - n);
        p = *end == ' ' ? end + 1 : end;
    }
    return n;
}

static bool wants_priority(void)
{
    int wanted = log_priorities;
    return wanted == LOG_PRIORITIES_ALWAYS || (wanted == LOG_PRIORITIES_AUTO && log_sink_journal());
}

/* one_line: replaces line breaks in the fields. */
static void one_line(char *text)
{
    for (; (text = strpbrk(text, "\r\n")) != NULL;)
        *text = ' ';
}

/* format_line: returns the length, less than size. */
static size_t format_line(char *line, size_t size, enum log_level level, const char *message,
                          const char *fields)
{
    char now[CLOCK_TEXT_SIZE], prefix[8] = "";
    clock_format(clock_wall_us(), now);
    if (wants_priority())
        snprintf(prefix, sizeof prefix, "<%d>", journal_priorities[level]);
    bool json = log_format == LOG_JSON;
    int head = json ? snprintf(line, size, "%s{\"ts\":\"%s\",\"level\":\"%s\",\"msg\":\"%s\"",
                               prefix, now, level_texts[level], message)
                    : snprintf(line, size, "%sts=%s level=%s msg=\"%s\"%s", prefix, now,
                               level_texts[level], message, *fields ? " " : "");
    size_t n = (size_t)head;
    if (json) {
        n += fields_to_json(fields, line + n, size - n - 3);
        line[n++] = '}';
    } else {
        n += strlen(strncpy(line + n, fields, size - n - 2));
    }
    line[n++] = '\n';
    return n;
}

/* add_count: appends the number of missing lines. */
static void add_count(char *fields, size_t size, const char *what, int64_t count)
{
    size_t n = strlen(fields);
    if (count > 0 && n + 40 < size)
        snprintf(fields + n, size - n, "%s%s=%lld", n > 0 ? " " : "", what, (long long)count);
}

void log_write(struct log_site *site, enum log_level level, const char *message, const char *format,
               ...)
{
    char line[LOG_LINE_MAX], fields[LOG_LINE_MAX - 320];
    uint32_t suppressed;
    if ((int)level > log_level || !admit(site, clock_mono_us() / 1000000, &suppressed))
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(fields, sizeof fields - 80, format, args); /* leaves room for the counts */
    va_end(args);
    one_line(fields);
    int64_t unsaid = atomic_exchange(&dropped_unsaid, 0);
    add_count(fields, sizeof fields, "suppressed", suppressed);
    add_count(fields, sizeof fields, "dropped", unsaid);
    if (log_sink_write(line, format_line(line, sizeof line, level, message, fields)))
        return;
    atomic_fetch_add(&dropped_unsaid, unsaid + 1);
    atomic_fetch_add(&dropped_all, 1);
}

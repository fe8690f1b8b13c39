/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t clock_read_us(int id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    return clock_read_us(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
    return clock_read_us(CLOCK_MONOTONIC);
}

const char *clock_format(int64_t us, char text[CLOCK_TEXT_SIZE])
{
    time_t seconds = (time_t)(us / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
    if (us % 1000000 != 0)
        n += (size_t)snprintf(text + n, CLOCK_TEXT_SIZE - n, ".%06d", (int)(us % 1000000));
    snprintf(text + n, CLOCK_TEXT_SIZE - n, "Z");
    return text;
}

/* has_shape: true if `text` begins with a digit wherever `pattern` has 0, and with its bytes
 * elsewhere. strptime() and sscanf() alone would accept blanks and signs. */
static bool has_shape(const char *text, const char *pattern)
{
    for (; *pattern != '\0'; text++, pattern++) {
        if (*pattern == '0' ? *text < '0' || *text > '9' : *text != *pattern)
            return false;
    }
    return true;
}

/* parse_relative: parses "+90s". */
static int parse_relative(const char *text, int64_t *us)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end;
    if (!has_shape(text, "+0"))
        return -EINVAL;
    errno = 0;
    long long n = strtoll(text + 1, &end, 10);
    if (errno != 0 || n > 100000000 || end[0] == '\0' || end[1] != '\0')
        return -EINVAL;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].unit == *end) {
            *us = clock_wall_us() + n * units[i].seconds * 1000000;
            return 0;
        }
    }
    return -EINVAL;
}

/* parse_fraction: parses ".123456" and moves *text behind it; ignores digits after the sixth. */
static int parse_fraction(const char **text, int64_t *us)
{
    int64_t unit = 100000;
    *us = 0;
    if (**text != '.')
        return 0;
    if ((*text)[1] < '0' || (*text)[1] > '9')
        return -EINVAL;
    for ((*text)++; **text >= '0' && **text <= '9'; (*text)++, unit /= 10)
        *us += (**text - '0') * unit;
    return 0;
}

/* parse_offset: parses a final "Z" or "+09:00" into seconds. */
static int parse_offset(const char *text, int64_t *seconds)
{
    int hours, minutes;
    *seconds = 0;
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
        return 0;
    if ((*text != '+' && *text != '-') || !has_shape(text + 1, "00:00") || text[6] != '\0' ||
        sscanf(text + 1, "%2d:%2d", &hours, &minutes) != 2 || hours > 23 || minutes > 59)
        return -EINVAL;
    *seconds = (*text == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return 0;
}

int clock_parse(const char *text, int64_t *us)
{
    if (*text == '+')
        return parse_relative(text, us);
    struct tm tm = {0};
    int64_t fraction, offset;
    const char *rest =
        has_shape(text, "0000-00-00T00:00:00") ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    if (rest == NULL)
        return -EINVAL;
    if (parse_fraction(&rest, &fraction) < 0 || parse_offset(rest, &offset) < 0)
        return -EINVAL;
    int day = tm.tm_mday, second = tm.tm_sec;
    int64_t seconds = (int64_t)timegm(&tm);
    if (tm.tm_mday != day || tm.tm_sec != second) /* such as a 30th of February */
        return -EINVAL;
    *us = (seconds - offset) * 1000000 + fraction;
    return 0;
}

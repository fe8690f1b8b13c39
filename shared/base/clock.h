/* SPDX-License-Identifier: Apache-2.0 */
/* Time, always in µs as int64_t. Thread safe; cannot fail. */
#ifndef ONRUSH_CLOCK_H
#define ONRUSH_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* clock_wall_us: µs since the Unix epoch. May step; only for what people or other machines read. */
int64_t clock_wall_us(void);

/* clock_mono_us: µs since some fixed moment. Never steps; for every deadline and duration. */
int64_t clock_mono_us(void);

#define CLOCK_TEXT_SIZE 32

/* clock_format: `us` since the epoch as RFC 3339 in UTC, with µs only when there are any. */
const char *clock_format(int64_t us, char text[CLOCK_TEXT_SIZE]);

/* clock_parse: reads RFC 3339 ("2026-11-20T12:00:00Z", with fraction or an offset such as +09:00),
 * or
 * "+90s", "+5m", "+2h", "+1d" from now. 0, or -EINVAL and *us untouched. */
int clock_parse(const char *text, int64_t *us);

#endif

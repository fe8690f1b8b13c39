/* SPDX-License-Identifier: Apache-2.0 */
/* Time in µs, as int64_t. Thread safe; cannot fail. */
#ifndef ONRUSH_CLOCK_H
#define ONRUSH_CLOCK_H

#include <stdint.h>

/* clock_wall_us: µs since the Unix epoch. It may step: use it only for what people or other
 * machines read. */
int64_t clock_wall_us(void);

/* clock_mono_us: µs since an arbitrary moment. It never steps: use it for every deadline and
 * duration. */
int64_t clock_mono_us(void);

/* clock_read_us: any other clock of clock_gettime(2). */
int64_t clock_read_us(int id);

#define CLOCK_TEXT_SIZE 32

/* clock_format: writes `us` since the epoch as RFC 3339 in UTC, with a fraction only if it is not
 * zero. */
const char *clock_format(int64_t us, char text[CLOCK_TEXT_SIZE]);

/* clock_parse: parses RFC 3339 ("2026-11-20T12:00:00Z", with an optional fraction, or an offset
 * such as +09:00), or a time from now: "+90s", "+5m", "+2h", "+1d". Returns 0, or -EINVAL and
 * leaves *us alone. */
int clock_parse(const char *text, int64_t *us);

#endif

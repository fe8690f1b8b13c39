/* SPDX-License-Identifier: Apache-2.0 */
/* shared/base/clock: parsing and printing times. */
#include "tests/support/test.h"

#include "shared/base/clock.h"
#include "tests/support/dice.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define NOON INT64_C(1795176000000000) /* 2026-11-20T12:00:00Z */

static const struct {
    int64_t us;
    const char *text;
} formats[] = {
    {0, "1970-01-01T00:00:00Z"},
    {NOON, "2026-11-20T12:00:00Z"},
    {NOON + 1, "2026-11-20T12:00:00.000001Z"},
    {NOON + 999999, "2026-11-20T12:00:00.999999Z"},
    {INT64_C(1709164800000000), "2024-02-29T00:00:00Z"},
    {INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
};

TEST(test_format)
{
    for (size_t i = 0; i < LENGTH(formats); i++) {
        char text[CLOCK_TEXT_SIZE];
        assert_string_equal(clock_format(formats[i].us, text), formats[i].text);
    }
}

TEST(test_round_trip)
{
    dice_seed();
    for (int i = 0; i < 100000; i++) {
        char text[CLOCK_TEXT_SIZE];
        int64_t us = (int64_t)dice(INT64_C(253402300799999999)), back;
        assert_int_equal(clock_parse(clock_format(us, text), &back), 0);
        if (back != us)
            fail_msg("%" PRId64 " as %s is %" PRId64, us, text, back);
    }
}

static const struct {
    const char *text;
    int64_t us;
} times[] = {
    {"2026-11-20T12:00:00Z", NOON},
    {"2026-11-20T12:00:00z", NOON},
    {"2026-11-20T21:00:00+09:00", NOON},
    {"2026-11-20T06:30:00-05:30", NOON},
    {"2026-11-20T12:00:00+00:00", NOON},
    {"2026-11-20T12:00:00-00:00", NOON},
    {"2026-11-21T11:59:00+23:59", NOON},
    {"2026-11-20T12:00:00.5Z", NOON + 500000},
    {"2026-11-20T12:00:00.000001Z", NOON + 1},
    {"2026-11-20T12:00:00.0000019Z", NOON + 1},
    {"2026-11-20T12:00:00.123456789123456789Z", NOON + 123456},
    {"2026-11-20T21:00:00.25+09:00", NOON + 250000},
    {"2024-02-29T00:00:00Z", INT64_C(1709164800000000)},
};

TEST(test_parse)
{
    for (size_t i = 0; i < LENGTH(times); i++) {
        int64_t us = 0;
        if (clock_parse(times[i].text, &us) != 0 || us != times[i].us)
            fail_msg("%s: %" PRId64 " instead of %" PRId64, times[i].text, us, times[i].us);
    }
}

static const struct {
    const char *text;
    int64_t seconds;
} relatives[] = {{"+0s", 0},    {"+90s", 90},   {"+5m", 300},
                 {"+2h", 7200}, {"+1d", 86400}, {"+100000000s", 100000000}};

TEST(test_relative)
{
    for (size_t i = 0; i < LENGTH(relatives); i++) {
        int64_t before = clock_wall_us(), us;
        assert_int_equal(clock_parse(relatives[i].text, &us), 0);
        int64_t after = clock_wall_us(), plus = relatives[i].seconds * 1000000;
        assert_true(us >= before + plus && us <= after + plus);
    }
}

static const char *const garbage[] = {
    "",
    " ",
    "now",
    "tomorrow",
    "12:00",
    "2026-11-20",
    "2026-11-20 12:00:00Z",
    "2026-11-20T12:00:00",
    "2026-11-20T12:00:00 Z",
    "2026-11-20T12:00:00ZZ",
    "2026-11-20T12:00:00Zulu",
    "2026-11-20T12:00Z",
    "2026-13-20T12:00:00Z",
    "2026-00-20T12:00:00Z",
    "2026-11-00T12:00:00Z",
    "2026-11-31T12:00:00Z",
    "2026-02-29T12:00:00Z",
    "2026-02-30T12:00:00Z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T12:60:00Z",
    "2026-11-20T12:00:61Z",
    "2026-11-20T12:00:00.Z",
    "2026-11-20T12:00:00.xZ",
    "2026-11-20T12:00:00,5Z",
    "2026-11-20T12:00:00+9",
    "2026-11-20T12:00:00+9:00",
    "2026-11-20T12:00:00+0900",
    "2026-11-20T12:00:00+09:00x",
    "2026-11-20T12:00:00+24:00",
    "2026-11-20T12:00:00+09:60",
    "2026-11-20T12:00:00+-9:00",
    "2026-11-20T12:00:00+ 9:00",
    "2026-11-20T12:00:00+09:-1",
    "2026-11-20T12:00:00++9:00",
    " 2026-11-20T12:00:00Z",
    "2026-1-2T3:4:5Z",
    "26-11-20T12:00:00Z",
    "-2026-11-20T12:00:00Z",
    "1795176000",
    "1795176000000000",
    "+",
    "+s",
    "+5",
    "+5x",
    "+5S",
    "+5ms",
    "+5s ",
    "+ 5s",
    "++5s",
    "+-5s",
    "+-0s",
    "+1.5h",
    "+0x5s",
    "+100000001s",
    "+99999999999999999999s",
    "5s",
    "-5s",
};

TEST(test_garbage)
{
    int64_t us = 4711;
    size_t taken = 0;
    for (size_t i = 0; i < LENGTH(garbage); i++) {
        if (clock_parse(garbage[i], &us) != -EINVAL) {
            print_error("\"%s\" is taken, as %" PRId64 "\n", garbage[i], us);
            taken++;
        }
    }
    assert_int_equal(taken, 0);
    assert_int_equal(us, 4711);
}

TEST(test_clocks_run)
{
    int64_t mono = clock_mono_us(), wall = clock_wall_us();
    while (clock_mono_us() < mono + 2000)
        ;
    assert_true(clock_wall_us() > wall);
    assert_true(wall > NOON / 2);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "scheduler/coupon_code.h"

#include <stdlib.h>
#include <string.h>

#define CODES 100000

static char codes[CODES][COUPON_CODE_LEN + 1];

BEFORE_ALL(make_codes)
{
    struct code_source source = {.left = 0};
    for (size_t i = 0; i < CODES; i++)
        coupon_code_make(&source, codes[i]);
}

TEST(test_shape)
{
    for (size_t i = 0; i < CODES; i++) {
        assert_int_equal(strlen(codes[i]), COUPON_CODE_LEN);
        for (int at = 0; at < COUPON_CODE_LEN; at++) {
            const char *letters = at % 5 == 4 ? "-" : "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
            if (strchr(letters, codes[i][at]) == NULL)
                fail_msg("%s", codes[i]);
        }
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* All 32 letters are about equally frequent at each position. */
TEST(test_letters_are_even)
{
    for (int at = 0; at < COUPON_CODE_LEN; at++) {
        int count[128] = {0}, distinct = 0;
        for (size_t i = 0; i < CODES; i++)
            count[(int)codes[i][at]]++;
        for (int c = 0; c < 128 && at % 5 != 4; c++) {
            if (count[c] == 0)
                continue;
            distinct++;
            assert_in_range(count[c], CODES / 32 * 8 / 10, CODES / 32 * 12 / 10);
        }
        assert_int_equal(distinct, at % 5 != 4 ? 32 : 0);
    }
}

TEST(test_distinct)
{
    qsort(codes, CODES, sizeof codes[0], compare);
    for (size_t i = 1; i < CODES; i++)
        assert_string_not_equal(codes[i - 1], codes[i]);
}

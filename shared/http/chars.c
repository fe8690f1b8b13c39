/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/http/chars.h"

#include "shared/base/char_runs.h"

#define T CHAR_TOKEN
#define U CHAR_TARGET
#define H CHAR_HOST
#define V (CHAR_VALUE | CHAR_QUOTED)

const uint8_t http_chars[256] = {
    ['\t'] = V,
    [' '] = V,
    ['!'] = V | T | U | H,
    ['"'] = CHAR_VALUE,
    ['#'] = V | T,
    ['$'] = V | T | U | H,
    ['%'] = V | T | U,
    ['&'] = V | T | U | H,
    ['\''] = V | T | U | H,
    ['('] = V | U | H,
    [')'] = V | U | H,
    ['*'] = V | T | U | H,
    ['+'] = V | T | U | H,
    [','] = V | U,
    ['-'] = V | T | U | H,
    ['.'] = V | T | U | H,
    ['/'] = V | U,
    CHAR_DIGITS(V | T | U | H),
    [':'] = V | U,
    [';'] = V | U | H,
    ['<'] = V,
    ['='] = V | U | H,
    ['>'] = V,
    ['?'] = V | U,
    ['@'] = V | U,
    CHAR_LETTERS(V | T | U | H),
    ['['] = V | U,
    ['\\'] = CHAR_VALUE,
    [']'] = V | U,
    ['^'] = V | T | U,
    ['_'] = V | T | U | H,
    ['`'] = V | T | U,
    ['{'] = V | U,
    ['|'] = V | T | U,
    ['}'] = V | U,
    ['~'] = V | T | U | H,
    CHAR_RUN_128(0x80, V), /* obs-text */
};

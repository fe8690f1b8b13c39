/* SPDX-License-Identifier: Apache-2.0 */
/* Initialisers for an array that is indexed by character: CHAR_RUN_n(first, value) sets `n`
 * elements from `first` on. ISO C has no ['a' ... 'z']. */
#ifndef ONRUSH_CHAR_RUNS_H
#define ONRUSH_CHAR_RUNS_H

#define CHAR_RUN_2(first, value) [first] = (value), [(first) + 1] = (value)
#define CHAR_RUN_8(first, value)                                                                   \
    CHAR_RUN_2(first, value), CHAR_RUN_2((first) + 2, value), CHAR_RUN_2((first) + 4, value),      \
        CHAR_RUN_2((first) + 6, value)
#define CHAR_RUN_32(first, value)                                                                  \
    CHAR_RUN_8(first, value), CHAR_RUN_8((first) + 8, value), CHAR_RUN_8((first) + 16, value),     \
        CHAR_RUN_8((first) + 24, value)
#define CHAR_RUN_128(first, value)                                                                 \
    CHAR_RUN_32(first, value), CHAR_RUN_32((first) + 32, value), CHAR_RUN_32((first) + 64, value), \
        CHAR_RUN_32((first) + 96, value)

#define CHAR_DIGITS(value) CHAR_RUN_8('0', value), CHAR_RUN_2('8', value)
#define CHAR_LETTERS(value)                                                                        \
    CHAR_RUN_8('A', value), CHAR_RUN_8('I', value), CHAR_RUN_8('Q', value),                        \
        CHAR_RUN_2('Y', value), CHAR_RUN_8('a', value), CHAR_RUN_8('i', value),                    \
        CHAR_RUN_8('q', value), CHAR_RUN_2('y', value)

#endif

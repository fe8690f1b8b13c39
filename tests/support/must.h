/* SPDX-License-Identifier: Apache-2.0 */
/* must: an assert() that stays in every build and that a fuzzer notices. */
#ifndef ONRUSH_TESTS_MUST_H
#define ONRUSH_TESTS_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif

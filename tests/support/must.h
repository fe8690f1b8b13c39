/* SPDX-License-Identifier: Apache-2.0 */
/* must: assert() that no build leaves out, and that tells a fuzzer, too. */
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

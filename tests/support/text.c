/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/text.h"

#include "tests/support/must.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

const char *textf(const char *format, ...)
{
    struct text {
        struct text *older; /* so that LeakSanitizer finds all texts */
        char bytes[];
    };
    static _Atomic(struct text *) newest;
    va_list args;
    va_start(args, format);
    size_t n = 1 + (size_t)vsnprintf(NULL, 0, format, args);
    va_end(args);
    struct text *text = malloc(sizeof *text + n);
    must(text != NULL);
    va_start(args, format);
    vsnprintf(text->bytes, n, format, args);
    va_end(args);
    text->older = atomic_exchange(&newest, text);
    return text->bytes;
}

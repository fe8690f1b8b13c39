/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/file.h"

#include "tests/support/child.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

#define FILES_MAX 16

static void write_text(const char *path, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void write_text(const char *path, const char *format, va_list args)
{
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    vfprintf(out, format, args);
    assert_int_equal(fclose(out), 0);
}

void file_write(const char *path, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_text(path, format, args);
    va_end(args);
}

const char *file_make(const char *name, const char *format, ...)
{
    static char paths[FILES_MAX][256];
    static size_t n;
    va_list args;
    assert_true(n < FILES_MAX);
    snprintf(paths[n], sizeof paths[n], "%s/%s", tempdir_make(), name);
    va_start(args, format);
    write_text(paths[n], format, args);
    va_end(args);
    return paths[n++];
}

char *file_read(const char *path)
{
    char *text = NULL, bytes[4096];
    size_t size, n;
    FILE *in = fopen(path, "re"), *out = open_memstream(&text, &size);
    assert_non_null(in);
    while ((n = fread(bytes, 1, sizeof bytes, in)) > 0)
        fwrite(bytes, 1, n, out);
    fclose(in);
    fclose(out);
    return text;
}

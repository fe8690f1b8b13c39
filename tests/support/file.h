/* SPDX-License-Identifier: Apache-2.0 */
/* Small text files of tests. A failure fails the test. */
#ifndef ONRUSH_TESTS_FILE_H
#define ONRUSH_TESTS_FILE_H

/* file_write: writes the text; replaces what was there. */
void file_write(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* file_make: writes a file in a directory of its own, which exit() removes. Returns the path, which
 * lives as long as the program. */
const char *file_make(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* file_read: returns the content; the caller frees it. */
char *file_read(const char *path);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes for the differential test: rows of the table, requests made by a grammar, and both with
 * mistakes in them. From dice(). */
#ifndef ONRUSH_TESTS_INPUTS_H
#define ONRUSH_TESTS_INPUTS_H

#include <stddef.h>

#define INPUT_MAX 8192

struct input {
    size_t n;
    char bytes[INPUT_MAX];
};

/* input_row: the row of http_cases as it is. */
void input_row(struct input *input, size_t row);

/* input_make: another one. */
void input_make(struct input *input);

#endif

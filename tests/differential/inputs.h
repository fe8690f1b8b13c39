/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs of the differential test: rows of the table, generated requests, and mutations of both.
 * Uses dice(). */
#ifndef ONRUSH_TESTS_INPUTS_H
#define ONRUSH_TESTS_INPUTS_H

#include <stddef.h>

#define INPUT_MAX 8192

struct input {
    size_t n;
    char bytes[INPUT_MAX];
};

/* input_row: a row of http_cases, unchanged. */
void input_row(struct input *input, size_t row);

/* input_make: a random input. */
void input_make(struct input *input);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Output: a command builds its result as JSON, and prints it as JSON or as text. */
#ifndef ONRUSH_CTL_OUTPUT_H
#define ONRUSH_CTL_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output_column {
    const char *key;   /* of the object */
    const char *title; /* for people */
};

/* output_json: one document and a newline. */
void output_json(const json_t *value);

/* output_table: prints an array of objects; numbers are right-aligned, null is "-". */
void output_table(const json_t *rows, const struct output_column *columns, size_t n);

/* output_pairs: prints a line for each column that the object has; nothing if it is null. */
void output_pairs(const json_t *object, const struct output_column *columns, size_t n);

/* output_time: µs since the epoch as a JSON string (RFC 3339); null when us <= 0. */
json_t *output_time(int64_t us);

/* output_count: a JSON number; null when n < 0. */
json_t *output_count(int64_t n);

#endif

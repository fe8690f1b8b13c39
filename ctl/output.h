/* SPDX-License-Identifier: Apache-2.0 */
/* What commands print: a result is built once, as JSON, and shown as such or as text for people. */
#ifndef ONRUSH_CTL_OUTPUT_H
#define ONRUSH_CTL_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output_column {
    const char *key;   /* of the object; "redis.queued" looks into a nested one */
    const char *title; /* for people */
};

/* output_json: one document and a newline. */
void output_json(const json_t *value);

/* output_table: `rows` is an array of objects; numbers stand to the right, null is "-". */
void output_table(const json_t *rows, const struct output_column *columns, size_t n);

/* output_pairs: one line for each column of one object. Columns that the object has not are left
 * out. */
void output_pairs(const json_t *object, const struct output_column *columns, size_t n);

/* output_time: µs since the epoch as a JSON string (RFC 3339); null when us <= 0. */
json_t *output_time(int64_t us);

/* output_count: a JSON number; null when n < 0. */
json_t *output_count(int64_t n);

#endif

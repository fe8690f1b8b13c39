/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/output.h"

#include "shared/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CELL_MAX    128
#define COLUMNS_MAX 16

void output_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2));
    putchar('\n');
}

json_t *output_time(int64_t us)
{
    char text[CLOCK_TEXT_SIZE];
    return us <= 0 ? json_null() : json_string(clock_format(us, text));
}

json_t *output_count(int64_t n)
{
    return n < 0 ? json_null() : json_integer(n);
}

static const char *cell_text(const json_t *value, char text[CELL_MAX])
{
    switch (value != NULL ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        snprintf(text, CELL_MAX, "%s", json_string_value(value));
        return text;
    case JSON_INTEGER:
        snprintf(text, CELL_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return text;
    case JSON_REAL:
        snprintf(text, CELL_MAX, "%.3f", json_real_value(value));
        return text;
    case JSON_TRUE:
        return "yes";
    case JSON_FALSE:
        return "no";
    default:
        return "-";
    }
}

static int width_of(const json_t *rows, const struct output_column *column)
{
    size_t i, width = strlen(column->title);
    json_t *row;
    char text[CELL_MAX];
    json_array_foreach(rows, i, row)
    {
        size_t len = strlen(cell_text(json_object_get(row, column->key), text));
        width = len > width ? len : width;
    }
    return (int)width;
}

static void print_cell(const char *text, int width, bool right, bool last)
{
    if (right)
        printf("%*s%s", width, text, last ? "\n" : "  ");
    else
        printf("%-*s%s", last ? 0 : width, text, last ? "\n" : "  ");
}

void output_table(const json_t *rows, const struct output_column *columns, size_t n)
{
    int widths[COLUMNS_MAX];
    size_t i;
    json_t *row;
    char text[CELL_MAX];
    for (size_t c = 0; c < n; c++) {
        bool right = json_is_number(json_object_get(json_array_get(rows, 0), columns[c].key));
        widths[c] = width_of(rows, &columns[c]);
        print_cell(columns[c].title, widths[c], right, c + 1 == n);
    }
    json_array_foreach(rows, i, row)
    {
        for (size_t c = 0; c < n; c++) {
            const json_t *value = json_object_get(row, columns[c].key);
            print_cell(cell_text(value, text), widths[c], json_is_number(value), c + 1 == n);
        }
    }
}

void output_pairs(const json_t *object, const struct output_column *columns, size_t n)
{
    char text[CELL_MAX];
    for (size_t c = 0; c < n; c++) {
        const json_t *value = json_object_get(object, columns[c].key);
        if (value != NULL)
            printf("%-22s %s\n", columns[c].title, cell_text(value, text));
    }
}

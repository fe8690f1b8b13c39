/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/body.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* read_field: leaves `len` 0 if the value is not valid. */
static void read_field(struct body_field *field, const json_t *value)
{
    char digits[24];
    const char *text = NULL;
    size_t len = 0;
    if (json_is_string(value)) {
        text = json_string_value(value);
        len = json_string_length(value);
    } else if (json_is_integer(value) && json_integer_value(value) >= 0) {
        len = (size_t)snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT,
                               json_integer_value(value));
        text = digits;
    }
    if (text == NULL || len > BODY_VALUE_MAX)
        return;
    memcpy(field->text, text, len);
    field->text[len] = '\0';
    field->len = (uint8_t)len;
}

/* --- a body with one plain member, as nearly all clients send it --- */

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

/* plain_text: reads a JSON string of printable ASCII without escapes. Returns the position after
 * it, or NULL. */
static const char *plain_text(const char *p, const char *end, const char **text, size_t *len)
{
    if (p == end || *p != '"')
        return NULL;
    for (*text = ++p; p < end && *p != '"'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c >= 0x7f || c == '\\')
            return NULL;
    }
    *len = (size_t)(p - *text);
    return p < end ? p + 1 : NULL;
}

/* parse_plain: reads {"name":"value"} and nothing else. False: use the JSON library. */
static bool parse_plain(const char *body, size_t len, struct body_field *field)
{
    const char *end = body + len, *name, *value, *p = skip_space(body, end);
    size_t name_len, value_len;
    if (p == end || *p != '{' ||
        (p = plain_text(skip_space(p + 1, end), end, &name, &name_len)) == NULL)
        return false;
    p = skip_space(p, end);
    if (p == end || *p != ':' ||
        (p = plain_text(skip_space(p + 1, end), end, &value, &value_len)) == NULL)
        return false;
    p = skip_space(p, end);
    if (p == end || *p != '}' || skip_space(p + 1, end) != end || value_len > BODY_VALUE_MAX ||
        strlen(field->name) != name_len || memcmp(field->name, name, name_len) != 0)
        return false;
    memcpy(field->text, value, value_len);
    field->text[value_len] = '\0';
    field->len = (uint8_t)value_len;
    return true;
}

/* --- any other body --- */

/* load: on an integer beyond 64 bits, reads all numbers as reals. Such a number is valid JSON and
 * must not fail in a member that nobody asked for. A real is never an id. */
static json_t *load(const char *body, size_t len, json_error_t *error)
{
    json_t *root = json_loadb(body, len, JSON_REJECT_DUPLICATES, error);
    if (root == NULL && json_error_code(error) == json_error_numeric_overflow)
        root = json_loadb(body, len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, error);
    return root;
}

int body_parse(const char *body, size_t len, struct body_field *fields, size_t n)
{
    json_error_t error;
    if (n == 1 && parse_plain(body, len, fields))
        return 0;
    json_t *root = load(body, len, &error);
    if (root == NULL) /* no double holds it: valid JSON, but no id */
        return json_error_code(&error) == json_error_numeric_overflow ? -EINVAL : -EBADMSG;
    bool good = json_is_object(root);
    for (size_t i = 0; i < n; i++) {
        fields[i].len = 0;
        if (good)
            read_field(&fields[i], json_object_get(root, fields[i].name));
    }
    json_decref(root);
    return good ? 0 : -EBADMSG;
}

bool body_is_json(const char *content_type)
{
    static const char json[] = "application/json";
    if (content_type == NULL || strncasecmp(content_type, json, sizeof json - 1) != 0)
        return false;
    const char *rest = content_type + sizeof json - 1;
    rest += strspn(rest, " \t");
    return *rest == '\0' || *rest == ';';
}

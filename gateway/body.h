/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a POST. Pure; thread safe. */
#ifndef ONRUSH_GATEWAY_BODY_H
#define ONRUSH_GATEWAY_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BODY_VALUE_MAX 64 /* bytes; the limit of user ids and of names */

/* A member to read from the object. */
struct body_field {
    const char *name;
    char text[BODY_VALUE_MAX + 1]; /* ends with a NUL */
    uint8_t len;                   /* 0: missing, or no valid value */
};

/* body_parse: reads the `fields` from a JSON object. A value is a text of 1 to 64 bytes, or an
 * integer from 0, which becomes decimal text. Returns 0; -EBADMSG: not one JSON object; -EINVAL: a
 * number in it is too large for a double. */
int body_parse(const char *body, size_t len, struct body_field *fields, size_t n);

/* body_is_json: is this Content-Type (NULL: none) application/json, with any parameters? */
bool body_is_json(const char *content_type);

#endif

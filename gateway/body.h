/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a POST. Pure; thread safe. */
#ifndef ONRUSH_GATEWAY_BODY_H
#define ONRUSH_GATEWAY_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BODY_VALUE_MAX 64 /* bytes; neither a user id nor a name is longer */

/* One member of the object that is wanted. */
struct body_field {
    const char *name;
    char text[BODY_VALUE_MAX + 1]; /* ended by a NUL */
    uint8_t len; /* 0: not there, or neither a text of 1 to 64 bytes nor an integer from 0 */
};

/* body_parse: reads the wanted members out of a JSON object; an integer becomes its decimal text.
 * 0; -EBADMSG: not one JSON object; -EINVAL: a wanted member is a number that cannot be an id. */
int body_parse(const char *body, size_t len, struct body_field *fields, size_t n);

/* body_is_json: is this Content-Type (NULL: none was sent) application/json, whatever its
 * parameters? */
bool body_is_json(const char *content_type);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Fields, path and query of a request as C strings. */
#ifndef ONRUSH_GATEWAY_HTTP_STRINGS_H
#define ONRUSH_GATEWAY_HTTP_STRINGS_H

#include "shared/http/server.h"

/* http_string: returns a field, path or query; NULL if absent. Overwrites the delimiter with a NUL.
 * http_field_string: returns the only field of this name; NULL if it is absent or repeated. */
const char *http_string(struct http_text text);
const char *http_field_string(const struct http_request *head, const char *name);

#endif

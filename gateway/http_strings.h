/* SPDX-License-Identifier: Apache-2.0 */
/* Fields, path and query of a request's head as strings of C. */
#ifndef ONRUSH_GATEWAY_HTTP_STRINGS_H
#define ONRUSH_GATEWAY_HTTP_STRINGS_H

#include "shared/http/server.h"

/* http_string: a field, a path or a query as a string, or NULL when there is none. It writes the
 * NUL over the delimiter. http_field_string: the same of the only field of this name; NULL also
 * when it came twice, because its meaning is unclear. */
const char *http_string(struct http_text text);
const char *http_field_string(const struct http_request *head, const char *name);

#endif

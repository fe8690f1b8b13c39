/* Fields, path and query of a request's head as strings of C. */
#ifndef ONRUSH_GATEWAY_HEAD_H
#define ONRUSH_GATEWAY_HEAD_H

#include "shared/http/server.h"

/* http_string: a field, a path or a query as a string, NULL when there is none: ends it with a NUL, where its delimiter stood.
 * http_field_string: of the only field of this name; NULL when it came twice, too, as nobody knows which one is meant. */
const char *http_string(struct http_text text);
const char *http_field_string(const struct http_request *head, const char *name);

#endif

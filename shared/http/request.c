/* SPDX-License-Identifier: Apache-2.0 */
/* Accessors for a parsed request. */
#include "shared/http/parser.h"

#include <string.h>
#include <strings.h>

bool http_text_is(struct http_text text, const char *word)
{
    return text.at != NULL && strlen(word) == text.len && memcmp(text.at, word, text.len) == 0;
}

bool http_text_like(struct http_text text, const char *word)
{
    return text.at != NULL && strlen(word) == text.len && strncasecmp(text.at, word, text.len) == 0;
}

static struct http_text view(const struct http_request *request, struct http_span span)
{
    return (struct http_text){request->bytes + span.at, span.len};
}

struct http_text http_field_name(const struct http_request *request, unsigned i)
{
    return view(request, request->fields[i].name);
}

struct http_text http_field_value(const struct http_request *request, unsigned i)
{
    return view(request, request->fields[i].value);
}

struct http_text http_field(const struct http_request *request, const char *name)
{
    for (unsigned i = 0; i < request->n_fields; i++) {
        if (http_text_like(http_field_name(request, i), name))
            return http_field_value(request, i);
    }
    return (struct http_text){0};
}

unsigned http_field_count(const struct http_request *request, const char *name)
{
    unsigned n = 0;
    for (unsigned i = 0; i < request->n_fields; i++)
        n += http_text_like(http_field_name(request, i), name);
    return n;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/http_strings.h"

const char *http_string(struct http_text text)
{
    char *end = (char *)(uintptr_t)text.at + text.len; /* in the server's buffer */
    if (text.at != NULL && *end != '\0')
        *end = '\0';
    return text.at;
}

const char *http_field_string(const struct http_request *head, const char *name)
{
    struct http_text value = http_field(head, name);
    return value.at != NULL && http_field_count(head, name) == 1 ? http_string(value) : NULL;
}

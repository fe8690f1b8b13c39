/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of bytes, named as in the grammars. */
#ifndef ONRUSH_CHARS_H
#define ONRUSH_CHARS_H

#include <stdbool.h>
#include <stdint.h>

/* URLs may contain, unencoded, what RFC 3986 allows, and [ ] ^ ` { | }, which browsers do not
 * encode. Hosts exclude the comma, because some software splits lists there. */
enum {
    CHAR_TOKEN = 1,  /* tchar (RFC 9110 5.6.2) */
    CHAR_TARGET = 2, /* unencoded in a URL */
    CHAR_HOST = 4,   /* unreserved and sub-delims (RFC 3986 2.2, 2.3) without the comma */
    CHAR_VALUE = 8,  /* field-vchar, SP, HTAB (RFC 9110 5.5) */
    CHAR_QUOTED = 16 /* qdtext (RFC 9110 5.6.4) */
};

extern const uint8_t http_chars[256];

static inline bool http_char_is(char c, unsigned kind)
{
    return (http_chars[(uint8_t)c] & kind) != 0;
}

#endif

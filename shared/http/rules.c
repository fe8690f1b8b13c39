/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/http/rules.h"

#include "shared/http/chars.h"

#include <string.h>

#define PORT_MAX 65535

/* --- methods --- */

static const struct {
    const char *name;
    uint8_t len;
    enum http_method method;
} methods[] = {
    {"GET", 3, HTTP_METHOD_GET},         {"POST", 4, HTTP_METHOD_POST},
    {"HEAD", 4, HTTP_METHOD_HEAD},       {"PUT", 3, HTTP_METHOD_PUT},
    {"DELETE", 6, HTTP_METHOD_DELETE},   {"OPTIONS", 7, HTTP_METHOD_OPTIONS},
    {"PATCH", 5, HTTP_METHOD_PATCH},     {"TRACE", 5, HTTP_METHOD_TRACE},
    {"CONNECT", 7, HTTP_METHOD_CONNECT},
};

enum http_method http_method_of(struct http_text name)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (name.len == methods[i].len && memcmp(name.at, methods[i].name, name.len) == 0)
            return methods[i].method;
    }
    return HTTP_METHOD_OTHER;
}

/* --- host --- */

/* skip: the end of a run of this kind of bytes. */
static size_t skip(struct http_text text, size_t at, unsigned kind)
{
    while (at < text.len && http_char_is(text.at[at], kind))
        at++;
    return at;
}

/* literal_end: the offset behind the "]" of an IPv6 literal, or 0 if it is none. Does not check the
 * address. */
static size_t literal_end(struct http_text host)
{
    size_t at = 1;
    while (at < host.len && memchr("0123456789abcdefABCDEF:.", host.at[at], 24) != NULL)
        at++;
    return at > 2 && at < host.len && host.at[at] == ']' ? at + 1 : 0;
}

/* port_valid: true for nothing, or ":" and a port that may be empty (RFC 3986 3.2.3). */
static bool port_valid(const char *rest, size_t len)
{
    unsigned port = 0;
    if (len == 0)
        return true;
    for (size_t i = 1; i < len; i++) {
        if (rest[i] < '0' || rest[i] > '9')
            return false;
        port = port * 10 + (unsigned)(rest[i] - '0');
        if (port > PORT_MAX)
            return false;
    }
    return rest[0] == ':';
}

const char *http_rule_host(struct http_text host)
{
    size_t end = host.len > 0 && host.at[0] == '[' ? literal_end(host) : skip(host, 0, CHAR_HOST);
    return end > 0 && port_valid(host.at + end, host.len - end) ? NULL : "bad host";
}

/* --- target --- */

/* scheme_len: the length of "http://" or "https://" in any case (RFC 9110 4.2.3), or 0. */
static size_t scheme_len(struct http_text target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(schemes[i]);
        if (target.len > len && http_text_like((struct http_text){target.at, len}, schemes[i]))
            return len;
    }
    return 0;
}

/* split: splits what follows the authority. */
static void split(struct http_text target, size_t from, struct http_target_parts *parts)
{
    const char *mark = memchr(target.at + from, '?', target.len - from);
    size_t end = mark != NULL ? (size_t)(mark - target.at) : target.len;
    parts->path = (struct http_span){(uint32_t)from, (uint32_t)(end - from)};
    parts->has_query = mark != NULL;
    if (mark != NULL)
        parts->query = (struct http_span){(uint32_t)end + 1, (uint32_t)(target.len - end - 1)};
}

static const char *absolute(struct http_text target, struct http_target_parts *parts)
{
    size_t from = scheme_len(target), end = from;
    if (from == 0)
        return "bad target";
    while (end < target.len && target.at[end] != '/' && target.at[end] != '?')
        end++;
    parts->absolute = true;
    parts->host = (struct http_span){(uint32_t)from, (uint32_t)(end - from)};
    split(target, end, parts);
    return http_rule_host((struct http_text){target.at + from, end - from});
}

const char *http_rule_target(struct http_text target, enum http_method method,
                             struct http_target_parts *parts)
{
    *parts = (struct http_target_parts){0};
    if (target.at[0] == '/') {
        split(target, 0, parts);
        return NULL;
    }
    if (target.at[0] != '*')
        return absolute(target, parts);
    parts->path = (struct http_span){0, 1};
    return target.len == 1 && method == HTTP_METHOD_OPTIONS ? NULL : "bad target";
}

/* --- fields --- */

const char *http_rule_length(struct http_text value, uint64_t *length)
{
    *length = 0;
    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned char)value.at[i] - (unsigned)'0';
        if (digit > 9)
            return "Content-Length is not a number";
        if (__builtin_mul_overflow(*length, 10, length) ||
            __builtin_add_overflow(*length, digit, length))
            return "Content-Length is beyond all bounds";
    }
    return value.len > 0 ? NULL : "Content-Length is empty";
}

static struct http_text trim(const char *at, size_t len)
{
    while (len > 0 && (at[0] == ' ' || at[0] == '\t')) {
        at++;
        len--;
    }
    while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
        len--;
    return (struct http_text){at, len};
}

bool http_rule_has_option(struct http_text list, const char *word)
{
    const char *at = list.at, *end = list.at + list.len;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma != NULL ? comma : end;
        if (http_text_like(trim(at, (size_t)(stop - at)), word))
            return true;
        at = stop + 1;
    }
    return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The rules for single parts of a head, once their bytes are complete. Pure; thread safe. The
 * functions that return text return NULL, or a constant text that says why the part is refused
 * (with 400). */
#ifndef ONRUSH_RULES_H
#define ONRUSH_RULES_H

#include "shared/http/parser.h"

/* The parts of a request target; offsets from its first byte. */
struct http_target_parts {
    struct http_span path; /* empty if an absolute-form has none */
    struct http_span query;
    struct http_span host; /* of an absolute-form */
    bool has_query, absolute;
};

/* http_method_of: returns HTTP_METHOD_OTHER for an unknown method. */
enum http_method http_method_of(struct http_text name);

/* http_rule_target: origin-form, absolute-form, and "*" for OPTIONS (RFC 9112 3.2). */
const char *http_rule_target(struct http_text target, enum http_method method,
                             struct http_target_parts *parts);

/* http_rule_host: uri-host and an optional port (RFC 9110 7.2). */
const char *http_rule_host(struct http_text host);

/* http_rule_length: only digits, below 2^64 (RFC 9110 8.6). */
const char *http_rule_length(struct http_text value, uint64_t *length);

/* http_rule_has_option: true if `word` is in a list of Connection options (RFC 9110 7.6.1). */
bool http_rule_has_option(struct http_text list, const char *word);

#endif

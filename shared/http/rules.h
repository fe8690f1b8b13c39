/* SPDX-License-Identifier: Apache-2.0 */
/* What single parts of a head mean, once their bytes are there. Pure; thread safe. Each function
 * returns NULL, or a constant text that says why the part is refused (with 400). */
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

/* http_method_of: HTTP_METHOD_OTHER if it is none of ours. */
enum http_method http_method_of(struct http_text name);

/* http_rule_target: origin-form, absolute-form, and "*" for OPTIONS (RFC 9112 3.2). */
const char *http_rule_target(struct http_text target, enum http_method method,
                             struct http_target_parts *parts);

/* http_rule_host: uri-host and an optional port (RFC 9110 7.2). */
const char *http_rule_host(struct http_text host);

/* http_rule_length: digits only, and below 2^64 (RFC 9110 8.6). */
const char *http_rule_length(struct http_text value, uint64_t *length);

/* http_rule_has_option: is one of the options in the list of Connection `word` (RFC 9110 7.6.1)? */
bool http_rule_has_option(struct http_text list, const char *word);

#endif

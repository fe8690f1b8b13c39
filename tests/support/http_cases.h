/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes for the HTTP parser, and what it must make of them (feed_text(), within http_case_limits):
 * for the table of tests, for the differential test, and as the corpus of the fuzzer
 * (tests/fuzz/corpus, a file a row). */
#ifndef ONRUSH_TESTS_HTTP_CASES_H
#define ONRUSH_TESTS_HTTP_CASES_H

#include "shared/http/parser.h"

struct http_case {
    const char *name; /* of the file, too */
    const char *bytes;
    size_t n;
    const char *want;
};

extern const struct http_limits http_case_limits;
extern const struct http_case http_cases[];
extern const size_t http_cases_n;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs for the HTTP parser and the expected results (feed_text() within http_case_limits). The
 * unit test and the differential test use them; the fuzzer's corpus (tests/fuzz/corpus) has one
 * file per row. */
#ifndef ONRUSH_TESTS_HTTP_CASES_H
#define ONRUSH_TESTS_HTTP_CASES_H

#include "shared/http/parser.h"

struct http_case {
    const char *name; /* also the name of the corpus file */
    const char *bytes;
    size_t n;
    const char *want;
};

extern const struct http_limits http_case_limits;
extern const struct http_case http_cases[];
extern const size_t http_cases_n;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the parser. tests/support/feed.c checks what must hold for all bytes. This file checks
 * that the result is the same however the bytes are cut, within wide limits and within limits that
 * a short input reaches. */
#include "tests/support/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTEWISE_MAX 256 /* above this, a separate buffer per byte costs too much */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct http_limits limits[] = {
    {.max_head_bytes = 8192, .max_fields = 100, .max_body_bytes = 4096, .max_framing_bytes = 4096},
    {.max_head_bytes = 64, .max_fields = 3, .max_body_bytes = 8, .max_framing_bytes = 24},
};

/* hashed_piece: cuts that depend only on the input, so that a finding can be repeated. */
static size_t hashed_piece(void *arg, size_t left)
{
    uint64_t *state = arg;
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    size_t most = *state >> 63 ? 64 : 4;
    return 1 + (size_t)(*state >> 33) % (left < most ? left : most);
}

static uint64_t hash(const char *bytes, size_t n)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)bytes[i]) * 1099511628211u;
    return h;
}

/* compare: compares with the result of all bytes at once. */
static void compare(const char *bytes, size_t n, const struct http_limits *l, const char *at_once,
                    feed_piece_fn *piece, void *arg)
{
    char *text = feed_text(bytes, n, l, piece, arg);
    if (strcmp(text, at_once) != 0) {
        fprintf(stderr, "at once:\n%sin pieces:\n%s", at_once, text);
        abort();
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *bytes = (const char *)data;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        uint64_t state = hash(bytes, n);
        char *at_once = feed_text(bytes, n, &limits[i], feed_at_once, NULL);
        compare(bytes, n, &limits[i], at_once, hashed_piece, &state);
        if (n <= BYTEWISE_MAX)
            compare(bytes, n, &limits[i], at_once, feed_bytewise, NULL);
        free(at_once);
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a configured answer: JSON with placeholders such as {user} or {ticket}. It is
 * compiled when the configuration is loaded, and rendered without allocating. The values (names,
 * user ids, codes, numbers) have small alphabets without quotes and backslashes, so they need no
 * escaping. Pure; all workers read a compiled template. */
#ifndef ONRUSH_GATEWAY_ANSWER_TEMPLATE_H
#define ONRUSH_GATEWAY_ANSWER_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#define TEMPLATE_HOLES_MAX    16
#define TEMPLATE_RENDERED_MAX 2047 /* bytes of the longest rendered answer */

/* The placeholders. One without a value becomes null (the ticket of a journalled request). */
#define TEMPLATE_SLOTS(X) X(user) X(campaign) X(ticket) X(position) X(serial) X(code)

enum template_slot {
#define X(name) SLOT_##name,
    TEMPLATE_SLOTS(X) SLOTS_N
#undef X
};

struct template_values {
    const char *text[SLOTS_N]; /* user, campaign, code; NULL: null */
    int64_t number[SLOTS_N];   /* the others; below 0: null */
};

struct answer_template {
    size_t len; /* length of `text`: the body without placeholders */
    char *text;
    size_t n_holes;
    struct {
        size_t at; /* the length of the text before it */
        enum template_slot slot;
    } holes[TEMPLATE_HOLES_MAX];
};

/* template_compile: compiles in place: `body` becomes the template's text and must live as long.
 * The body must be empty, or JSON for all values. `allowed` has the bit 1 << slot for each
 * placeholder that is valid here. Returns 0, or -EINVAL with a message in `error`. */
int template_compile(struct answer_template *out, char *body, unsigned allowed, char *error,
                     size_t error_size);

/* template_render: writes at most TEMPLATE_RENDERED_MAX bytes to `out`, which has room for a NUL
 * behind them. Returns how many. */
size_t template_render(const struct answer_template *template, const struct template_values *values,
                       char *out);

#endif

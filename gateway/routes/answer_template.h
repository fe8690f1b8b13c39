/* SPDX-License-Identifier: Apache-2.0 */
/* The body of an answer of a configured route: JSON with placeholders, {user} or {ticket}. Compiled
 * once, when the configuration is loaded; rendered without allocating. The values have small
 * alphabets (names, user ids, codes, numbers) that cannot end a JSON string, so nothing needs
 * escaping. Pure; all workers read a compiled template. */
#ifndef ONRUSH_GATEWAY_ANSWER_TEMPLATE_H
#define ONRUSH_GATEWAY_ANSWER_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#define TEMPLATE_HOLES_MAX    16
#define TEMPLATE_RENDERED_MAX 2047 /* bytes of the longest answer that a template can become */

/* The placeholders. Those that have no value become null (a ticket in the journal). */
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
    size_t len; /* of `text`: everything but the placeholders, one piece after the other */
    char *text;
    size_t n_holes;
    struct {
        size_t at; /* how much of `text` stands before it */
        enum template_slot slot;
    } holes[TEMPLATE_HOLES_MAX];
};

/* template_compile: in place: `body` becomes the template's text and must live as long. `allowed`
 * has the bit 1 << slot of each placeholder that has a meaning here. 0, or -EINVAL with a message
 * in `error`. The result must be empty, or JSON for all values. */
int template_compile(struct answer_template *out, char *body, unsigned allowed, char *error,
                     size_t error_size);

/* template_render: writes at most TEMPLATE_RENDERED_MAX bytes to `out` and returns how many. */
size_t template_render(const struct answer_template *template, const struct template_values *values,
                       char *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Parses a server's answer as strictly as RFC 9112 defines it and as this server writes it.
 * Anything else aborts. */
#ifndef ONRUSH_TESTS_ANSWER_READER_H
#define ONRUSH_TESTS_ANSWER_READER_H

#include "shared/http/parser.h"

enum answer_framing { ANSWER_OF_LENGTH, ANSWER_CHUNKED, ANSWER_UNTIL_THE_END };

struct answer {
    unsigned status;
    enum answer_framing framing;
    size_t content_length;
    bool close, keep_alive; /* the Connection field */
    unsigned n_others;      /* fields other than Date, Connection and framing */
    size_t bytes;           /* length of the answer */
    bool cut;               /* truncated */
    size_t body_n;          /* decoded length; `body` has the first body_room bytes */
    size_t body_room;
    char *body; /* owned by the caller, who sets it and body_room */
};

/* answer_read: parses the answer at `bytes`. `head`: it answers HEAD. A body that ends with the
 * connection takes all bytes. */
void answer_read(struct answer *answer, const char *bytes, size_t n, bool head);

/* answer_skip_continue: the length of a "100 Continue" at `bytes`, or 0. */
size_t answer_skip_continue(const char *bytes, size_t n);

#endif

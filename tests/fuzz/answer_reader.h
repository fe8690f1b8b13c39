/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what a server answered, as strictly as RFC 9112 defines it, and as this server words it:
 * anything else aborts. */
#ifndef ONRUSH_TESTS_ANSWER_READER_H
#define ONRUSH_TESTS_ANSWER_READER_H

#include "shared/http/parser.h"

enum answer_framing { ANSWER_OF_LENGTH, ANSWER_CHUNKED, ANSWER_UNTIL_THE_END };

struct answer {
    unsigned status;
    enum answer_framing framing;
    size_t content_length;
    bool close, keep_alive; /* Connection */
    unsigned n_others;      /* fields beyond Date, Connection, and those of the framing */
    size_t bytes;           /* all of it */
    bool cut;               /* not all of it is there */
    size_t body_n;          /* decoded; the first body_room of it are in `body` */
    size_t body_room;
    char *body; /* the caller's; set it with body_room before */
};

/* answer_read: the answer that begins at `bytes`. `head`: it is one to HEAD. A body until the
 * end is whole: all that there is. */
void answer_read(struct answer *answer, const char *bytes, size_t n, bool head);

/* answer_skip_continue: the length of a "100 Continue" that begins there, or 0. */
size_t answer_skip_continue(const char *bytes, size_t n);

#endif

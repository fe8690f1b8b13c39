/* SPDX-License-Identifier: Apache-2.0 */
/* A parser's result: one request in a form that parsers can be compared by. */
#ifndef ONRUSH_TESTS_MESSAGE_H
#define ONRUSH_TESTS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#define MESSAGE_MAX 65536

struct message {
    bool complete; /* false: refused or incomplete; `text` says why */
    bool keep_alive;
    size_t end; /* start of the next request */
    size_t n;
    char text[MESSAGE_MAX]; /* "METHOD TARGET HTTP/1.x", each field, an empty line, the body */
};

/* message_put: appends bytes. Aborts if there is no room. */
void message_put(struct message *message, const char *bytes, size_t n);
void message_puts(struct message *message, const char *text);

/* message_refuse: marks the message as not understood. */
void message_refuse(struct message *message, const char *why);

/* Another parser: reads the first request of these bytes. */
typedef void peer_fn(const char *bytes, size_t n, struct message *message);

void peer_http_parser(const char *bytes, size_t n, struct message *message);

/* peer_h11_start, peer_h11, peer_h11_stop: Python's h11 in a process of its own. If start or stop
 * fails, the program exits with a message. */
void peer_h11_start(void);
void peer_h11(const char *bytes, size_t n, struct message *message);
void peer_h11_stop(void);

#endif

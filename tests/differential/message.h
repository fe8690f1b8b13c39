/* SPDX-License-Identifier: Apache-2.0 */
/* What a parser saw in some bytes: one request, in a form that is comparable between parsers. */
#ifndef ONRUSH_TESTS_MESSAGE_H
#define ONRUSH_TESTS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#define MESSAGE_MAX 65536

struct message {
    bool complete; /* false: refused, or not at its end; why: `text` */
    bool keep_alive;
    size_t end; /* where the next one begins */
    size_t n;
    char text[MESSAGE_MAX]; /* "METHOD TARGET HTTP/1.x", each field, an empty line, the body */
};

/* message_put: appends. Aborts when there is no room. */
void message_put(struct message *message, const char *bytes, size_t n);
void message_puts(struct message *message, const char *text);

/* message_refuse: makes it one that was not understood. */
void message_refuse(struct message *message, const char *why);

/* A parser that others wrote: reads the first request of these bytes. */
typedef void peer_fn(const char *bytes, size_t n, struct message *message);

/* peer_http_parser: Debian's libhttp-parser. */
void peer_http_parser(const char *bytes, size_t n, struct message *message);

/* peer_h11_start, peer_h11, peer_h11_stop: Python's h11, in a process of its own. Start and stop
 * exit the program with a message when it does not work. */
void peer_h11_start(void);
void peer_h11(const char *bytes, size_t n, struct message *message);
void peer_h11_stop(void);

#endif

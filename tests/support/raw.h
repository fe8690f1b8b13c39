/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP client that can send what no HTTP library would. */
#ifndef ONRUSH_TESTS_RAW_H
#define ONRUSH_TESTS_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_MAX 65536

/* raw_connect: connects to a URL such as "http://127.0.0.1:8080". Returns the fd; the caller closes
 * it. */
int raw_connect(const char *url);

/* raw_connect_from: connects from 127.0.0.`host`, to appear as another client. */
int raw_connect_from(const char *url, int host);

/* free_port: a TCP port on which nobody listens. */
int free_port(void);

/* raw_send: sends all bytes; ignores a peer that stops reading. */
void raw_send(int fd, const char *bytes, size_t n);

/* raw_say: sends a formatted text. */
void raw_say(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* raw_read: reads until the peer closes or one answer with a Content-Length is complete, at most
 * `timeout_ms`. Returns the number of bytes; the text ends with a NUL. *closed tells whether the
 * peer has closed. */
size_t raw_read(int fd, char text[RAW_MAX], int64_t timeout_ms, bool *closed);

/* raw_status: the status of an answer that begins with a status line, or 0. */
int raw_status(const char *text);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP client that sends what no HTTP library would. */
#ifndef ONRUSH_TESTS_RAW_H
#define ONRUSH_TESTS_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_MAX 65536

/* raw_connect: to the host and port of "http://127.0.0.1:8080". The fd (the caller closes it). */
int raw_connect(const char *url);

/* raw_connect_from: the same, from 127.0.0.`host`: another client address. */
int raw_connect_from(const char *url, int host);

/* raw_send: all of it; what the other side does not take any more is dropped. */
void raw_send(int fd, const char *bytes, size_t n);

/* raw_read: what comes until the other side closes, or until one answer with a Content-Length is
 * complete, at most `timeout_ms` long. The bytes, ended by a NUL; *closed: the other side has
 * closed. */
size_t raw_read(int fd, char text[RAW_MAX], int64_t timeout_ms, bool *closed);

/* raw_status: of an answer that begins with a status line; 0: none. */
int raw_status(const char *text);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A web hook for tests: a real HTTP or HTTPS server on the loopback, that notes what it is sent and
 * answers as it is told to. A thread of its own; thread safe. Whatever cannot be started ends the
 * program. */
#ifndef ONRUSH_TESTS_HOOK_H
#define ONRUSH_TESTS_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hook_answer {
    HOOK_OK,       /* 200 */
    HOOK_ERROR,    /* 500 */
    HOOK_WRONG,    /* 400 */
    HOOK_REDIRECT, /* 307 to /elsewhere of the same server */
    HOOK_HANG,     /* no answer; the connection stays open */
    HOOK_CLOSE,    /* the connection is closed without an answer */
    HOOK_GARBAGE,  /* bytes that are no HTTP */
    HOOK_FLOOD,    /* 200, and a body without end */
};

struct hook_request {
    char head[4096]; /* request line and headers */
    char body[16384];
};

struct hook;

/* hook_start: `ca_file` is written with the certificate that it has for 127.0.0.1; NULL: no TLS. */
struct hook *hook_start(const char *ca_file);
struct hook *hook_stop(struct hook *hook);

/* hook_url: with the path /hook; lives as long as the hook. */
const char *hook_url(const struct hook *hook);

/* hook_answer: to all that comes from now on. */
void hook_answer(struct hook *hook, enum hook_answer answer);

/* hook_wait: until there were `n` requests in all; false after `timeout_ms`. hook_count: how many
 * there were. hook_get: the i-th. */
bool hook_wait(struct hook *hook, size_t n, int64_t timeout_ms);
size_t hook_count(struct hook *hook);
void hook_get(struct hook *hook, size_t i, struct hook_request *out);

/* hook_header: the value of a header into `out`; false when it is not there. */
bool hook_header(const struct hook_request *request, const char *name, char *out, size_t size);

#endif

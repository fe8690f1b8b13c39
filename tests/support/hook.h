/* SPDX-License-Identifier: Apache-2.0 */
/* A web hook for tests: an HTTP or HTTPS server on loopback that records each request and answers
 * as told. It has its own thread. Thread safe. A failure to start ends the program. */
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
    HOOK_CLOSE,    /* closes the connection without an answer */
    HOOK_GARBAGE,  /* bytes that are not HTTP */
    HOOK_FLOOD,    /* 200 and an endless body */
};

struct hook_request {
    char head[4096]; /* request line and headers */
    char body[16384];
};

struct hook;

/* hook_start: starts the server. With a `ca_file` it uses TLS, and writes its certificate for
 * 127.0.0.1 to that file; NULL means no TLS. */
struct hook *hook_start(const char *ca_file);
struct hook *hook_stop(struct hook *hook);

/* hook_url: the URL of the path /hook; valid as long as the hook. */
const char *hook_url(const struct hook *hook);

/* hook_answer: sets the answer to all later requests. */
void hook_answer(struct hook *hook, enum hook_answer answer);

/* hook_wait: waits until `n` requests have arrived in all; returns false after `timeout_ms`.
 * hook_count returns the number so far. hook_get copies request `i`. */
bool hook_wait(struct hook *hook, size_t n, int64_t timeout_ms);
size_t hook_count(struct hook *hook);
void hook_get(struct hook *hook, size_t i, struct hook_request *out);

/* hook_header: copies the value of a header to `out`; returns false if there is none. */
bool hook_header(const struct hook_request *request, const char *name, char *out, size_t size);

/* hook_check_signature: fails the test unless the request is signed with this secret. */
void hook_check_signature(const struct hook_request *request, const char *secret);

#endif

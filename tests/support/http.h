/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP for tests: one request, one answer, by libcurl. Thread safe but for the object itself. */
#ifndef ONRUSH_TESTS_HTTP_H
#define ONRUSH_TESTS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_BODY_MAX 65536

struct http_request {
    const char *method; /* NULL: GET, or POST when there is a body */
    const char *url;
    const char *body;           /* NULL: none */
    size_t body_len;            /* 0: strlen */
    const char *const *headers; /* "Name: value" ..., ended by NULL; NULL: none */
    int64_t timeout_ms;         /* 0: ten seconds */
    bool keep_alive;            /* over the connection that the thread has kept, if any */
};

struct http_answer {
    int status; /* 0: no answer */
    size_t len;
    char body[HTTP_BODY_MAX]; /* with a NUL */
    char headers[8192];       /* all of them, with a NUL */
    char error[256];          /* why there was no answer */
    bool refused;             /* nobody took the connection: the request was never sent */
    bool fresh;               /* it went over a new connection */
};

/* http_ask: does the request, on a connection of its own unless it says keep_alive. */
void http_ask(const struct http_request *request, struct http_answer *answer);

/* http_get, http_post: the status; `answer` may be NULL. The post sends application/json. */
int http_get(const char *url, struct http_answer *answer);
int http_post(const char *url, const char *json, struct http_answer *answer);

/* http_close: closes the connection that this thread has kept. */
void http_close(void);

/* http_header: the value of a header in the answer, or NULL; overwritten by the next call. */
const char *http_header(const struct http_answer *answer, const char *name);

#endif

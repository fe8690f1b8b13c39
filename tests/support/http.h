/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP for tests: one request, one answer, through libcurl. Thread safe, except that an object
 * belongs to one thread at a time. */
#ifndef ONRUSH_TESTS_HTTP_H
#define ONRUSH_TESTS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_BODY_MAX 65536

struct http_request {
    const char *method; /* NULL: GET, or POST when there is a body */
    const char *url;
    const char *body;       /* NULL: none */
    size_t body_len;        /* 0: strlen(body) */
    bool json;              /* the body is application/json */
    const char *headers[3]; /* "Name: value" ...; the first NULL ends them */
    int64_t timeout_ms;     /* 0: ten seconds */
    bool keep_alive;        /* reuse this thread's open connection, if any */
};

struct http_answer {
    int status; /* 0: no answer */
    size_t len;
    char body[HTTP_BODY_MAX]; /* NUL-terminated */
    char headers[8192];       /* all headers, NUL-terminated */
    char error[256];          /* why there was no answer */
    bool refused;             /* connection refused: the request was never sent */
    bool fresh;               /* sent over a new connection */
};

/* http_ask: sends the request, on a connection of its own unless keep_alive is set. Returns the
 * status. */
int http_ask(const struct http_request *request, struct http_answer *answer);

/* http_get, http_post: return the status; `answer` may be NULL. http_post sends application/json.
 * */
int http_get(const char *url, struct http_answer *answer);
int http_post(const char *url, const char *json, struct http_answer *answer);

/* http_close: closes this thread's open connection. */
void http_close(void);

/* http_header: returns a header's value, or NULL. The next call overwrites the text. */
const char *http_header(const struct http_answer *answer, const char *name);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/http/conn.h"

#include "shared/base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TAIL_MAX 96 /* Content-Length, Connection, the empty line */

/* --- the status line --- */

/* RFC 9110 15. Other codes have no reason phrase. */
#define STATUSES(X)                                                                                \
    X(200, "OK")                                                                                   \
    X(201, "Created")                                                                              \
    X(202, "Accepted")                                                                             \
    X(400, "Bad Request")                                                                          \
    X(401, "Unauthorized")                                                                         \
    X(402, "Payment Required")                                                                     \
    X(403, "Forbidden")                                                                            \
    X(404, "Not Found")                                                                            \
    X(405, "Method Not Allowed")                                                                   \
    X(406, "Not Acceptable")                                                                       \
    X(408, "Request Timeout")                                                                      \
    X(409, "Conflict")                                                                             \
    X(410, "Gone")                                                                                 \
    X(412, "Precondition Failed")                                                                  \
    X(413, "Content Too Large")                                                                    \
    X(414, "URI Too Long")                                                                         \
    X(415, "Unsupported Media Type")                                                               \
    X(417, "Expectation Failed")                                                                   \
    X(422, "Unprocessable Content")                                                                \
    X(423, "Locked")                                                                               \
    X(425, "Too Early")                                                                            \
    X(428, "Precondition Required")                                                                \
    X(429, "Too Many Requests")                                                                    \
    X(431, "Request Header Fields Too Large")                                                      \
    X(500, "Internal Server Error")                                                                \
    X(501, "Not Implemented")                                                                      \
    X(502, "Bad Gateway")                                                                          \
    X(503, "Service Unavailable")                                                                  \
    X(504, "Gateway Timeout")                                                                      \
    X(505, "HTTP Version Not Supported")

struct status_line {
    const char *text;
    size_t len;
};

static struct status_line status_line(unsigned status)
{
    switch (status) {
#define X(code, reason)                                                                            \
    case code:                                                                                     \
        return (struct status_line){"HTTP/1.1 " #code " " reason "\r\nDate: ",                     \
                                    sizeof "HTTP/1.1 " #code " " reason "\r\nDate: " - 1};
        STATUSES(X)
#undef X
    default:
        return (struct status_line){NULL, 0};
    }
}

/* date: IMF-fixdate (RFC 9110 5.6.7) with CRLF, formatted once a second. */
static const char *date(struct http_server *s)
{
    time_t now = time(NULL);
    struct tm tm;
    if (s->date_s != now) {
        s->date_s = now;
        strftime(s->date, sizeof s->date, "%a, %d %b %Y %H:%M:%S GMT\r\n", gmtime_r(&now, &tm));
    }
    return s->date;
}

/* --- fields --- */

static void append(struct http_server *s, const char *bytes, size_t len)
{
    assert(s->out_len + len <= HTTP_ANSWER_FIELDS_MAX - TAIL_MAX);
    memcpy(s->out + s->out_len, bytes, len);
    s->out_len += len;
}

#define APPEND(s, literal) append(s, "" literal "", sizeof literal - 1)

void http_answer_begin(struct http_conn *c, unsigned status)
{
    struct http_server *s = c->server;
    struct status_line line = status_line(status);
    char other[32];
    assert(s->answering == NULL && c->state == HTTP_BUSY);
    s->answering = c;
    if (s->serving != c) /* otherwise now_us is that of this event */
        s->now_us = clock_mono_us();
    s->out_len = 0;
    if (line.text == NULL) {
        line.len = (size_t)snprintf(other, sizeof other, "HTTP/1.1 %u \r\nDate: ", status);
        line.text = other;
    }
    append(s, line.text, line.len);
    append(s, date(s), sizeof "Sun, 06 Nov 1994 08:49:37 GMT\r\n" - 1);
}

void http_answer_field(struct http_conn *c, const char *name, const char *value)
{
    struct http_server *s = c->server;
    assert(s->answering == c);
    append(s, name, strlen(name));
    APPEND(s, ": ");
    append(s, value, strlen(value));
    APPEND(s, "\r\n");
}

void http_answer_lines(struct http_conn *c, const char *lines, size_t len)
{
    assert(c->server->answering == c);
    append(c->server, lines, len);
}

void http_answer_close(struct http_conn *c)
{
    c->last = true;
}

/* tail: writes the last fields into the room reserved for them. HTTP/1.0 clients must be told that
 * the connection stays open, all clients that it closes (RFC 9112 9.3). */
static void tail(struct http_conn *c, const char *framing, size_t len)
{
    struct http_server *s = c->server;
    static const char ends[] = "Connection: close\r\n\r\n",
                      stays[] = "Connection: keep-alive\r\n\r\n";
    char *p = s->out + s->out_len;
    p = mempcpy(p, framing, len);
    if (c->last || s->draining)
        p = mempcpy(p, ends, sizeof ends - 1);
    else if (c->minor_version == 0)
        p = mempcpy(p, stays, sizeof stays - 1);
    else
        p = mempcpy(p, "\r\n", 2);
    s->out_len = (size_t)(p - s->out);
    c->last = c->last || s->draining;
    s->answering = NULL;
}

/* content_length: writes the field, returns its length. */
static size_t content_length(char out[48], size_t n)
{
    static const char name[] = "Content-Length: ";
    char digits[24], *d = digits + sizeof digits, *p = mempcpy(out, name, sizeof name - 1);
    do
        *--d = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    p = mempcpy(p, d, (size_t)(digits + sizeof digits - d));
    p = mempcpy(p, "\r\n", 2);
    return (size_t)(p - out);
}

/* part_of: iovec has no const, but the bytes are only read. */
static struct iovec part_of(const void *bytes, size_t len)
{
    return (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
}

void http_answer_send(struct http_conn *c, const void *body, size_t len)
{
    struct http_server *s = c->server;
    char field[48];
    assert(s->answering == c);
    tail(c, field, content_length(field, len));
    struct iovec parts[2] = {part_of(s->out, s->out_len), part_of(body, c->head ? 0 : len)};
    int n = 2;
    if (parts[1].iov_len <= sizeof s->out - s->out_len) { /* cheaper than a second part */
        memcpy(s->out + s->out_len, body, parts[1].iov_len);
        parts[0].iov_len += parts[1].iov_len;
        n = 1;
    }
    if (http_conn_transmit(c, parts, n) && c->output == NULL)
        http_conn_answered(c);
}

/* --- streams --- */

void http_stream_begin(struct http_conn *c)
{
    static const char chunked[] = "Transfer-Encoding: chunked\r\n";
    assert(c->server->answering == c);
    c->last = c->last || c->minor_version == 0; /* RFC 9112 6.3: no other end */
    tail(c, chunked, c->minor_version > 0 ? sizeof chunked - 1 : 0);
    c->streaming = true;
    struct iovec part = part_of(c->server->out, c->server->out_len);
    if (http_conn_transmit(c, &part, 1) && c->output == NULL)
        http_conn_move(c, HTTP_STREAMING);
}

int http_stream_write(struct http_conn *c, const void *bytes, size_t len)
{
    char size[24];
    size_t kept = c->output != NULL ? c->output->len - c->output->from : 0;
    if (c->state == HTTP_CLOSED)
        return -EPIPE;
    if (c->head || len == 0)
        return 0;
    if (kept + len > c->server->config.max_stream_bytes)
        return -EAGAIN;
    int n = snprintf(size, sizeof size, "%zx\r\n", len);
    struct iovec parts[3] = {part_of(size, (size_t)n), part_of(bytes, len), part_of("\r\n", 2)};
    bool chunked = c->minor_version > 0;
    return http_conn_transmit(c, chunked ? parts : parts + 1, chunked ? 3 : 1) ? 0 : -EPIPE;
}

void http_stream_end(struct http_conn *c, bool whole)
{
    struct iovec part = part_of("0\r\n\r\n", 5);
    bool was_closed = c->state == HTTP_CLOSED;
    c->streaming = false;
    if (was_closed)
        return;
    if (!whole) {
        http_conn_close(c, true);
        return;
    }
    if (!c->head && c->minor_version > 0 && !http_conn_transmit(c, &part, 1))
        return;
    if (c->output == NULL)
        http_conn_answered(c);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP/1.1 server inside an event loop (RFC 9110 and 9112), for a service that answers small
 * requests from memory. It hands out complete requests and takes answers, at once or later; it does
 * not know what they are about.
 *
 *   accept ─► read ─► parser ─► hooks.request ─ ─ (now or later) ─ ─► http_answer_send ─► next
 *                       │                              │ the client has left: hooks.gone
 *                       └─ refused, or too slow: hooks.refused ─► answer ─► end
 *
 * A connection is registered with epoll once, edge-triggered, for its whole life. It borrows a
 * buffer only while half a request or half an answer is there, and every wait has a deadline
 * (conn.h shows the states). One request of a connection at a time: what a client sends beyond it
 * waits in its socket, and answers go out in order. All calls and hooks in the thread of the event
 * base. */
#ifndef ONRUSH_SERVER_H
#define ONRUSH_SERVER_H

#include "shared/base/address.h"
#include "shared/http/parser.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_EXCESS_MAX 64 /* refused connections that get an answer; more are just closed */

struct http_server;
struct http_conn;
struct http_client_limit;

/* Why the server itself refuses, and ends the connection afterwards. */
enum http_refusal {
    HTTP_MALFORMED,    /* the parser's verdict: 400, 413, 414, 417, 431, 501, 505 */
    HTTP_TOO_SLOW,     /* 408 */
    HTTP_FULL,         /* 503: as many connections as are allowed */
    HTTP_ADDRESS_FULL, /* 503: as many connections as one address may have */
};

struct http_hooks {
    void *arg;
    /* request: one complete request. All that it points at lives until this returns; the connection
     * is busy until it is answered. */
    void (*request)(void *arg, struct http_conn *conn, const struct http_request *request);
    /* refused: to be answered before this returns, with `status`. `request` is its head, without a
     * body; NULL: there is none that can be relied on. */
    void (*refused)(void *arg, struct http_conn *conn, enum http_refusal why, unsigned status,
                    const struct http_request *request);
    /* gone: the client of a busy connection has closed it, or its half of it, or is not there any
     * more; told once for each request. It may be answered still (a half-closed client reads that),
     * and must be, sooner or later. */
    void (*gone)(void *arg, struct http_conn *conn);
    /* drained: all that was written to a stream is taken. NULL: nobody wants to know. */
    void (*drained)(void *arg, struct http_conn *conn);
    /* exempt: does this address count for no limit of addresses? NULL: none does. */
    bool (*exempt)(void *arg, const struct address *peer);
};

/* Deadlines in µs; they may change while it runs. */
struct http_deadlines {
    int64_t idle_us;    /* between requests */
    int64_t request_us; /* from the first byte of a request to its last */
    int64_t answer_us;  /* until the client has taken what was written (a stream: some of it) */
    int64_t linger_us;  /* after the last answer, until the client closes its half */
};

struct http_config {
    size_t max_head_bytes; /* request line, header fields and empty line: exactly */
    size_t max_body_bytes;
    size_t max_stream_bytes; /* written to a stream and not taken */
    int max_connections, max_connections_per_address;
    struct http_client_limit *clients; /* counts connections; may be shared */
    struct http_deadlines deadlines;
};

/* What has happened since the server began; only grows. */
struct http_counts {
    uint64_t accepted;
    uint64_t dropped;      /* closed at once: even more than HTTP_EXCESS_MAX */
    uint64_t evicted;      /* those without a request that made room for others */
    uint64_t too_slow;     /* requests that did not become complete in time */
    uint64_t slow_readers; /* answers that were not taken in time */
    uint64_t gone;         /* clients that did not wait for their answer */
};

/* How many connections are what, now. */
struct http_census {
    size_t all, idle, reading, busy;
};

/* --- life --- */

/* http_server_new: serves what comes over `listen_fd`, which it takes over; -1: only what
 * http_server_add() brings. 0 and *out, or a negative errno (and the fd is still the caller's).
 * `config` and `hooks` are copied. */
int http_server_new(struct http_server **out, struct event_base *base, int listen_fd,
                    const struct http_config *config, const struct http_hooks *hooks);

/* http_server_add: one more connection, which is taken over; `peer` may be NULL. */
void http_server_add(struct http_server *server, int fd, const struct sockaddr *peer);

void http_server_set_deadlines(struct http_server *server, const struct http_deadlines *deadlines);
int http_server_listen_fd(const struct http_server *server); /* -1: none any more */
const struct http_counts *http_server_counts(const struct http_server *server);
struct http_census http_server_census(const struct http_server *server);

/* http_server_quiesce: accepts no more; each answer from now on is the last of its connection.
 * `backlog`: those that the kernel has connected already are served still. */
void http_server_quiesce(struct http_server *server, bool backlog);

/* http_server_free: closes everything; hooks.gone is called for what is busy, and its answer is
 * ignored. NULL is fine. Gives NULL. */
struct http_server *http_server_free(struct http_server *server);

/* --- a connection whose request is to be answered --- */

/* http_conn_set_data: the handler's own pointer, NULL for each new request. */
void http_conn_set_data(struct http_conn *conn, void *data);
void *http_conn_data(const struct http_conn *conn);
const struct address *http_conn_peer(const struct http_conn *conn);
int64_t http_conn_now_us(const struct http_conn *conn); /* monotonic: when this turn began */

/* http_conn_gone: the client has left already. */
bool http_conn_gone(const struct http_conn *conn);

/* --- the answer: begin, then any fields, then send. Nothing else may come between. --- */

#define HTTP_ANSWER_FIELDS_MAX 4096 /* bytes, status line included */

void http_answer_begin(struct http_conn *conn, unsigned status);

/* http_answer_field: one header field. http_answer_lines: ready lines, each with its CRLF. */
void http_answer_field(struct http_conn *conn, const char *name, const char *value);
void http_answer_lines(struct http_conn *conn, const char *lines, size_t len);

/* http_answer_close: this answer is the connection's last. */
void http_answer_close(struct http_conn *conn);

/* http_answer_send: the request is over; `conn` is not the caller's any more. The body is copied as
 * far as it is not taken at once. HEAD gets none. */
void http_answer_send(struct http_conn *conn, const void *body, size_t len);

/* http_stream_begin: sends the fields; a body without a known end follows (chunked, or until the
 * connection ends for HTTP/1.0). */
void http_stream_begin(struct http_conn *conn);

/* http_stream_write: 0; -EAGAIN: too much is not taken yet, and nothing was written: try again when
 * it is drained, or give it up; -EPIPE: the client is gone, and hooks.gone was called. */
int http_stream_write(struct http_conn *conn, const void *bytes, size_t len);

/* http_stream_end: ends the request. `whole` false: the client must see that something is
 * missing. */
void http_stream_end(struct http_conn *conn, bool whole);

#endif

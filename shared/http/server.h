/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP/1.1 server in an event loop (RFC 9110 and 9112), for services that answer small requests
 * from memory. It hands out complete requests and sends answers, at once or later; it knows nothing
 * of their content.
 *
 *   accept ─► read ─► parser ─► hooks.request ─ ─ (now or later) ─ ─► http_answer_send ─► next
 *                       │                              │ the client has left: hooks.gone
 *                       └─ refused, or too slow: hooks.refused ─► answer ─► end
 *
 * A connection is registered with epoll once, edge-triggered. It borrows a buffer only while half a
 * request or half an answer is there, and every wait has a deadline (conn.h shows the states). It
 * serves one request at a time: later ones wait in its socket, and answers go out in order. Calls
 * and hooks run in the thread of the event base. */
#ifndef ONRUSH_SERVER_H
#define ONRUSH_SERVER_H

#include "shared/base/address.h"
#include "shared/base/listen.h"
#include "shared/http/parser.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_EXCESS_MAX    64 /* refused connections that get an answer; more are just closed */
#define HTTP_LISTENERS_MAX LISTEN_QUEUES

struct http_server;
struct http_conn;
struct http_client_limit;

/* Why the server itself refuses a connection, which ends after the answer. */
enum http_refusal {
    HTTP_MALFORMED,    /* the parser's verdict: 400, 413, 414, 417, 431, 501, 505 */
    HTTP_TOO_SLOW,     /* 408 */
    HTTP_FULL,         /* 503: all connections are taken */
    HTTP_ADDRESS_FULL, /* 503: the address has all the connections that one may have */
};

struct http_hooks {
    void *arg;
    /* request: a complete request, valid until this returns. The connection stays busy until it is
     * answered. */
    void (*request)(void *arg, struct http_conn *conn, const struct http_request *request);
    /* refused: must answer with `status` before this returns. `request` is the head, without a
     * body; NULL if there is no reliable one. */
    void (*refused)(void *arg, struct http_conn *conn, enum http_refusal why, unsigned status,
                    const struct http_request *request);
    /* gone: the client of a busy connection has closed it, or its half of it, or is lost; called
     * once per request. The request must still be answered, now or later: a half-closed client
     * reads the answer. */
    void (*gone)(void *arg, struct http_conn *conn);
    /* drained: everything written to a stream was sent. May be NULL. */
    void (*drained)(void *arg, struct http_conn *conn);
    /* exempt: true if the per-address limit does not apply to `peer`. NULL: it applies to all. */
    bool (*exempt)(void *arg, const struct address *peer);
};

/* Deadlines in µs; they may change at run time. */
struct http_deadlines {
    int64_t idle_us;    /* between requests */
    int64_t request_us; /* from the first byte of a request to its last */
    int64_t answer_us;  /* until the client has taken the answer (a stream: some of it) */
    int64_t linger_us;  /* after the last answer, until the client closes its half */
};

struct http_config {
    size_t max_head_bytes; /* exact: request line, header fields and empty line */
    size_t max_body_bytes;
    size_t max_stream_bytes; /* written to a stream, but not sent yet */
    int max_connections, max_connections_per_address;
    struct http_client_limit *clients; /* counts connections; may be shared */
    struct http_deadlines deadlines;
};

/* Counters since the start of the server. */
struct http_counts {
    uint64_t accepted;
    uint64_t dropped;      /* closed at once: more than HTTP_EXCESS_MAX were refused */
    uint64_t evicted;      /* closed without a request, to make room */
    uint64_t too_slow;     /* requests that were not complete in time */
    uint64_t slow_readers; /* answers that the client did not take in time */
    uint64_t gone;         /* clients that left before their answer */
};

/* The current number of connections by state. Those that are `ready` have sent something, which
 * waits for its turn. */
struct http_census {
    size_t all, idle, reading, ready, busy;
};

/* --- start and stop --- */

/* http_server_new: returns 0 and *out, or a negative errno. Copies `config` and `hooks`. */
int http_server_new(struct http_server **out, struct event_base *base,
                    const struct http_config *config, const struct http_hooks *hooks);

/* http_server_listen: takes over a listening socket, and serves its connections; at most
 * HTTP_LISTENERS_MAX sockets. Returns 0, or -ENOMEM and has closed it. */
int http_server_listen(struct http_server *server, int listen_fd);

/* http_server_add: serves one more connection and takes over `fd`. `peer` may be NULL. */
void http_server_add(struct http_server *server, int fd, const struct sockaddr *peer);

void http_server_set_deadlines(struct http_server *server, const struct http_deadlines *deadlines);

/* http_server_listen_state: sums up all listening sockets. Returns false if there is none. */
bool http_server_listen_state(const struct http_server *server, struct listen_state *state);
const struct http_counts *http_server_counts(const struct http_server *server);
struct http_census http_server_census(const struct http_server *server);

/* http_server_quiesce: stops accepting; from now on each answer is the last of its connection.
 * `backlog`: first accepts the connections that the kernel has established. */
void http_server_quiesce(struct http_server *server, bool backlog);

/* http_server_free: closes everything. Calls hooks.gone for busy connections and ignores their
 * answers. NULL is fine. Returns NULL. */
struct http_server *http_server_free(struct http_server *server);

/* --- a busy connection --- */

/* http_conn_set_data: sets the handler's own pointer, which is NULL for each new request. */
void http_conn_set_data(struct http_conn *conn, void *data);
void *http_conn_data(const struct http_conn *conn);
const struct address *http_conn_peer(const struct http_conn *conn);
int64_t http_conn_now_us(const struct http_conn *conn); /* monotonic: the start of this turn */

/* http_conn_gone: true if the client has left. */
bool http_conn_gone(const struct http_conn *conn);

/* --- the answer: begin, then any fields, then send, without other calls in between --- */

#define HTTP_ANSWER_FIELDS_MAX 4096 /* bytes, status line included */

void http_answer_begin(struct http_conn *conn, unsigned status);

/* http_answer_field: adds one header field. http_answer_lines: adds complete lines, each with its
 * CRLF. */
void http_answer_field(struct http_conn *conn, const char *name, const char *value);
void http_answer_lines(struct http_conn *conn, const char *lines, size_t len);

/* http_answer_close: makes this answer the last of the connection. */
void http_answer_close(struct http_conn *conn);

/* http_answer_send: ends the request; the caller must not use `conn` again. Copies the part of the
 * body that cannot be sent at once. Sends no body for HEAD. */
void http_answer_send(struct http_conn *conn, const void *body, size_t len);

/* http_stream_begin: sends the fields; a body of unknown length follows (chunked; in HTTP/1.0 it
 * ends with the connection). */
void http_stream_begin(struct http_conn *conn);

/* http_stream_write: returns 0; -EAGAIN if too much waits to be sent, and nothing was written
 * (retry after hooks.drained, or give up); -EPIPE if the client is gone, and hooks.gone was
 * called. */
int http_stream_write(struct http_conn *conn, const void *bytes, size_t len);

/* http_stream_end: ends the request. `whole` false: the client must see that the body is
 * incomplete. */
void http_stream_end(struct http_conn *conn, bool whole);

#endif

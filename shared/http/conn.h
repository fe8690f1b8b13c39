/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the server: a connection, its states, and what moves it from one to the next. Only
 * for the files of this folder.
 *
 *            first byte             complete: hooks.request        http_answer_send
 *   ┌──────┐ ─────────► ┌─────────┐ ─────────────────► ┌──────┐ ──────────────────► ┌─────────┐
 *   │ IDLE │            │ READING │   (at once, where  │ BUSY │ http_stream_begin   │ SENDING │
 *   └──────┘ ◄──┐       └─────────┘ all came together) └──────┘ ──► STREAMING ◄───► └─────────┘
 *      │        │            │ refused, too slow           ▲ (again, with what    │   │  not all
 *      │        └────────────┼─────────────────────────────┼── came behind it) ───┘   │  was taken
 *      │                     ▼                             │   all taken              │
 *      │                hooks.refused ── the last answer ──┴──► LINGERING ◄───────────┘ the last
 *      ▼ idle too long, evicted, EOF                               ▼ EOF, or linger_us is over
 *   CLOSED ◄───────────────────────────────────────────────────── CLOSED ◄── any error
 *
 * A connection is in the list of its state, in the order of since_us, so that a deadline is looked
 * for at the head of a list, and no connection has a timer of its own. */
#ifndef ONRUSH_CONN_H
#define ONRUSH_CONN_H

#include "shared/base/slab.h"
#include "shared/http/buffer.h"
#include "shared/http/client_limit.h"
#include "shared/http/server.h"

#include <event2/event_struct.h>
#include <sys/queue.h>
#include <sys/uio.h>

enum http_state {
    HTTP_IDLE,
    HTTP_READING,   /* half a request is there */
    HTTP_BUSY,      /* the handler has a request */
    HTTP_STREAMING, /* the handler writes as it likes; all so far is taken */
    HTTP_SENDING,   /* some of an answer, or a stream, is not taken yet */
    HTTP_LINGERING, /* our half is closed; what comes is thrown away (RFC 9112 9.6) */
    HTTP_CLOSED,    /* to be freed */
    HTTP_STATES
};

struct http_conn {
    struct event event;
    struct http_server *server;
    int64_t since_us; /* in this state */
    TAILQ_ENTRY(http_conn) next;
    TAILQ_ENTRY(http_conn) in_ready;
    struct http_buffer *input, *output; /* NULL: none borrowed */
    struct http_client_place *place;    /* NULL: exempt, or in excess */
    void *data;
    struct address peer;
    uint32_t lingered; /* bytes thrown away */
    uint8_t state;
    uint8_t excess; /* enum http_refusal of one that is beyond a limit and told so; 0: it is not */
    uint8_t minor_version;
    bool ready;     /* in server->ready */
    bool readable;  /* there may be something to read, and no event will say so again */
    bool ended;     /* the client has closed its half, or all of it */
    bool told_gone; /* hooks.gone, for this request */
    bool head;      /* HEAD: the answer has no body */
    bool last;      /* the connection ends with this answer */
    bool by_client; /* because the client wanted it */
    bool streaming; /* between http_stream_begin() and http_stream_end() */
};

TAILQ_HEAD(http_conn_list, http_conn);

struct http_server {
    struct event_base *base;
    struct http_config config;
    struct http_hooks hooks;
    struct http_limits limits;
    struct http_counts counts;
    struct event *listener, *tick, *wake; /* wake: there is something in `ready` */
    int64_t now_us;
    struct http_conn_list in[HTTP_STATES];
    size_t n[HTTP_STATES], n_excess;
    struct http_conn_list ready; /* to be served on: behind their answer lies more */
    size_t n_ready;
    struct slab conns;
    struct http_conn *serving; /* its request is being handed out */
    struct http_buffers buffers;
    struct http_buffer *lap; /* what is read goes here, as long as it is not half a request */
    bool draining;
    int64_t date_s; /* of `date` */
    char date[32];
    struct http_conn *answering; /* between http_answer_begin() and its end */
    size_t out_len;
    char out[HTTP_ANSWER_FIELDS_MAX + 4096]; /* an answer as it is written; small bodies too */
};

/* --- conn.c --- */

/* http_conn_open: takes over `fd` in any case. NULL: no memory. `excess`: see struct http_conn. */
struct http_conn *http_conn_open(struct http_server *server, int fd, const struct address *peer,
                                 struct http_client_place *place, enum http_refusal excess);

/* http_conn_move: the one place where the state changes; asserts that the move is legal. */
void http_conn_move(struct http_conn *conn, enum http_state to);

/* http_conn_has_left: true if the client has closed its half, or reset the connection. Asks the
 * kernel: nothing is read while a request waits, so unread bytes would hide the end from a read. */
bool http_conn_has_left(struct http_conn *conn);

/* http_conn_close: closes now, from any state. `abort`: the kernel also drops what the client has
 * not taken yet. http_conns_reap: frees closed connections; no caller may still hold one. */
void http_conn_close(struct http_conn *conn, bool abort);
void http_conns_reap(struct http_server *server);

/* http_conns_sweep: whose deadline is over. */
void http_conns_sweep(struct http_server *server);

/* http_conns_evict: closes connections that have no complete request, idle ones before those that
 * have half of one, the oldest first: one of `address`, or with NULL some of the address that has
 * the most. False: there is none. */
bool http_conns_evict(struct http_server *server, const struct address *address);

/* --- input.c --- */

/* http_conn_serve: reads, parses and hands out requests until nothing more is there, or one is not
 * answered at once. */
void http_conn_serve(struct http_conn *conn);

/* http_conn_refuse: asks the handler for the last answer. `request` may be NULL. */
void http_conn_refuse(struct http_conn *conn, enum http_refusal why, unsigned status,
                      const struct http_request *request);

/* http_conn_too_slow: half a request is there, and its time is over. */
void http_conn_too_slow(struct http_conn *conn);

/* http_conn_discard: while it lingers. */
void http_conn_discard(struct http_conn *conn);

/* --- output.c --- */

/* http_conn_transmit: as much as the kernel takes now; the rest is kept. False: the connection is
 * closed. */
bool http_conn_transmit(struct http_conn *conn, struct iovec *parts, int n);

/* http_conn_flush: the rest, when there is room again. */
void http_conn_flush(struct http_conn *conn);

/* http_conn_answered: the handler is done with its request. */
void http_conn_answered(struct http_conn *conn);

/* http_conn_tell_gone: the client has left, if it has not been told yet. */
void http_conn_tell_gone(struct http_conn *conn);

/* http_conn_wake: serve it in the next turn of the loop. */
void http_conn_wake(struct http_conn *conn);

#endif

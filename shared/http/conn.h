/* SPDX-License-Identifier: Apache-2.0 */
/* Internals of the server: a connection, its states, and its transitions. Only for files of this
 * folder.
 *
 *            first byte             complete: hooks.request        http_answer_send
 *   ┌──────┐ ─────────► ┌─────────┐ ─────────────────► ┌──────┐ ──────────────────► ┌─────────┐
 *   │ IDLE │            │ READING │   (at once, when   │ BUSY │ http_stream_begin   │ SENDING │
 *   └──────┘ ◄──┐       └─────────┘ all came together) └──────┘ ──► STREAMING ◄───► └─────────┘
 *      │        │            │ refused, too slow           ▲ (again, for input    │   │  not all
 *      │        └────────────┼─────────────────────────────┼── that followed) ────┘   │  was sent
 *      │                     ▼                             │   all sent               │
 *      │                hooks.refused ── the last answer ──┴──► LINGERING ◄───────────┘ the last
 *      ▼ idle too long, evicted, EOF                               ▼ EOF, or linger_us is over
 *   CLOSED ◄───────────────────────────────────────────────────── CLOSED ◄── any error
 *
 * Each state has a list of its connections in the order of since_us. The server checks deadlines at
 * the heads of the lists, so connections need no timers. */
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
    HTTP_READING,   /* half a request was received */
    HTTP_BUSY,      /* the handler has a request */
    HTTP_STREAMING, /* the handler writes a stream; everything so far was sent */
    HTTP_SENDING,   /* a part of an answer or stream waits to be sent */
    HTTP_LINGERING, /* our half is closed; input is discarded (RFC 9112 9.6) */
    HTTP_CLOSED,    /* to be freed */
    HTTP_STATES
};

struct http_conn {
    struct event event;
    struct http_server *server;
    int64_t since_us; /* when it entered this state */
    TAILQ_ENTRY(http_conn) next;
    TAILQ_ENTRY(http_conn) in_lane;
    struct http_buffer *input, *output; /* NULL: none borrowed */
    struct http_client_place *place;    /* NULL: exempt, or over a limit */
    void *data;
    struct address peer;
    uint32_t lingered; /* bytes discarded */
    uint8_t state;
    uint8_t excess; /* over a limit: the enum http_refusal to answer with; else 0 */
    uint8_t minor_version;
    uint8_t lane;
    bool ready;     /* in its lane */
    bool readable;  /* there may be input, and no event will report it again */
    bool writable;  /* there is room to send since the last attempt */
    bool ended;     /* the client has closed its half, or everything */
    bool told_gone; /* hooks.gone was called for this request */
    bool head;      /* HEAD: the answer has no body */
    bool last;      /* the connection ends after this answer */
    bool by_client; /* because the client asked for it */
    bool streaming; /* between http_stream_begin() and http_stream_end() */
};

TAILQ_HEAD(http_conn_list, http_conn);

/* Connections to be served: see turns.c. */
#define HTTP_LANES 64

struct http_listener {
    struct http_server *server;
    struct event *event;
    bool waits;                      /* in `accepting` */
    TAILQ_ENTRY(http_listener) next; /* in `accepting` */
};

TAILQ_HEAD(http_listener_list, http_listener);

struct http_lane {
    TAILQ_ENTRY(http_lane) next; /* in `busy` */
    struct http_conn_list conns;
};

struct http_turns {
    struct event *event;
    bool called;                         /* `event` will run */
    size_t ready[HTTP_STATES];           /* connections in lanes, by state */
    struct http_listener_list accepting; /* connections wait in their queues */
    TAILQ_HEAD(, http_lane) busy;
    struct http_lane lanes[HTTP_LANES];
};

struct http_server {
    struct event_base *base;
    struct http_config config;
    struct http_hooks hooks;
    struct http_limits limits;
    struct http_counts counts;
    struct event *tick;
    struct http_listener listeners[HTTP_LISTENERS_MAX];
    int n_listeners;
    int64_t now_us;
    struct http_conn_list in[HTTP_STATES];
    size_t n[HTTP_STATES], n_excess;
    struct http_turns turns;
    struct slab conns;
    struct http_conn *serving; /* its request is being handed out */
    struct http_buffers buffers;
    struct http_buffer *lap; /* the shared input buffer; half a request moves to one of its own */
    bool draining;
    int64_t date_s; /* the second of `date` */
    char date[32];
    struct http_conn *answering; /* between http_answer_begin() and its end */
    size_t out_len;
    char out[HTTP_ANSWER_FIELDS_MAX + 4096]; /* an answer being written; small bodies too */
};

/* --- conn.c --- */

/* http_conn_open: takes over `fd` in any case. Returns NULL if there is no memory. `excess`: see
 * struct http_conn. */
struct http_conn *http_conn_open(struct http_server *server, int fd, const struct address *peer,
                                 struct http_client_place *place, enum http_refusal excess);

/* http_conn_move: the only place that changes the state; asserts that the transition is legal. */
void http_conn_move(struct http_conn *conn, enum http_state to);

/* http_conn_has_left: true if the client has closed its half or reset the connection. It asks the
 * kernel, because nothing is read while a request is busy, and unread bytes would hide the end. */
bool http_conn_has_left(struct http_conn *conn);

/* http_conn_close: closes at once, from any state. `abort`: the kernel drops unsent bytes.
 * http_conns_reap: frees closed connections; no caller may still hold one. */
void http_conn_close(struct http_conn *conn, bool abort);
void http_conns_reap(struct http_server *server);

/* http_conns_sweep: ends connections past their deadline. */
void http_conns_sweep(struct http_server *server);

/* http_conns_evict: closes connections that wait for no answer: lingering ones first, then idle
 * ones, then those with half a request; one of `address`, or if that is NULL some of the busiest
 * addresses. Returns false if there is none. */
bool http_conns_evict(struct http_server *server, const struct address *address);

/* --- input.c --- */

/* http_conn_serve: reads, parses and hands out requests until there is no more input or a request
 * is not answered at once. */
void http_conn_serve(struct http_conn *conn);

/* http_conn_refuse: asks the handler for the last answer. `request` may be NULL. */
void http_conn_refuse(struct http_conn *conn, enum http_refusal why, unsigned status,
                      const struct http_request *request);

/* http_conn_too_slow: half a request was received, and its time is over. */
void http_conn_too_slow(struct http_conn *conn);

/* http_conn_discard: discards input of a lingering connection. */
void http_conn_discard(struct http_conn *conn);

/* --- output.c --- */

/* http_conn_transmit: sends what the kernel takes now and keeps the rest. Returns false if the
 * connection is closed. */
bool http_conn_transmit(struct http_conn *conn, struct iovec *parts, int n);

/* http_conn_flush: sends the rest, when the socket is writable. */
void http_conn_flush(struct http_conn *conn);

/* http_conn_answered: the answer is complete and sent. */
void http_conn_answered(struct http_conn *conn);

/* http_conn_tell_gone: calls hooks.gone, once for each request. */
void http_conn_tell_gone(struct http_conn *conn);

/* --- turns.c --- */

/* http_turns_init: returns 0 or -ENOMEM. */
int http_turns_init(struct http_turns *turns, struct http_server *server);
void http_turns_end(struct http_turns *turns);

uint8_t http_conn_lane(const struct http_client_place *place, bool excess);

/* http_conn_wake: serves it when its lane's turn comes. http_conn_forget: does not.
 * http_conn_attend: serves it now. */
void http_conn_wake(struct http_conn *conn);
void http_conn_forget(struct http_conn *conn);
void http_conn_attend(struct http_conn *conn);

/* http_listener_wake: accepts its connections when its turn comes. */
void http_listener_wake(struct http_listener *listener);
void http_listener_forget(struct http_listener *listener);

/* --- server.c --- */

/* http_listener_accept: accepts one connection. Returns false if there are no more, or if a
 * resource ran out, for which it also stops listening until the next tick. */
bool http_listener_accept(struct http_listener *listener);

#endif

/* One record for each client connection: is it idle, reading a request, or busy with one? It is
 * what finds the clients that are too slow; the HTTP library only knows of idle ones.
 *
 *   CONN_IDLE ──request line──► CONN_READING ──complete──► CONN_BUSY ──answered──► CONN_IDLE
 *       │                            │ (at once when answered early)
 *       └── dribbles ──► CONN_CUT ◄──┘ not complete in request_timeout_s
 *
 * IDLE and READING are in one list, ordered by when that began. The library says nothing of single
 * bytes, so an idle connection that is request_timeout_s old is asked for its count of received
 * bytes: when that grew and there is still no request line, it dribbles. One thread. */
#ifndef ONRUSH_GATEWAY_CONN_H
#define ONRUSH_GATEWAY_CONN_H

#include "gateway/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct worker;

enum conn_state { CONN_IDLE, CONN_READING, CONN_BUSY, CONN_CUT };

struct conn {
    unsigned magic;
    enum conn_state state;
    struct worker *worker;
    int fd;
    bool excess;       /* beyond max_connections: gets one 503 */
    bool url_too_long; /* of the request that is being read */
    int64_t since_us;
    int64_t received; /* bytes when it became idle; -1: not known */
    TAILQ_ENTRY(conn) next;
};

TAILQ_HEAD(conn_list, conn);

struct conns {
    struct conn_list open;  /* IDLE and READING, oldest first */
    struct conn_list spare; /* free ones */
    size_t n, n_reading;
};

void conns_init(struct conns *conns);
void conns_end(struct conns *conns);

/* conn_new: NULL when there is no memory. */
struct conn *conn_new(struct worker *worker, int fd);
void conn_free(struct conn *conn);
struct conn *conn_check(void *object);

/* conn_move: the one place where the state changes; asserts that the move is legal. */
void conn_move(struct conn *conn, enum conn_state to);

/* conn_cut: answers by hand and closes our half, where the library cannot answer. `whole`: both
 * halves, so that the library sees the end at once. */
void conn_cut(struct conn *conn, enum outcome outcome, bool whole);

/* conns_sweep: cuts those that are too slow. Each tick. */
void conns_sweep(struct worker *worker);

#endif

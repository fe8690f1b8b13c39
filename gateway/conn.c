#include "gateway/conn.h"

#include "gateway/answer.h"
#include "gateway/worker.h"

#include <assert.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#define CONN_MAGIC 0x434f4e4eu

void conns_init(struct conns *conns)
{
    TAILQ_INIT(&conns->open);
    TAILQ_INIT(&conns->spare);
    conns->n = conns->n_reading = 0;
}

void conns_end(struct conns *conns)
{
    for (struct conn *c; (c = TAILQ_FIRST(&conns->spare)) != NULL;) {
        TAILQ_REMOVE(&conns->spare, c, next);
        free(c);
    }
}

struct conn *conn_new(struct worker *worker, int fd)
{
    struct conns *conns = &worker->conns;
    struct conn *c = TAILQ_FIRST(&conns->spare);
    if (c != NULL)
        TAILQ_REMOVE(&conns->spare, c, next);
    else if ((c = malloc(sizeof *c)) == NULL)
        return NULL;
    *c = (struct conn){.magic = CONN_MAGIC,
                       .state = CONN_IDLE,
                       .worker = worker,
                       .fd = fd,
                       .since_us = worker->now_us};
    TAILQ_INSERT_TAIL(&conns->open, c, next);
    conns->n++;
    return c;
}

struct conn *conn_check(void *object)
{
    struct conn *c = object;
    assert(c != NULL && c->magic == CONN_MAGIC);
    return c;
}

static bool listed(enum conn_state state)
{
    return state == CONN_IDLE || state == CONN_READING;
}

void conn_free(struct conn *c)
{
    struct conns *conns = &c->worker->conns;
    if (listed(c->state))
        TAILQ_REMOVE(&conns->open, c, next);
    if (c->state == CONN_READING)
        conns->n_reading--;
    c->magic = 0;
    conns->n--;
    TAILQ_INSERT_HEAD(&conns->spare, c, next);
}

static bool legal(enum conn_state from, enum conn_state to)
{
    switch (from) {
    case CONN_IDLE:
        return to == CONN_READING || to == CONN_IDLE || to == CONN_CUT;
    case CONN_READING:
        return to == CONN_BUSY || to == CONN_IDLE || to == CONN_CUT;
    case CONN_BUSY:
        return to == CONN_IDLE;
    case CONN_CUT:
        return to == CONN_CUT;
    }
    return false;
}

void conn_move(struct conn *c, enum conn_state to)
{
    struct conns *conns = &c->worker->conns;
    assert(c->magic == CONN_MAGIC && legal(c->state, to));
    if (listed(c->state))
        TAILQ_REMOVE(&conns->open, c, next);
    conns->n_reading += (size_t)(to == CONN_READING) - (size_t)(c->state == CONN_READING);
    c->state = to;
    c->since_us = c->worker->now_us;
    c->received = -1;
    if (listed(to))
        TAILQ_INSERT_TAIL(&conns->open, c, next);
}

void conn_cut(struct conn *c, enum outcome outcome, bool whole)
{
    char text[1024];
    int n = answer_raw(outcome, text, sizeof text);
    if (send(c->fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) == n)
        metric_add(gateway_metrics_answer(&c->worker->metrics, outcome), 1);
    shutdown(c->fd, whole ? SHUT_RDWR : SHUT_WR);
}

/* received_bytes: by this connection so far; -1: the kernel does not say. */
static int64_t received_bytes(int fd)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
        len < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received)
        return -1;
    return (int64_t)info.tcpi_bytes_received;
}

/* dribbles: an old idle connection has received something that is no request line yet. The first
 * look at a connection that had requests before only notes the count. */
static bool dribbles(struct conn *c)
{
    int64_t before = c->received, now = received_bytes(c->fd);
    if (before >= 0 && now > before)
        return true;
    conn_move(c, CONN_IDLE);
    c->received = now;
    return false;
}

void conns_sweep(struct worker *worker)
{
    int64_t timeout_us = gateway_config(worker->gateway)->request_timeout_s * 1000000;
    struct conn *c;
    while ((c = TAILQ_FIRST(&worker->conns.open)) != NULL &&
           c->since_us + timeout_us <= worker->now_us) {
        if (c->state == CONN_IDLE && !c->excess && !dribbles(c))
            continue;
        metric_add(&worker->metrics.slow_clients, 1);
        conn_move(c, CONN_CUT);
        conn_cut(c, c->excess ? OUTCOME_overloaded : OUTCOME_too_slow, true);
    }
}

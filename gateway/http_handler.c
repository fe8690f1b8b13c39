/* SPDX-License-Identifier: Apache-2.0 */
/* The path of a request:
 *
 *   on_request ─► request_new ─► router_judge ─► router_dispatch ─ (asks, waits) ─► request_answer
 *   on_refused ─► the same, but judged already                                         │
 *   on_gone ────► waiters_gone: answers a long-poll at once                          finish
 *
 * The received bytes exist only until on_request returns, so whatever is needed later is copied. */
#include "gateway/http_handler.h"

#include "gateway/answer.h"
#include "gateway/http_strings.h"
#include "gateway/loop.h"
#include "gateway/request_id.h"
#include "gateway/request_trace.h"
#include "gateway/router.h"
#include "gateway/waiters.h"
#include "shared/base/clock.h"
#include "shared/http/client_limit.h"

#include <assert.h>
#include <errno.h>

#define FORWARDED_MAX 8     /* most lines of X-Forwarded-For to read, from the end */
#define STREAM_MAX    65536 /* bytes of a stream that the client has not read yet */
#define LINGER_US     2000000

/* --- the client's address --- */

/* forwarded: finds the last lines of X-Forwarded-For, in order. Returns their number. */
static size_t forwarded(const struct http_request *head, const char *lines[FORWARDED_MAX])
{
    size_t n = http_field_count(head, "X-Forwarded-For"), skip = n;
    n = n < FORWARDED_MAX ? n : FORWARDED_MAX;
    skip -= n;
    for (unsigned i = 0, at = 0; at < n; i++) {
        if (!http_text_like(http_field_name(head, i), "X-Forwarded-For"))
            continue;
        if (skip > 0)
            skip--;
        else
            lines[at++] = http_string(http_field_value(head, i));
    }
    return n;
}

static void identify(struct request *r)
{
    const struct trusted_proxies *trusted = gateway_config(r->loop->gateway)->trusted_proxies;
    const struct address *peer = http_conn_peer(r->conn);
    const char *lines[FORWARDED_MAX];
    size_t n = proxies_include(trusted, peer) ? forwarded(r->head, lines) : 0;
    struct address client = proxies_client(trusted, peer, lines, n);
    r->from_proxy = proxies_include(trusted, &client);
    address_key(&client, &r->client);
}

static bool is_exempt(void *arg, const struct address *peer)
{
    return proxies_include(gateway_config(loop_check(arg)->gateway)->trusted_proxies, peer);
}

/* --- requests --- */

/* begin: NULL: out of memory, and the client has its answer. */
static struct request *begin(struct loop *loop, struct http_conn *conn,
                             const struct http_request *head)
{
    struct request *r = request_new(loop, conn);
    loop->now_us = http_conn_now_us(conn);
    if (r == NULL) {
        answer_nobody(loop, conn, OUTCOME_overloaded);
        return NULL;
    }
    http_conn_set_data(conn, r);
    loop->n_requests++;
    r->head = head;
    r->start_us = loop->now_us;
    request_id_take(r);
    identify(r);
    return r;
}

/* go: may answer and free `r`. Afterwards the head must not be used. */
static void go(struct request *r)
{
    struct http_conn *conn = r->conn;
    router_dispatch(r);
    if ((r = http_conn_data(conn)) != NULL)
        r->head = NULL;
}

static void on_request(void *arg, struct http_conn *conn, const struct http_request *head)
{
    struct loop *loop = loop_check(arg);
    struct request *r = begin(loop, conn, head);
    if (r == NULL)
        return;
    if (head->target.len > (size_t)gateway_config(loop->gateway)->max_url_bytes)
        request_judge(r, OUTCOME_url_too_long);
    else
        router_judge(r);
    go(r);
}

static enum outcome outcome_of(unsigned status)
{
    switch (status) {
    case 408:
        return OUTCOME_too_slow;
    case 413:
        return OUTCOME_body_too_large;
    case 414:
        return OUTCOME_url_too_long;
    case 417:
        return OUTCOME_bad_expectation;
    case 431:
        return OUTCOME_headers_too_large;
    case 501:
        return OUTCOME_not_implemented;
    case 503:
        return OUTCOME_overloaded;
    case 505:
        return OUTCOME_bad_version;
    default:
        return OUTCOME_malformed;
    }
}

static void count_refusal(struct gateway_metrics *m, enum http_refusal why)
{
    if (why == HTTP_FULL)
        metric_add(&m->unavailable_connections, 1);
    if (why == HTTP_ADDRESS_FULL)
        metric_add(&m->unavailable_connections_here, 1);
}

/* on_refused: reports a wrong path or head rather than a wrong body. */
static void on_refused(void *arg, struct http_conn *conn, enum http_refusal why, unsigned status,
                       const struct http_request *head)
{
    struct loop *loop = loop_check(arg);
    enum outcome outcome = outcome_of(status);
    count_refusal(&loop->metrics, why);
    if (head == NULL) {
        answer_nobody(loop, conn, outcome);
        return;
    }
    struct request *r = begin(loop, conn, head);
    if (r == NULL)
        return;
    if (outcome == OUTCOME_body_too_large)
        router_judge(r);
    if (!r->judged)
        request_judge(r, outcome);
    go(r);
}

static void on_gone(void *arg, struct http_conn *conn)
{
    struct loop *loop = loop_check(arg);
    loop->now_us = http_conn_now_us(conn);
    waiters_gone(request_check(http_conn_data(conn)));
}

/* --- the end of a request --- */

static struct metric_histogram *time_of(struct gateway_metrics *m, enum operation op)
{
    switch (op) {
    case OP_ENQUEUE:
        return &m->post_time;
    case OP_STATUS:
        return &m->get_time;
    default:
        return &m->campaign_time;
    }
}

/* observe: measures the time to answer, but not of long-polls. */
static void observe(struct request *r)
{
    struct gateway_metrics *m = &r->loop->metrics;
    int64_t took_us = clock_mono_us() - r->start_us;
    if (r->instant) {
        metric_add(r->outcome == OUTCOME_waiting ? &m->instant_waiting : &m->instant_decided, 1);
        metric_observe(&m->instant_time, took_us);
    }
    if (r->counted && !r->waited)
        metric_observe(time_of(m, r->route->op), took_us);
}

/* finish: sends an ANSWERED request, counts it, and frees it. */
static void finish(struct request *r)
{
    struct loop *loop = r->loop;
    assert(r->stage == STAGE_ANSWERED);
    http_conn_set_data(r->conn, NULL);
    answer_send(r);
    observe(r);
    if (r->trace != NULL)
        request_trace_end(r);
    if (r->counted) {
        gauge_give(&loop->gateway->in_flight);
        metric_add(&loop->metrics.in_flight, -1);
    }
    loop->n_requests--;
    request_free(r);
}

/* --- the server --- */

static struct http_deadlines deadlines(const struct gateway_config *config)
{
    int64_t request_us = config->request_timeout_s * 1000000;
    return (struct http_deadlines){.idle_us = config->idle_timeout_s * 1000000,
                                   .request_us = request_us,
                                   .answer_us = request_us,
                                   .linger_us = LINGER_US};
}

int http_handler_start(struct loop *loop)
{
    struct gateway *gateway = loop->gateway;
    const struct gateway_config *c = gateway_config(gateway);
    const struct http_config config = {
        .max_head_bytes = (size_t)c->max_header_bytes,
        .max_body_bytes = (size_t)c->max_body_bytes,
        .max_stream_bytes = STREAM_MAX,
        .max_connections = (int)gateway->max_connections,
        .max_connections_per_address =
            (int)gateway_share(c->max_connections_per_address, gateway->max_connections),
        .clients = gateway->connections,
        .deadlines = deadlines(c)};
    const struct http_hooks hooks = {.arg = loop,
                                     .request = on_request,
                                     .refused = on_refused,
                                     .gone = on_gone,
                                     .exempt = is_exempt};
    loop->answered = finish;
    return http_server_new(&loop->http, loop->base, &config, &hooks);
}

void http_handler_tick(struct loop *loop)
{
    const struct http_deadlines in_force = deadlines(gateway_config(loop->gateway));
    const struct http_counts *counts = http_server_counts(loop->http);
    struct http_census census = http_server_census(loop->http);
    struct gateway_metrics *m = &loop->metrics;
    http_server_set_deadlines(loop->http, &in_force);
    metric_set(&m->connections, (int64_t)census.all);
    metric_set(&m->connections_idle, (int64_t)(census.all - census.busy - census.ready));
    metric_set(&m->connections_accepted, (int64_t)counts->accepted);
    metric_set(&m->connections_dropped, (int64_t)counts->dropped);
    metric_set(&m->connections_evicted, (int64_t)counts->evicted);
    metric_set(&m->slow_clients, (int64_t)counts->too_slow);
    metric_set(&m->slow_readers, (int64_t)counts->slow_readers);
    metric_set(&m->clients_gone, (int64_t)counts->gone);
}

/* How a request goes through the callbacks of the library:
 *
 *   on_uri ──► on_request (headers) ──► on_request (body) ... ──► on_request (complete)
 *                     │ answered early                                 │ asks; suspended
 *                     ▼                                                ▼
 *               on_completed ◄─────────────────────── on_request (resumed: send the answer)
 *
 * A verdict that is clear at the headers waits until the body is there, which is thrown away: a
 * connection that is closed on top of unread data would be reset, and the client never see the
 * answer. Only a client that waits for "100 Continue", or has too much to throw away, is answered
 * early. */
#include "gateway/http.h"

#include "gateway/answer.h"
#include "gateway/routes.h"
#include "gateway/tracing.h"
#include "gateway/worker.h"
#include "shared/clock.h"
#include "shared/log.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DISCARD_MAX 1048576u /* bytes of an unwanted body that are read */
#define RUNS_MAX    16

static struct conn *conn_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL && info->socket_context != NULL ? conn_check(info->socket_context) : NULL;
}

/* --- connections --- */

/* on_accept: beyond those that are told 503 a connection is closed at once, or descriptors would run out: a crowd that sends nothing
 * stays until its time is over. */
static enum MHD_Result on_accept(void *arg, const struct sockaddr *address, socklen_t len)
{
    struct gateway *gateway = worker_check(arg)->gateway;
    (void)address, (void)len;
    return atomic_load(&gateway->connections.n) < gateway->most_connections ? MHD_YES : MHD_NO;
}

static void begin_connection(struct worker *worker, struct MHD_Connection *connection,
                             void **context)
{
    struct gateway *gateway = worker->gateway;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct conn *conn = info != NULL ? conn_new(worker, info->connect_fd) : NULL;
    *context = conn;
    if (conn == NULL)
        return; /* its requests are answered 503 */
    conn->excess = atomic_fetch_add(&gateway->connections.n, 1) >= gateway->max_connections;
    metric_set(&worker->metrics.connections, (int64_t)worker->conns.n);
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct worker *worker = worker_check(arg);
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        return begin_connection(worker, connection, context);
    if (*context == NULL)
        return;
    conn_free(conn_check(*context));
    *context = NULL;
    gauge_give(&worker->gateway->connections);
    metric_set(&worker->metrics.connections, (int64_t)worker->conns.n);
}

/* --- requests --- */

/* on_uri: a request line is there. */
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
{
    struct worker *worker = worker_check(arg);
    struct conn *conn = conn_of(connection);
    if (conn == NULL || conn->state != CONN_IDLE)
        return NULL;
    size_t most = (size_t)gateway_config(worker->gateway)->max_url_bytes;
    conn_move(conn, CONN_READING);
    conn->url_too_long = strnlen(uri, most + 1) > most;
    return NULL;
}

/* on_unescape: leaves everything as it came. routes.c decodes segment by segment, so that an
 * encoded slash or NUL stays inside its segment. */
static size_t on_unescape(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg, (void)connection;
    return strlen(text);
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* judge: everything that the headers can tell. */
static void judge(struct request *r, const struct conn *conn, const char *path, const char *method)
{
    const char *length = header(r->connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    size_t most = (size_t)gateway_config(r->worker->gateway)->max_body_bytes;
    if (conn == NULL || conn->excess) {
        metric_add(&r->worker->metrics.unavailable_connections, 1);
        r->close = true;
        return request_judge(r, OUTCOME_overloaded);
    }
    if (conn->url_too_long)
        return request_judge(r, OUTCOME_url_too_long);
    routes_judge(r, path, method);
    if (!r->judged && length != NULL && strtoull(length, NULL, 10) > most)
        request_judge(r, OUTCOME_body_too_large);
}

/* answer_now: may and should this verdict not wait for the body? */
static bool answer_now(const struct request *r)
{
    const char *length = header(r->connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return r->judged && (header(r->connection, MHD_HTTP_HEADER_EXPECT) != NULL ||
                         (length != NULL && strtoull(length, NULL, 10) > DISCARD_MAX));
}

static enum MHD_Result complete(struct request *r, struct conn *conn)
{
    if (conn != NULL && conn->state == CONN_CUT)
        return MHD_NO;
    if (conn != NULL)
        conn_move(conn, CONN_BUSY);
    routes_dispatch(r);
    if (r->stage == STAGE_ANSWERED)
        return answer_send(r);
    r->suspended = true;
    MHD_suspend_connection(r->connection);
    return MHD_YES;
}

static enum MHD_Result begin(struct worker *worker, struct MHD_Connection *connection,
                             const char *path, const char *method, void **context)
{
    struct request *r = request_new(worker, connection);
    struct conn *conn = conn_of(connection);
    if (r == NULL)
        return MHD_NO;
    *context = r;
    worker->n_requests++;
    r->start_us = clock_mono_us();
    judge(r, conn, path, method);
    return answer_now(r) ? complete(r, conn) : MHD_YES;
}

/* discard: body that nobody wants. What is endless is cut off. */
static void discard(struct request *r, struct conn *conn, size_t size)
{
    if (r->discarded <= DISCARD_MAX && r->discarded + size > DISCARD_MAX && conn != NULL &&
        conn->state == CONN_READING)
        conn_cut(conn, r->outcome, false);
    r->discarded += size;
    r->close = r->close || r->discarded > DISCARD_MAX;
}

static void take_body(struct request *r, struct conn *conn, const char *data, size_t size)
{
    size_t most = (size_t)gateway_config(r->worker->gateway)->max_body_bytes;
    if (!r->judged && r->text_len + size > most)
        request_judge(r, OUTCOME_body_too_large);
    if (r->judged)
        return discard(r, conn, size);
    if (route_asks_body(r->route)) {
        memcpy(r->text + r->text_len, data, size);
        r->text_len += size;
    }
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    (void)version;
    if (*context == NULL)
        return begin(worker_check(arg), connection, path, method, context);
    struct request *r = request_check(*context);
    if (*size > 0) {
        take_body(r, conn_of(connection), data, *size);
        *size = 0;
        return MHD_YES;
    }
    if (r->stage == STAGE_ANSWERED)
        return answer_send(r);
    assert(r->stage == STAGE_READING);
    return r->discarded > DISCARD_MAX ? MHD_NO : complete(r, conn_of(connection));
}

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

/* observe: how long it took. Long-polls are meant to take long. */
static void observe(struct request *r)
{
    struct gateway_metrics *m = &r->worker->metrics;
    if (r->instant) {
        metric_add(r->outcome == OUTCOME_waiting ? &m->instant_waiting : &m->instant_decided, 1);
        metric_observe(&m->instant_time, clock_mono_us() - r->start_us);
    }
    if (!r->counted || r->waited)
        return;
    metric_observe(time_of(m, r->route->op), clock_mono_us() - r->start_us);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    struct worker *worker = worker_check(arg);
    struct conn *conn = conn_of(connection);
    (void)why;
    if (conn != NULL && (conn->state == CONN_BUSY || conn->state == CONN_READING))
        conn_move(conn, CONN_IDLE);
    if (*context == NULL)
        return;
    struct request *r = request_check(*context);
    *context = NULL;
    assert(r->stage == STAGE_ANSWERED || r->stage == STAGE_READING);
    observe(r);
    if (r->trace != NULL)
        tracing_end(r);
    if (r->counted) {
        gauge_give(&worker->gateway->in_flight);
        metric_add(&worker->metrics.in_flight, -1);
    }
    worker->n_requests--;
    request_free(r);
}

/* --- the daemon --- */

static void on_log(void *arg, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void on_log(void *arg, const char *format, va_list args)
{
    char text[256], quoted[300];
    (void)arg;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    log_debug("http", "said=%s", log_quote(text, quoted, sizeof quoted));
}

int http_start(struct worker *worker, int listen_fd)
{
    const struct gateway_config *config = gateway_config(worker->gateway);
    worker->http = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, on_accept, worker,
        on_request, worker, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET,
        listen_fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)worker->gateway->most_connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)config->max_header_bytes,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)config->idle_timeout_s,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_uri, worker,
        MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, worker, MHD_OPTION_NOTIFY_COMPLETED, on_completed, worker, MHD_OPTION_END);
    if (worker->http == NULL)
        return -ENOMEM;
    worker->listen_fd = listen_fd;
    return 0;
}

int http_fd(const struct worker *worker)
{
    return MHD_get_daemon_info(worker->http, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

bool http_run(struct worker *worker)
{
    for (int i = 0; i < RUNS_MAX; i++) {
        MHD_UNSIGNED_LONG_LONG wait_ms;
        worker->resumed = false;
        MHD_run(worker->http);
        if (MHD_get_timeout(worker->http, &wait_ms) != MHD_YES || wait_ms > 0)
            return true;
    }
    return false;
}

/* http_quiesce: whoever has connected already is still answered: closing the socket on top of them
 * would reset them, and the library takes only ten at a time. Behind an inherited socket they wait
 * for the next gateway. */
void http_quiesce(struct worker *worker)
{
    MHD_socket fd = MHD_quiesce_daemon(worker->http);
    worker->listen_fd = -1;
    if (fd == MHD_INVALID_SOCKET)
        return;
    struct sockaddr_storage from;
    for (socklen_t len = sizeof from; worker->listening == LISTENING_OWN; len = sizeof from) {
        int client = accept4(fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0)
            break;
        MHD_add_connection(worker->http, client, (struct sockaddr *)&from, len);
    }
    close(fd);
}

void http_stop(struct worker *worker)
{
    MHD_stop_daemon(worker->http);
    worker->http = NULL;
}

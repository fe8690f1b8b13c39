/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/daemon/admin.h"

#include "shared/base/config.h"
#include "shared/base/listen.h"
#include "shared/base/mailbox.h"
#include "shared/http/client_limit.h"
#include "shared/http/server.h"

#include <errno.h>
#include <event2/event.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 64
#define TIMEOUT_US      10000000
#define LINGER_US       1000000
#define HEAD_MAX        8192u
#define BODY_MAX        1024u /* requests need none */
#define TOKEN_SIZE      129

struct admin {
    struct http_server *http;
    struct http_client_limit *clients;
    struct event_base *base;
    struct mailbox stop; /* a mail tells the thread to end */
    struct mail end;
    pthread_t thread;
    struct admin_hooks hooks;
    char token[TOKEN_SIZE];
};

/* authorized: compares the token in constant time. */
static bool authorized(const struct admin *admin, const struct http_request *request)
{
    static const char scheme[] = "Bearer ";
    struct http_text given = http_field(request, "Authorization");
    size_t skip = sizeof scheme - 1, len = strlen(admin->token);
    return len > 0 && given.len == skip + len && memcmp(given.at, scheme, skip) == 0 &&
           CRYPTO_memcmp(given.at + skip, admin->token, len) == 0;
}

static unsigned answer_ready(struct admin *admin, FILE *out)
{
    bool ready = admin->hooks.ready(admin->hooks.arg, out);
    if (ready)
        fprintf(out, "ready\n");
    return ready ? 200 : 503;
}

/* answer: writes the body, returns the status. */
static unsigned answer(struct admin *admin, const struct http_request *request, FILE *out)
{
    bool read = request->method == HTTP_METHOD_GET || request->method == HTTP_METHOD_HEAD;
    bool healthz = http_text_is(request->path, "/healthz"),
         readyz = http_text_is(request->path, "/readyz"),
         metrics = http_text_is(request->path, "/metrics");
    if (!healthz && !readyz && !metrics && !authorized(admin, request)) {
        fprintf(out, "this needs Authorization: Bearer with the token of admin.token_file\n");
        return 401;
    }
    if (!healthz && !readyz && !metrics) {
        fprintf(out, "there are /healthz, /readyz and /metrics\n");
        return 404;
    }
    if (!read) {
        fprintf(out, "GET or HEAD\n");
        return 405;
    }
    if (readyz)
        return answer_ready(admin, out);
    if (metrics)
        admin->hooks.metrics(admin->hooks.arg, out);
    else
        fprintf(out, "alive\n");
    return 200;
}

static void send_answer(struct http_conn *conn, unsigned status, const char *body, size_t size)
{
    http_answer_begin(conn, status);
    http_answer_field(conn, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    http_answer_field(conn, "Cache-Control", "no-store");
    if (status == 401)
        http_answer_field(conn, "WWW-Authenticate", "Bearer");
    if (status == 405)
        http_answer_field(conn, "Allow", "GET, HEAD");
    http_answer_send(conn, body, size);
}

static void on_request(void *arg, struct http_conn *conn, const struct http_request *request)
{
    char *body = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&body, &size);
    unsigned status = out != NULL ? answer(arg, request, out) : 503;
    if (out != NULL)
        fclose(out);
    send_answer(conn, status, body, size);
    free(body);
}

/* on_refused: answers as usual if only the body is too large. */
static void on_refused(void *arg, struct http_conn *conn, enum http_refusal why, unsigned status,
                       const struct http_request *request)
{
    if (why == HTTP_MALFORMED && status == 413 && request != NULL)
        on_request(arg, conn, request);
    else
        send_answer(conn, status, "", 0);
}

/* on_gone: ignored, because every request is answered at once. */
static void on_gone(void *arg, struct http_conn *conn)
{
    (void)arg;
    (void)conn;
}

/* --- start and stop --- */

static void on_stop(void *arg, struct mail *mail)
{
    struct admin *admin = arg;
    (void)mail;
    event_base_loopbreak(admin->base);
}

static void *run(void *arg)
{
    struct admin *admin = arg;
    event_base_dispatch(admin->base);
    return NULL;
}

/* free_parts: frees what exists. */
static void free_parts(struct admin *admin)
{
    http_server_free(admin->http);
    http_client_limit_free(admin->clients);
    mailbox_end(&admin->stop, NULL);
    if (admin->base != NULL)
        event_base_free(admin->base);
    free(admin);
}

/* serve: one address may have all connections, because the few clients are mostly local. When all
 * are taken, the server evicts one with half a request, so slow senders cannot lock others out. */
static int serve(struct admin *admin)
{
    const struct http_config config = {
        .max_head_bytes = HEAD_MAX,
        .max_body_bytes = BODY_MAX,
        .max_connections = CONNECTIONS_MAX,
        .max_connections_per_address = CONNECTIONS_MAX,
        .clients = admin->clients,
        .deadlines = {TIMEOUT_US, TIMEOUT_US, TIMEOUT_US, LINGER_US}};
    const struct http_hooks hooks = {
        .arg = admin, .request = on_request, .refused = on_refused, .gone = on_gone};
    return http_server_new(&admin->http, admin->base, &config, &hooks);
}

static int build(struct admin *admin, const struct admin_config *config)
{
    admin->base = event_base_new();
    admin->clients = http_client_limit_new(CONNECTIONS_MAX);
    if (admin->base == NULL || admin->clients == NULL ||
        mailbox_attach(&admin->stop, admin->base, on_stop, admin) < 0 || serve(admin) < 0)
        return -ENOMEM;
    int r = listen_tcp(config->address, config->port, false);
    if (r >= 0)
        r = http_server_listen(admin->http, r);
    return r < 0 ? r : -pthread_create(&admin->thread, NULL, run, admin);
}

int admin_start(struct admin **out, const struct admin_config *config,
                const struct admin_hooks *hooks)
{
    struct admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL)
        return -ENOMEM;
    admin->hooks = *hooks;
    mailbox_init(&admin->stop);
    int r = config_read_secret(config->token_file, admin->token, sizeof admin->token);
    r = r < 0 ? -EACCES : build(admin, config);
    if (r == 0)
        *out = admin;
    else
        free_parts(admin);
    return r;
}

struct admin *admin_stop(struct admin *admin)
{
    if (admin == NULL)
        return NULL;
    mailbox_put(&admin->stop, &admin->end);
    pthread_join(admin->thread, NULL);
    free_parts(admin);
    return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway behind real proxies with usual settings: nginx (which speaks HTTP/1.0 to its upstream),
 * nginx with keep-alive, HAProxy. With 0 to 9 KiB of cookies every request gets a true answer: 2xx
 * means queued, anything else not queued. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"
#include "tests/support/raw.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define COOKIES_MAX 9216
#define STEP        64

static struct stack stack;
static struct event noon;
static const char *dir;

BEFORE_ALL(up)
{
    event_start(&noon, &stack, NULL, "--quota 100000");
    stack_kill(&stack, "scheduler", "TERM"); /* accepted users stay waiting */
    dir = tempdir_make();
}

/* @D: the directory; @P: the port to listen on; @G: host and port of the gateway. */
#define NGINX(upstream, proxy)                                                                     \
    "daemon off; worker_processes 1; pid @D/nginx.pid; error_log @D/error.log;\n"                  \
    "events { worker_connections 256; }\n"                                                         \
    "http {\n"                                                                                     \
    "  access_log off; client_body_temp_path @D/body; proxy_temp_path @D/proxy;\n"                 \
    "  fastcgi_temp_path @D/fcgi; uwsgi_temp_path @D/uwsgi; scgi_temp_path @D/scgi;\n"             \
    "  upstream gateway { server @G; " upstream " }\n"                                             \
    "  server { listen 127.0.0.1:@P; location / { proxy_pass http://gateway; " proxy " } }\n"      \
    "}\n"

static const struct proxy {
    const char *name, *config;
    const char *argv[6]; /* followed by the configuration file */
} proxies[] = {
    {"nginx", NGINX("", ""), {"nginx", "-c"}},
    {"nginx that keeps connections",
     NGINX("keepalive 8;", "proxy_http_version 1.1; proxy_set_header Connection \"\";"),
     {"nginx", "-c"}},
    {"haproxy",
     "defaults\n  mode http\n  option abortonclose\n  timeout connect 5s\n  timeout client 60s\n  "
     "timeout server 60s\n"
     "frontend in\n  bind 127.0.0.1:@P\n  default_backend gateway\n"
     "backend gateway\n  option forwardfor\n  server gateway @G\n",
     {"haproxy", "-db", "-f"}},
};

struct running {
    pid_t pid;
    const char *url;
};

static bool listens(int port)
{
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = connect(fd, (struct sockaddr *)&where, sizeof where) == 0;
    close(fd);
    return yes;
}

static void write_config(FILE *out, const char *config, int port)
{
    for (const char *p = config; *p != '\0'; p++) {
        if (*p != '@') {
            fputc(*p, out);
            continue;
        }
        switch (*++p) {
        case 'D':
            fputs(dir, out);
            break;
        case 'P':
            fprintf(out, "%d", port);
            break;
        default:
            fputs(stack.url + strlen("http://"), out);
        }
    }
}

static void proxy_start(struct running *running, const struct proxy *proxy)
{
    const char *argv[8] = {NULL};
    int port = free_port();
    size_t n = 0;
    const char *path = textf("%s/%d.cfg", dir, port);
    const char *log = textf("%s/%d.log", dir, port);
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    write_config(out, proxy->config, port);
    assert_int_equal(fclose(out), 0);
    for (; proxy->argv[n] != NULL; n++)
        argv[n] = proxy->argv[n];
    argv[n] = path;
    running->pid = child_start(argv, log);
    running->url = textf("http://127.0.0.1:%d", port);
    for (int64_t until_us = clock_mono_us() + PATIENCE_MS * 1000; !listens(port); wait_a_moment()) {
        if (clock_mono_us() > until_us || !child_running(running->pid)) {
            show_log(log);
            fail_msg("%s does not start", proxy->name);
        }
    }
}

/* ask: posts with this many bytes of cookies, split into browser-sized ones; returns the status. */
static int ask(const char *url, const char *user, size_t cookies)
{
    static char bytes[RAW_MAX], text[RAW_MAX];
    bool closed;
    size_t n = (size_t)sprintf(bytes,
                               "POST /v1/campaigns/noon/requests HTTP/1.1\r\nHost: shop.example\r\n"
                               "User-Agent: test\r\nContent-Type: application/json\r\n"
                               "Connection: close\r\nContent-Length: %zu\r\n",
                               strlen(user) + 14);
    if (cookies > 0) {
        n += (size_t)sprintf(bytes + n, "Cookie: ");
        for (size_t i = 0; i < cookies; i++)
            bytes[n++] = i % 200 == 4 ? '=' : i % 200 == 198 ? ';' : i % 200 == 199 ? ' ' : 'c';
        bytes[n - 1] = 'c';
        n += (size_t)sprintf(bytes + n, "\r\n");
    }
    n += (size_t)sprintf(bytes + n, "\r\n{\"user_id\":\"%s\"}", user);
    int fd = raw_connect(url);
    raw_send(fd, bytes, n);
    raw_read(fd, text, PATIENCE_MS, &closed);
    close(fd);
    return raw_status(text);
}

static void check_proxy(const struct proxy *proxy, size_t number)
{
    struct running running;
    size_t accepted = 0, refused = 0;
    proxy_start(&running, proxy);
    for (size_t cookies = 0; cookies <= COOKIES_MAX; cookies += STEP) {
        const char *user = textf("p%zu-%zu", number, cookies);
        int status = ask(running.url, user, cookies);
        bool queued = stack_ticket(noon.redis, "noon", user) > 0;
        if (status == 0 || status == 502 || status == 504 || queued != (status == 202))
            fail_msg("%s, %zu bytes of cookies: %d%s", proxy->name, cookies, status,
                     queued ? ", and queued" : "");
        accepted += status == 202;
        refused += status >= 400;
        if (status == 202) /* a repeat gets the same answer */
            assert_int_equal(ask(running.url, user, cookies), 202);
    }
    print_message("%s: %zu accepted, %zu refused\n", proxy->name, accepted, refused);
    assert_true(accepted >= 7700 / STEP);
    assert_true(refused >= 1);
    child_end(running.pid, SIGTERM);
}

TEST(test_cookies)
{
    for (size_t i = 0; i < LENGTH(proxies); i++)
        check_proxy(&proxies[i], i);
}

/* A client leaves its long-poll: the proxy closes its connection (HAProxy: with abortonclose), and
 * the gateway frees the place. */
TEST(test_clients_that_leave)
{
    enum { N = 20 };
    assert_int_equal(event_post(&noon, "ann", NULL), 202);
    for (size_t i = 0; i < LENGTH(proxies); i++) {
        struct running running;
        int fds[N];
        int64_t began_us = clock_mono_us();
        proxy_start(&running, &proxies[i]);
        for (int j = 0; j < N; j++) {
            fds[j] = raw_connect(running.url);
            event_raw_poll(&noon, fds[j], "ann");
        }
        event_wait_metric(stack.admin_url, "onrush_gateway_waiters", N);
        for (int j = 0; j < N; j++)
            close(fds[j]);
        event_wait_metric(stack.admin_url, "onrush_gateway_waiters", 0);
        assert_true(clock_mono_us() - began_us < 29000000);
        child_end(running.pid, SIGTERM);
    }
}

EVENT_ENDS(noon)

/* SPDX-License-Identifier: Apache-2.0 */
/* shared/daemon/admin: the admin listener over real HTTP. */
#include "tests/support/test.h"

#include "shared/daemon/admin.h"
#include "tests/support/file.h"
#include "tests/support/http.h"
#include "tests/support/raw.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static atomic_bool is_ready;
static char base[64];
static struct admin *admin;
static struct admin_config config;

static bool ready(void *arg, FILE *reasons)
{
    assert_string_equal(arg, "argument");
    if (!is_ready)
        fprintf(reasons, "redis: away\nmariadb: away\n");
    return is_ready;
}

static void metrics(void *arg, FILE *out)
{
    assert_string_equal(arg, "argument");
    fprintf(out, "t_up 1\n");
}

static const struct admin_hooks hooks = {.arg = "argument", .ready = ready, .metrics = metrics};

BEFORE_ALL(start)
{
    config = (struct admin_config){.address = "127.0.0.1", .port = free_port()};
    strcpy(config.token_file, file_make("token", "s3cret\n"));
    snprintf(base, sizeof base, "http://127.0.0.1:%d", (int)config.port);
    assert_int_equal(admin_start(&admin, &config, &hooks), 0);
}

AFTER_ALL(stop)
{
    admin = admin_stop(admin);
    assert_null(admin);
}

#define TOKEN(text) "Authorization: " text

static const struct {
    const char *method, *path, *header;
    bool ready;
    int status;
    const char *body;
} requests[] = {
    {"GET", "/healthz", NULL, false, 200, "alive\n"},
    {"GET", "/readyz", NULL, true, 200, "ready\n"},
    {"GET", "/readyz", NULL, false, 503, "redis: away\nmariadb: away\n"},
    {"GET", "/metrics", NULL, false, 200, "t_up 1\n"},
    {"HEAD", "/healthz", NULL, false, 200, ""},
    {"POST", "/healthz", NULL, true, 405, "GET or HEAD\n"},
    {"DELETE", "/metrics", NULL, true, 405, "GET or HEAD\n"},
    {"PUT", "/readyz", NULL, true, 405, "GET or HEAD\n"},
    {"GET", "/", NULL, true, 401, NULL},
    {"GET", "/admin/v1/x", NULL, true, 401, NULL},
    {"GET", "/healthz/", NULL, true, 401, NULL},
    {"GET", "/admin", TOKEN("Bearer wrong"), true, 401, NULL},
    {"GET", "/admin", TOKEN("Bearer s3cre"), true, 401, NULL},
    {"GET", "/admin", TOKEN("Bearer s3crets"), true, 401, NULL},
    {"GET", "/admin", TOKEN("Bearer "), true, 401, NULL},
    {"GET", "/admin", TOKEN("bearer s3cret"), true, 401, NULL},
    {"GET", "/admin", TOKEN("Basic s3cret"), true, 401, NULL},
    {"GET", "/admin", TOKEN("s3cret"), true, 401, NULL},
    {"GET", "/admin", TOKEN("Bearer s3cret"), true, 404, NULL},
    {"POST", "/admin", TOKEN("Bearer s3cret"), true, 404, NULL},
};

TEST(test_requests)
{
    static struct http_answer a;
    for (size_t i = 0; i < LENGTH(requests); i++) {
        is_ready = requests[i].ready;
        http_ask(&(struct http_request){.method = requests[i].method,
                                        .url = textf("%s%s", base, requests[i].path),
                                        .headers = {requests[i].header}},
                 &a);
        if (a.status != requests[i].status)
            fail_msg("%s %s: %d %s", requests[i].method, requests[i].path, a.status, a.error);
        if (requests[i].body != NULL)
            assert_string_equal(a.body, requests[i].body);
        assert_string_equal(http_header(&a, "Cache-Control"), "no-store");
        if (a.status == 401)
            assert_string_equal(http_header(&a, "WWW-Authenticate"), "Bearer");
        if (a.status == 405)
            assert_string_equal(http_header(&a, "Allow"), "GET, HEAD");
    }
}

TEST(test_large_body_is_not_kept)
{
    static char body[200000];
    static struct http_answer a;
    memset(body, 'x', sizeof body);
    const struct http_request large = {
        .url = textf("%s/admin", base), .body = body, .body_len = sizeof body};
    assert_int_equal(http_ask(&large, &a), 401);
}

TEST(test_without_a_token_nobody_gets_in)
{
    static struct http_answer a;
    struct admin_config open = config;
    struct admin *other;
    open.token_file[0] = '\0';
    open.port = free_port();
    assert_int_equal(admin_start(&other, &open, &hooks), 0);
    const char *url = textf("http://127.0.0.1:%d/admin", (int)open.port);
    const struct http_request empty = {.url = url, .headers = {TOKEN("Bearer ")}};
    assert_int_equal(http_ask(&empty, &a), 401);
    assert_null(admin_stop(other));
    assert_null(admin_stop(NULL));
    assert_int_equal(http_get(url, NULL), 0);
}

/* Half-request clients fill all places and send a byte now and then. A new client is still answered
 * at once, before their next bytes. */
TEST(test_dribblers_keep_nobody_out)
{
    enum { CROWD = 64 };
    static struct http_answer a;
    int fds[CROWD];
    is_ready = true;
    const char *url = textf("%s/readyz", base);
    for (int i = 0; i < CROWD; i++) {
        fds[i] = raw_connect(base);
        raw_send(fds[i], "GET /readyz HTTP/1.1\r\nX: ", 26);
    }
    for (int round = 0; round < 100; round++) {
        assert_int_equal(http_get(url, &a), 200);
        raw_send(fds[round % CROWD], "x", 1);
        close(fds[round % CROWD]); /* reconnects, evicted or not */
        fds[round % CROWD] = raw_connect(base);
        raw_send(fds[round % CROWD], "GET", 3);
    }
    for (int i = 0; i < CROWD; i++)
        close(fds[i]);
}

TEST(test_start_fails)
{
    struct admin *none = NULL;
    struct admin_config c = config;
    assert_int_equal(admin_start(&none, &c, &hooks), -EADDRINUSE);
    strcpy(c.address, "localhost");
    assert_int_equal(admin_start(&none, &c, &hooks), -EINVAL);
    strcpy(c.token_file, "/no/such/token");
    assert_int_equal(admin_start(&none, &c, &hooks), -EACCES);
    assert_null(none);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Crowds from one address beside an honest client from another: silent clients, dribbling clients,
 * clients that never read, abandoned long-polls. The honest client is always served, the crowd gets
 * only its share, and leaves nothing behind. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "tests/support/file.h"
#include "tests/support/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST        400 /* most connections; one address gets at most half */
#define CROWD       600
#define MOST_WAIT   300
#define CROWD_HOST  7
#define PROXY_HOST  9
#define PATIENCE_MS 20000

static struct stack stack;
static struct event noon;

BEFORE_ALL(up)
{
    const char *include =
        file_make("proxies.cfg", "trusted_proxies = (\"127.0.0.%d\");\n", PROXY_HOST);
    event_start(&noon, &stack,
                (const char *const[]){"--gateway-include", include, "--set", "gateway.workers=2",
                                      "--set", "gateway.max_connections=400", "--set",
                                      "gateway.max_waiters=300", "--set",
                                      "gateway.request_timeout_s=1", NULL},
                "--quota 100000");
    stack_kill(&stack, "scheduler", "TERM"); /* accepted users stay waiting */
    assert_int_equal(event_post(&noon, "ann", NULL), 202);
}

/* --- the honest client --- */

static struct {
    pthread_t thread;
    atomic_bool enough;
    atomic_int served, failed;
} honest;

static void *honest_run(void *arg)
{
    static char text[RAW_MAX];
    (void)arg;
    for (int i = 0; !honest.enough; i++) {
        bool closed;
        int fd = raw_connect_from(stack.url, 2 + i % 3);
        event_raw_post(&noon, fd, textf("h-%05d", i % 100000));
        raw_read(fd, text, PATIENCE_MS, &closed);
        if (raw_status(text) / 100 == 2) {
            honest.served++;
        } else {
            fprintf(stderr, "the honest client got %d: %s\n", raw_status(text), text);
            honest.failed++;
        }
        close(fd);
    }
    return NULL;
}

static void honest_start(void)
{
    honest.enough = false;
    honest.served = honest.failed = 0;
    assert_int_equal(pthread_create(&honest.thread, NULL, honest_run, NULL), 0);
}

/* honest_goes_on: waits until the honest client was served several more times. */
static void honest_goes_on(void)
{
    int before = honest.served;
    wait_for(honest.served >= before + 50);
}

static void honest_stop(void)
{
    honest.enough = true;
    pthread_join(honest.thread, NULL);
    assert_int_equal(honest.failed, 0);
}

/* --- crowds --- */

static int fds[CROWD];

static void open_crowd(const char *bytes)
{
    for (int i = 0; i < CROWD; i++) {
        fds[i] = raw_connect_from(stack.url, CROWD_HOST);
        raw_send(fds[i], bytes, strlen(bytes));
    }
}

static void close_crowd(void)
{
    for (int i = 0; i < CROWD; i++)
        close(fds[i]);
    event_wait_metric(stack.admin_url, "onrush_gateway_connections", 0);
    event_wait_metric(stack.admin_url, "onrush_gateway_waiters", 0);
    event_wait_metric(stack.admin_url, "onrush_gateway_in_flight", 0);
}

static long open_files(void)
{
    return event_metric(stack.admin_url, "process_open_fds");
}

static void check_ready(void)
{
    assert_int_equal(http_get(textf("%s/readyz", stack.admin_url), NULL), 200);
}

#define POLL "GET /v1/campaigns/noon/requests/ann?wait=30 HTTP/1.1\r\nHost: x\r\n"

static const char *const crowds[] = {
    "",                                                   /* silent */
    "GET /v1/campaigns/noon HTTP/1.1\r\nHost: x\r\nX: ",  /* half a request */
    "GET /v1/campaigns/noon HTTP/1.1\r\nHost: x\r\n\r\n", /* idle */
    POLL "\r\n",                                          /* waiting */
};

TEST(test_crowds_of_one_address)
{
    long files = open_files();
    for (size_t i = 0; i < LENGTH(crowds); i++) {
        honest_start();
        open_crowd(crowds[i]);
        honest_goes_on();
        check_ready();
        assert_true(event_metric(stack.admin_url, "onrush_gateway_connections") <=
                    MOST / 2 + 2 * 64 + 3);
        honest_goes_on();
        honest_stop();
        close_crowd();
        wait_for(open_files() <= files + 2);
    }
}

/* Long-polls that open and leave at once, again and again, keep nobody out. */
TEST(test_long_polls_that_are_left)
{
    honest_start();
    for (int round = 0; round < 5; round++) {
        open_crowd(POLL "\r\n");
        for (int i = 0; i < CROWD; i++)
            close(fds[i]);
        for (int i = 0; i < CROWD; i++)
            fds[i] = -1;
        honest_goes_on();
    }
    honest_stop();
    close_crowd();
}

/* Clients that pipeline as much as they can and never read pin a bounded amount, and are cut. */
TEST(test_those_that_never_read)
{
    enum { READERS = 60 };
    static char bytes[50 * 100];
    size_t n = 0, sent = 0;
    for (int i = 0; i < 50; i++)
        n += (size_t)sprintf(bytes + n, "GET /v1/campaigns/noon HTTP/1.1\r\nHost: x\r\n\r\n");
    honest_start();
    for (int i = 0; i < READERS; i++) {
        fds[i] = raw_connect_from(stack.url, CROWD_HOST);
        fcntl(fds[i], F_SETFL, O_NONBLOCK);
    }
    int64_t until_us = clock_mono_us() + PATIENCE_MS * 1000;
    while (event_metric(stack.admin_url, "onrush_gateway_slow_readers_total") < READERS) {
        for (int i = 0; i < READERS; i++) {
            ssize_t r = send(fds[i], bytes, n, MSG_NOSIGNAL);
            sent += r > 0 ? (size_t)r : 0;
        }
        assert_true(clock_mono_us() < until_us);
    }
    honest_goes_on();
    honest_stop();
    print_message("%zu bytes of requests taken of each\n", sent / READERS);
    for (int i = 0; i < READERS; i++)
        close(fds[i]);
    event_wait_metric(stack.admin_url, "onrush_gateway_connections", 0);
}

/* --- shares --- */

/* status_of: the status of a new long-poll from 127.0.0.`host`; 0: it waits. */
static int status_of(int host, const char *forwarded, int *fd)
{
    static char text[RAW_MAX];
    bool closed;
    long waiters = event_metric(stack.admin_url, "onrush_gateway_waiters");
    *fd = raw_connect_from(stack.url, host);
    raw_say(*fd, POLL "%s\r\n", forwarded);
    for (int64_t until_us = clock_mono_us() + PATIENCE_MS * 1000; clock_mono_us() < until_us;) {
        if (raw_read(*fd, text, 10, &closed) > 0)
            return raw_status(text);
        if (event_metric(stack.admin_url, "onrush_gateway_waiters") > waiters)
            return 0;
    }
    return -1;
}

/* open_waiting: opens long-polls one after the other and waits until each is held. */
static void open_waiting(int n, int host, const char *forwarded)
{
    long waiters = event_metric(stack.admin_url, "onrush_gateway_waiters");
    for (int i = 0; i < n; i++) {
        fds[waiters + i] = raw_connect_from(stack.url, host);
        raw_say(fds[waiters + i], POLL "%s\r\n", forwarded);
    }
    event_wait_metric(stack.admin_url, "onrush_gateway_waiters", waiters + n);
}

static long turned_away(const char *cause)
{
    return event_metric(stack.admin_url,
                        textf("onrush_gateway_unavailable_total{cause=\"%s\"}", cause));
}

/* An address may have half of the waiting places; a trusted proxy may have all, if it has many
 * clients. */
TEST(test_shares_of_waiters)
{
    int fd[4];
    long here = turned_away("max_waiters_per_address"), all = turned_away("max_waiters");
    open_waiting(MOST_WAIT / 2, CROWD_HOST, "");
    assert_int_equal(status_of(CROWD_HOST, "", &fd[0]), 503);
    assert_int_equal(turned_away("max_waiters_per_address"), here + 1);
    open_waiting(MOST_WAIT / 2 - 10, PROXY_HOST, "X-Forwarded-For: 192.0.2.1\r\n");
    assert_int_equal(status_of(PROXY_HOST, "X-Forwarded-For: 127.0.0.7\r\n", &fd[1]), 503);
    assert_int_equal(turned_away("max_waiters_per_address"), here + 2);
    open_waiting(9, PROXY_HOST, "X-Forwarded-For: 192.0.2.2\r\n");
    /* header ignored */
    assert_int_equal(status_of(3, "X-Forwarded-For: 127.0.0.7\r\n", &fd[2]), 0);
    assert_int_equal(status_of(4, "", &fd[3]), 503);
    assert_int_equal(turned_away("max_waiters"), all + 1);
    for (int i = 0; i < MOST_WAIT - 1; i++)
        close(fds[i]);
    for (int i = 0; i < 4; i++)
        close(fd[i]);
    event_wait_metric(stack.admin_url, "onrush_gateway_waiters", 0);
    event_wait_metric(stack.admin_url, "onrush_gateway_connections", 0);
}

/* Connections of a trusted proxy have no share limit. */
TEST(test_a_proxy_has_no_share)
{
    open_waiting(MOST_WAIT / 2, PROXY_HOST, "X-Forwarded-For: 192.0.2.1\r\n");
    open_waiting(MOST_WAIT / 2, PROXY_HOST, "X-Forwarded-For: 192.0.2.2\r\n");
    assert_true(MOST_WAIT > MOST / 2);
    for (int i = 0; i < MOST_WAIT; i++)
        close(fds[i]);
    event_wait_metric(stack.admin_url, "onrush_gateway_connections", 0);
}

EVENT_ENDS(noon)

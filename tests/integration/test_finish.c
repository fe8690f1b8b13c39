/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway after its grace, while Redis and MariaDB hang: requests on open connections are
 * refused, not held, because nothing would wake them. */
#include "tests/integration/event.h"

#include "tests/support/raw.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS 60
#define EVERY_MS    100 /* from before the end of the grace until after the end of the process */

static struct stack stack;
static struct event noon;

BEFORE_ALL(up)
{
    event_start(&noon, &stack,
                (const char *const[]){"--set", "gateway.workers=1", "--set", "gateway.grace_s=1",
                                      "--set", "gateway.redis.command_timeout_ms=60000", "--set",
                                      "gateway.mariadb.query_timeout_ms=60000", NULL},
                "--quota 100");
}

struct asking {
    pthread_t thread;
    const char *url;
    int status;
};

static void *get(void *arg)
{
    static struct http_answer a;
    struct asking *asking = arg;
    asking->status = http_ask(&(struct http_request){.url = asking->url, .timeout_ms = 60000}, &a);
    return NULL;
}

static void *stop_gateway(void *arg)
{
    stack_kill(&stack, "gateway", "TERM");
    *(_Atomic bool *)arg = true;
    return NULL;
}

/* post: posts over an open connection; returns the status, or 0 if it was closed. */
static int post(int fd)
{
    static char text[RAW_MAX];
    bool closed;
    event_raw_post(&noon, fd, "bob");
    raw_read(fd, text, EVERY_MS, &closed);
    return raw_status(text);
}

TEST(test_requests_after_the_grace)
{
    struct asking asker = {.url = textf("%s/v1/campaigns/unknown/requests/ann", stack.url)};
    pthread_t stopper;
    _Atomic bool stopped = false;
    int fds[CONNECTIONS], refused = 0;
    stack_kill(&stack, "mariadb", "STOP");
    assert_int_equal(pthread_create(&asker.thread, NULL, get, &asker), 0);
    event_wait_metric(stack.admin_url, "onrush_gateway_archive_requests", 1);
    for (size_t i = 0; i < CONNECTIONS; i++)
        fds[i] = raw_connect(stack.url);
    event_wait_metric(stack.admin_url, "onrush_gateway_connections", CONNECTIONS + 1);
    stack_kill(&stack, "redis", "STOP");
    assert_int_equal(pthread_create(&stopper, NULL, stop_gateway, (void *)&stopped), 0);
    for (size_t i = 0; i < CONNECTIONS && !stopped; i++)
        refused += post(fds[i]) == 503;
    pthread_join(stopper, NULL);
    pthread_join(asker.thread, NULL);
    for (size_t i = 0; i < CONNECTIONS; i++)
        close(fds[i]);
    print_message("%d refused at once\n", refused);
    assert_int_equal(asker.status, 503);
    assert_true(refused > 0);
    assert_true(stack_log_says(&stack, "gateway", 0, "its connections are cut"));
    assert_true(stack_log_says(&stack, "gateway", 0, "stopped"));
}

/* pid_of: the pid of a part of the stack; its file has "PID START". */
static pid_t pid_of(const char *part)
{
    int pid = 0;
    FILE *file = fopen(textf("%s/pids/%s", stack.dir, part), "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    return pid;
}

/* Redis does not know the request. MariaDB, asked for the journal, answers after the grace: the
 * gateway does not ask Redis again, because nobody would wait for it. */
TEST(test_a_late_look)
{
    struct asking asker = {.url = textf("%s/v1/campaigns/noon/requests/nobody", stack.url)};
    pthread_t stopper;
    _Atomic bool stopped = false;
    int fds[CONNECTIONS], refused = 0;
    pid_t mariadb = pid_of("mariadb");
    stack_kill(&stack, "redis", "CONT");
    stack_kill(&stack, "mariadb", "CONT");
    stack_start(&stack, "gateway");
    event_wait_metric(stack.admin_url, "onrush_gateway_redis_links_up", 1);
    stack_kill(&stack, "mariadb", "STOP");
    assert_int_equal(pthread_create(&asker.thread, NULL, get, &asker), 0);
    event_wait_metric(stack.admin_url, "onrush_gateway_archive_requests", 1);
    for (size_t i = 0; i < CONNECTIONS; i++)
        fds[i] = raw_connect(stack.url);
    event_wait_metric(stack.admin_url, "onrush_gateway_connections", CONNECTIONS + 1);
    assert_int_equal(pthread_create(&stopper, NULL, stop_gateway, (void *)&stopped), 0);
    for (size_t i = 0; i < CONNECTIONS && !stopped && refused == 0; i++) {
        refused += post(fds[i]) == 503;
        usleep(EVERY_MS * 500);
    }
    kill(mariadb, SIGCONT); /* not through the stack, which the other thread uses now */
    pthread_join(stopper, NULL);
    pthread_join(asker.thread, NULL);
    for (size_t i = 0; i < CONNECTIONS; i++)
        close(fds[i]);
    assert_int_equal(refused, 1);
    assert_int_equal(asker.status, 503);
}

TEST(test_the_stack_stops_clean)
{
    stack_kill(&stack, "redis", "CONT");
    stack_kill(&stack, "mariadb", "CONT");
    event_close(&noon);
    assert_int_equal(stack_finish(&stack), 0);
}

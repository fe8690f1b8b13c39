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

static void up(void)
{
    event_start(&noon, &stack,
                (const char *const[]){"--set", "gateway.workers=1", "--set", "gateway.grace_s=1",
                                      "--set", "gateway.redis.command_timeout_ms=60000", "--set",
                                      "gateway.mariadb.query_timeout_ms=60000", NULL},
                "--quota 100");
}

static void *get_unknown(void *arg)
{
    static struct http_answer a;
    char url[256];
    snprintf(url, sizeof url, "%s/v1/campaigns/unknown/requests/ann", stack.url);
    http_ask(&(struct http_request){.url = url, .timeout_ms = 60000}, &a);
    *(int *)arg = a.status;
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
    static const char body[] = "{\"user_id\":\"bob\"}";
    char request[300];
    bool closed;
    int n = snprintf(request, sizeof request,
                     "POST /v1/campaigns/noon/requests HTTP/1.1\r\nHost: x\r\nContent-Type: "
                     "application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     strlen(body), body);
    raw_send(fd, request, (size_t)n);
    raw_read(fd, text, EVERY_MS, &closed);
    return raw_status(text);
}

TEST(test_requests_after_the_grace)
{
    pthread_t asker, stopper;
    _Atomic bool stopped = false;
    int fds[CONNECTIONS], asked = -1, refused = 0;
    stack_kill(&stack, "mariadb", "STOP");
    assert_int_equal(pthread_create(&asker, NULL, get_unknown, &asked), 0);
    event_wait_metric(stack.admin_url, "onrush_gateway_archive_requests", 1);
    for (size_t i = 0; i < CONNECTIONS; i++)
        fds[i] = raw_connect(stack.url);
    event_wait_metric(stack.admin_url, "onrush_gateway_connections", CONNECTIONS + 1);
    stack_kill(&stack, "redis", "STOP");
    assert_int_equal(pthread_create(&stopper, NULL, stop_gateway, (void *)&stopped), 0);
    for (size_t i = 0; i < CONNECTIONS && !stopped; i++)
        refused += post(fds[i]) == 503;
    pthread_join(stopper, NULL);
    pthread_join(asker, NULL);
    for (size_t i = 0; i < CONNECTIONS; i++)
        close(fds[i]);
    print_message("%d refused at once\n", refused);
    assert_int_equal(asked, 503);
    assert_true(refused > 0);
    char *log = stack_log(&stack, "gateway");
    assert_non_null(strstr(log, "its connections are cut"));
    assert_non_null(strstr(log, "stopped"));
    free(log);
}

static void *get_nobody(void *arg)
{
    static struct http_answer a;
    http_ask(
        &(struct http_request){.url = event_url(&noon, "/requests/nobody"), .timeout_ms = 60000},
        &a);
    *(int *)arg = a.status;
    return NULL;
}

/* pid_of: the pid of a part of the stack; its file has "PID START". */
static pid_t pid_of(const char *part)
{
    char path[256];
    int pid = 0;
    snprintf(path, sizeof path, "%s/pids/%s", stack.dir, part);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    return pid;
}

/* Redis does not know the request. MariaDB, asked for the journal, answers after the grace: the
 * gateway does not ask Redis again, because nobody would wait for it. */
TEST(test_a_late_look)
{
    pthread_t asker, stopper;
    _Atomic bool stopped = false;
    int fds[CONNECTIONS], asked = -1, refused = 0;
    pid_t mariadb = pid_of("mariadb");
    stack_kill(&stack, "redis", "CONT");
    stack_kill(&stack, "mariadb", "CONT");
    stack_start(&stack, "gateway");
    event_wait_metric(stack.admin_url, "onrush_gateway_redis_links_up", 1);
    stack_kill(&stack, "mariadb", "STOP");
    assert_int_equal(pthread_create(&asker, NULL, get_nobody, &asked), 0);
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
    pthread_join(asker, NULL);
    for (size_t i = 0; i < CONNECTIONS; i++)
        close(fds[i]);
    assert_int_equal(refused, 1);
    assert_int_equal(asked, 503);
}

TEST(test_the_stack_stops_clean)
{
    stack_kill(&stack, "redis", "CONT");
    stack_kill(&stack, "mariadb", "CONT");
    event_close(&noon);
    assert_int_equal(stack_finish(&stack), 0);
}

int main(void)
{
    return tests_run(up, NULL);
}

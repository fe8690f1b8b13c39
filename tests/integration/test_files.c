/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway with fewer file descriptors than max_connections needs: it accepts fewer clients, tells
 * the others, and its admin listener still answers. With far too few it does not start, and says
 * why. */
#include "tests/integration/event.h"

#include "tests/support/child.h"
#include "tests/support/file.h"
#include "tests/support/raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES   320 /* 128 and 2 x 72 of them are not for clients */
#define CLIENTS 48
#define CROWD   90

static struct stack stack;
static struct event noon;
static const char *log_file;

/* with_files: runs a program with a hard limit of descriptors. Returns its exit code. */
static int with_files(int files, const char *program, const char *const *arguments)
{
    const char *argv[8] = {"prlimit", textf("--nofile=%d:%d", files, files), program};
    for (size_t i = 0; arguments[i] != NULL; i++)
        argv[3 + i] = arguments[i];
    return child_run(argv, log_file);
}

BEFORE_ALL(up)
{
    log_file = textf("%s/log", tempdir_make());
    event_start(&noon, &stack,
                (const char *const[]){"--set", "gateway.max_connections_per_address=1000000", NULL},
                "--quota 10");
    stack_kill(&stack, "scheduler", "TERM"); /* accepted users stay waiting */
    assert_int_equal(event_post(&noon, "ann", NULL), 202);
    stack_kill(&stack, "gateway", "TERM");
}

TEST(test_far_too_few)
{
    const char *config = textf("%s/gateway.cfg", stack.dir);
    assert_int_equal(
        with_files(200, stack_program("gateway"), (const char *const[]){"--config", config, NULL}),
        69);
    char *said = file_read(log_file);
    if (strstr(said, "too few file descriptors, raise LimitNOFILE (ulimit -Hn)\" have=200 "
                     "least=273") == NULL)
        fail_msg("%s", said);
    free(said);
}

TEST(test_fewer_clients)
{
    int fds[CROWD];
    static char text[RAW_MAX];
    bool closed;
    assert_int_equal(with_files(FILES, getenv("ONRUSH_STACK"),
                                (const char *const[]){"start", stack.dir, "gateway", NULL}),
                     0);
    event_wait_ready(stack.admin_url, 200, "");
    for (int i = 0; i < CROWD; i++) {
        if (i == CLIENTS)
            event_wait_ready(stack.admin_url, 503,
                             "clients are turned away: all 48 connections have a request");
        fds[i] = raw_connect(stack.url);
        event_raw_poll(&noon, fds[i], "ann");
        if (i < CLIENTS)
            continue;
        raw_read(fds[i], text, 10000, &closed);
        assert_int_equal(raw_status(text), 503);
        assert_non_null(strstr(text, "OVERLOADED"));
        assert_non_null(strstr(text, "Retry-After"));
    }
    assert_int_equal(event_metric(stack.admin_url, "onrush_gateway_connections_max"), CLIENTS);
    assert_true(event_metric(stack.admin_url, "process_open_fds") < FILES);
    for (int i = 0; i < CROWD; i++)
        close(fds[i]);
    event_wait_metric(stack.admin_url, "onrush_gateway_waiters", 0); /* at once, not in 30 s */
    event_wait_ready(stack.admin_url, 200, "");
}

/* More silent clients than descriptors: they get no answer and stay connected. */
TEST(test_a_silent_crowd)
{
    int fds[FILES + 80];
    static struct http_answer a;
    const char *url = textf("%s/readyz", stack.admin_url);
    for (size_t i = 0; i < LENGTH(fds); i++)
        fds[i] = raw_connect(stack.url);
    for (int i = 0; i < 20; i++)
        assert_int_equal(http_get(url, &a), 200);
    assert_true(event_metric(stack.admin_url, "process_open_fds") < FILES);
    for (size_t i = 0; i < LENGTH(fds); i++)
        close(fds[i]);
}

EVENT_ENDS(noon)

/* SPDX-License-Identifier: Apache-2.0 */
/* Hanging stores: Redis and MariaDB are stopped (SIGSTOP), and a name server never answers. The
 * event loops continue, and SIGTERM ends a daemon within grace_s + SHUTDOWN_EXIT_MS, although every
 * deadline of MariaDB is a minute here. The tests depend on their order. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "shared/daemon/shutdown_deadline.h"
#include "tests/support/child.h"
#include "tests/support/file.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND      INT64_C(1000000)
#define GRACE_S     1
#define SLOWNESS_US (20 * SECOND) /* allowance for a busy machine, far below the minute */

static const char *const options[] = {
    "--set", "gateway.workers=1",
    "--set", "gateway.grace_s=1",
    "--set", "gateway.mariadb.query_timeout_ms=60000",
    "--set", "gateway.mariadb.connect_timeout_ms=60000",
    "--set", "scheduler.grace_s=1",
    "--set", "scheduler.mariadb.query_timeout_ms=60000",
    "--set", "scheduler.mariadb.connect_timeout_ms=60000",
    NULL,
};

static struct stack stack;
static struct event noon;

BEFORE_ALL(up)
{
    event_start(&noon, &stack, options, "--quota 100 --overflow -1");
}

/* loop_answers: the worker answers requests that need no store, and the admin listener answers. */
static void loop_answers(void)
{
    assert_int_equal(http_get(textf("%s/no-such-route", stack.url), NULL), 404);
    assert_int_equal(http_get(textf("%s/healthz", stack.admin_url), NULL), 200);
    assert_int_equal(http_get(textf("%s/healthz", stack.scheduler_admin_url), NULL), 200);
}

/* end: sends SIGTERM and checks the limit. */
static void end(const char *part)
{
    int64_t began_us = clock_mono_us();
    stack_kill(&stack, part, "TERM");
    int64_t took_us = clock_mono_us() - began_us;
    print_message("%s ended in %.1f s\n", part, (double)took_us / 1e6);
    assert_true(took_us < GRACE_S * SECOND + SHUTDOWN_EXIT_MS * 1000 + SLOWNESS_US);
}

/* --- Redis accepts connections and never answers --- */

TEST(test_redis_hangs)
{
    static struct posting bob;
    assert_int_equal(event_post(&noon, "ann", NULL), 202);
    event_wait(&noon, 20000);
    stack_kill(&stack, "redis", "STOP");
    posting_begin(&bob, &noon, "bob");
    loop_answers();
    int status = posting_end(&bob);
    /* sent and unanswered: unknown; or the link was known dead: journalled */
    assert_true(status == 202 || (status == 503 && strstr(bob.answer.body, "UNKNOWN") != NULL));
    loop_answers(); /* while the link retries */
    stack_kill(&stack, "redis", "CONT");
    wait_for(event_post(&noon, "bob", NULL) < 500);
    event_wait(&noon, 20000);
}

/* --- MariaDB hangs in a query --- */

TEST(test_mariadb_hangs)
{
    stack_kill(&stack, "mariadb", "STOP");
    assert_int_equal(event_post(&noon, "cid", NULL), 202);
    /* claimed, and its batch hangs */
    wait_for(event_metric(stack.scheduler_admin_url, "onrush_scheduler_pool_busy") >= 1);
    loop_answers();
    end("scheduler");
    assert_true(stack_log_says(&stack, "scheduler", 0, "its connections are cut"));
}

/* Both are away: a request waits for MariaDB when the gateway is stopped, and gets an answer. */
TEST(test_gateway_ends_while_mariadb_hangs)
{
    static struct posting dan;
    stack_kill(&stack, "redis", "KILL");
    wait_for(event_metric(stack.admin_url, "onrush_gateway_redis_links_up") == 0);
    posting_begin(&dan, &noon, "dan");
    event_wait_metric(stack.admin_url, "onrush_gateway_in_flight", 1);
    end("gateway");
    assert_int_equal(posting_end(&dan), 503);
    assert_non_null(http_header(&dan.answer, "Retry-After"));
    assert_true(stack_log_says(&stack, "gateway", 0, "its connections are cut"));
}

/* Every user accepted before has a coupon. */
TEST(test_nothing_is_lost)
{
    stack_kill(&stack, "mariadb", "CONT");
    stack_start(&stack, "redis");
    stack_start(&stack, "scheduler");
    stack_start(&stack, "gateway");
    event_reconnect(&noon);
    wait_for(stack_number(&noon.db, "SELECT COUNT(*) FROM coupons WHERE user_id IN "
                                    "('ann', 'bob', 'cid')") >= 3);
    event_ctl(&stack, "audit noon");
}

/* --- a name server that never answers --- */

#define NAME_SERVER "127.66.6.6"

static int silent_name_server(void)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(53)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, NAME_SERVER, &where.sin_addr);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&where, sizeof where) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* start_with_silent_names: starts a gateway that must resolve its Redis through NAME_SERVER. */
static pid_t start_with_silent_names(const char *log)
{
    const char *conf = file_make("resolv.conf", "%s",
                                 "nameserver " NAME_SERVER "\noptions timeout:30 attempts:5\n");
    const char *wrapper =
        file_make("wrapper", "mount --bind %s /etc/resolv.conf && exec \"$@\"\n", conf);
    const char *command = textf("exec unshare -m sh '%s' '%s' --config '%s/gateway.cfg' "
                                "--set redis.socket= --set redis.host=redis.invalid-name.test",
                                wrapper, stack_program("gateway"), stack.dir);
    return child_start((const char *const[]){"sh", "-c", command, NULL}, log);
}

static void wait_ready_with(const char *reason, const char *log)
{
    static struct http_answer a;
    const char *url = textf("%s/readyz", stack.admin_url);
    int64_t since_us = clock_mono_us();
    while (http_get(url, &a) != 200 || strstr(a.body, reason) == NULL) {
        if (waited_enough(since_us)) {
            show_log(log);
            fail_msg("%d %s", a.status, a.body);
        }
        wait_a_moment();
    }
}

/* The gateway runs with its own resolv.conf in a mount namespace. unit_resolver shows the same
 * without root; this test uses the real resolver. */
TEST(test_name_server_is_silent)
{
    static struct http_answer a;
    int fd = geteuid() == 0 ? silent_name_server() : -1;
    if (fd < 0) {
        print_message("not root, or port 53 of " NAME_SERVER " is taken\n");
        skip();
    }
    const char *log = textf("%s/gateway.log", tempdir_make());
    stack_kill(&stack, "gateway", "TERM");
    pid_t pid = start_with_silent_names(log);
    wait_ready_with("the name in redis.host is not resolved in time", log);
    assert_int_equal(event_post(&noon, "eve", &a), 202); /* journalled */
    assert_null(strstr(a.body, "ticket"));
    loop_answers();
    int64_t began_us = clock_mono_us();
    child_end(pid, SIGTERM);
    assert_true(clock_mono_us() - began_us < GRACE_S * SECOND + SHUTDOWN_EXIT_MS * 1000);
    close(fd);
    stack_start(&stack, "gateway");
}

EVENT_ENDS(noon)

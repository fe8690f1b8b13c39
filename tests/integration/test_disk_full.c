/* SPDX-License-Identifier: Apache-2.0 */
/* The disk of Redis, then of MariaDB is full: nothing is accepted that is not durable, and with
 * free space everything recovers on its own. Each server has a small tmpfs in this test's mount
 * namespace, which needs root. The tests depend on their order. */
#include "tests/integration/event.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define POSTS_MAX 4000 /* limit until a full disk is noticed */
#define USERS     20000

/* require_durable is off, because one test uses appendfsync everysec. */
static const char *const options[] = {
    "--set", "gateway.workers=1",
    "--set", "gateway.redis.require_durable=false",
    "--set", "scheduler.redis.require_durable=false",
    NULL,
};

static struct stack stack;
static struct event noon;
static bool can_mount;
static int n_accepted; /* this test's users u-1, u-2 ... that got 202 */
static const char *mounts[4];
static int n_mounts;

/* --- a small disk --- */

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
    char command[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("failed: %s", command);
}

static void unmount_all(void)
{
    while (n_mounts > 0)
        umount2(mounts[--n_mounts], MNT_DETACH);
}

/* make_small: moves the server's directory to a file system with this much free space. */
static void make_small(const char *part, int spare_kib)
{
    const char *dir = mounts[n_mounts] = textf("%s/%s", stack.dir, part);
    stack_kill(&stack, part, "TERM");
    run("mv '%s' '%s.before' && mkdir -m 700 '%s'", dir, dir, dir);
    run("kib=$(du -sk --apparent-size '%s.before' | cut -f1) && mount -t tmpfs -o "
        "mode=700,size=$((kib + %d))k none '%s'",
        dir, spare_kib, dir);
    n_mounts++;
    run("cp -a '%s.before/.' '%s' && rm -r '%s.before'", dir, dir, dir);
    stack_start(&stack, part);
}

static void fill(const char *part)
{
    static char block[4096];
    const char *path = textf("%s/%s/ballast", stack.dir, part);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, block, sizeof block) > 0)
        ;
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

static void make_space(const char *part)
{
    assert_int_equal(unlink(textf("%s/%s/ballast", stack.dir, part)), 0);
}

BEFORE_ALL(up)
{
    can_mount = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
                mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    if (!can_mount) {
        print_message("no mount namespace: %s\n", geteuid() == 0 ? strerror(errno) : "not root");
        return;
    }
    stack_up(&stack, options);
    atexit(unmount_all); /* runs before the stack removes the directory */
    event_make(&noon, &stack, "noon", "--quota 100000 --overflow -1");
}

static bool ready_says(const char *text)
{
    static struct http_answer a;
    http_get(textf("%s/readyz", stack.admin_url), &a);
    return strstr(a.body, text) != NULL;
}

static void wait_ready(const char *text, bool said)
{
    wait_for(ready_says(text) == said);
}

/* post: posts the next user; must get 202 or 503. *ticket: true if queued with a ticket. */
static int post(bool *ticket)
{
    static struct http_answer a;
    int status = event_post(&noon, textf("u-%d", n_accepted + 1), &a);
    if (status == 503)
        assert_non_null(http_header(&a, "Retry-After"));
    else if (status != 202)
        fail_msg("%d %s", status, a.body);
    n_accepted += status == 202;
    *ticket = strstr(a.body, "\"ticket\"") != NULL;
    return status;
}

static void check_everybody_has_one(int more)
{
    wait_for(stack_number(&noon.db, "SELECT COUNT(*) FROM coupons") >= n_accepted + more);
    event_ctl(&stack, "audit noon");
}

/* --- Redis --- */

TEST(test_redis_always)
{
    bool ticket = true;
    if (!can_mount)
        skip();
    make_small("redis", 32 << 10);
    wait_ready("redis", false);
    fill("redis");
    for (int i = 0; i < POSTS_MAX && ticket; i++)
        post(&ticket); /* what fits into the last page is durable */
    assert_false(ticket);
    wait_ready("redis cannot be reached", true); /* with "always" it ends itself */
    assert_int_equal(post(&ticket), 202);
    assert_false(ticket);
    make_space("redis");
    stack_start(&stack, "redis");
    wait_ready("redis", false);
    assert_int_equal(post(&ticket), 202);
    assert_true(ticket);
    check_everybody_has_one(0);
}

TEST(test_redis_everysec)
{
    bool ticket = true;
    if (!can_mount)
        skip();
    event_reconnect(&noon);
    freeReplyObject(redisCommand(noon.redis, "CONFIG SET appendfsync everysec"));
    fill("redis");
    for (int i = 0; i < POSTS_MAX && ticket; i++)
        post(&ticket);
    assert_false(ticket);
    wait_ready("redis cannot save to its disk", true);
    assert_int_equal(post(&ticket), 202);
    assert_false(ticket);
    make_space("redis"); /* no other step is needed */
    wait_ready("redis", false);
    assert_int_equal(post(&ticket), 202);
    assert_true(ticket);
    freeReplyObject(redisCommand(noon.redis, "CONFIG SET appendfsync always"));
    check_everybody_has_one(0);
}

/* --- MariaDB --- */

static long jobs(const char *outcome)
{
    return event_metric(stack.scheduler_admin_url,
                        textf("onrush_scheduler_jobs_total{outcome=\"%s\"}", outcome));
}

/* Accepted requests wait in Redis; with both stores away the answer is 503. */
TEST(test_mariadb)
{
    bool ticket;
    int status = 202;
    if (!can_mount)
        skip();
    make_small("mariadb", (12 + 64) << 10); /* its temporary tablespace has 12 MiB */
    db_close(&noon.db);
    stack_db(&stack, &noon.db);
    fill("mariadb");
    event_ctl(&stack,
              "burst noon --no-progress --concurrency 100 --first-user 1000001 --users "
              "%d --requests %d",
              USERS, USERS);
    wait_for(jobs("busy") + jobs("unknown") > 0);
    assert_int_equal(post(&ticket), 202);
    assert_true(ticket);
    stack_kill(&stack, "redis", "KILL");
    for (int i = 0; i < POSTS_MAX && status != 503; i++)
        status = post(&ticket);
    assert_int_equal(status, 503);
    make_space("mariadb");
    stack_start(&stack, "redis");
    wait_ready("redis", false);
    check_everybody_has_one(USERS);
}

TEST(test_the_stack_stops_clean)
{
    if (!can_mount)
        skip();
    event_close(&noon);
    assert_int_equal(stack_finish(&stack), 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/private_redis.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define START_MS  20000
#define ARGUMENTS 32

static bool answers_ping(const char *path)
{
    redisContext *c = redisConnectUnix(path);
    redisReply *reply = c != NULL && c->err == 0 ? redisCommand(c, "PING") : NULL;
    bool ok = reply != NULL && reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    if (c != NULL)
        redisFree(c);
    return ok;
}

static void wait_until_up(struct private_redis *redis, const char *log)
{
    int64_t deadline_us = clock_mono_us() + START_MS * 1000;
    while (!answers_ping(redis->config.socket)) {
        if (!child_running(redis->pid)) {
            show_log(log);
            test_fail_start("redis-server ended");
        }
        if (clock_mono_us() > deadline_us)
            test_fail_start("redis-server does not answer after %d ms", START_MS);
        wait_a_moment();
    }
}

void private_redis_restart(struct private_redis *redis)
{
    static const char *const in_memory[] = {"--appendonly", "no", NULL};
    const char *argv[ARGUMENTS] = {
        "redis-server", "--port", "0", "--unixsocket", redis->config.socket, "--dir",
        redis->dir,     "--save", ""};
    size_t n = 9;
    const char *const *options = redis->options != NULL ? redis->options : in_memory;
    for (; *options != NULL && n < ARGUMENTS - 1; options++)
        argv[n++] = *options;
    const char *log = textf("%s/redis.log", redis->dir);
    redis->pid = child_start(argv, log);
    wait_until_up(redis, log);
}

void private_redis_start(struct private_redis *redis, const char *const *options)
{
    *redis = (struct private_redis){
        .dir = tempdir_make(),
        .options = options,
        .config = {.port = 6379, .connect_timeout_ms = 1000, .command_timeout_ms = 10000},
    };
    snprintf(redis->config.socket, sizeof redis->config.socket, "%s/redis.sock", redis->dir);
    private_redis_restart(redis);
}

void private_redis_stop(struct private_redis *redis)
{
    child_end(redis->pid, SIGKILL);
    redis->pid = 0;
}

redisContext *private_redis_open(struct private_redis *redis)
{
    redisContext *c;
    char error[REDIS_ERROR_SIZE];
    if (redis_open(&c, &redis->config, error) < 0)
        test_fail_start("redis: %s", error);
    return c;
}

int64_t redis_says(redisContext *redis, const char *line, ...)
{
    va_list args;
    va_start(args, line);
    redisReply *r = redisvCommand(redis, line, args);
    va_end(args);
    if (r == NULL || r->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", line, r != NULL ? r->str : redis->errstr);
    int64_t n = r->integer;
    freeReplyObject(r);
    return n;
}

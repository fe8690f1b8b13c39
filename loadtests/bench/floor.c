/* SPDX-License-Identifier: Apache-2.0 */
/* floor: the least that Redis must do. It sends the plain commands behind onrush_enqueue for n new
 * users in batches, without checks, Lua and tickets: HMGET of their decisions, ZMSCORE to see that
 * they do not wait, ZADD to the queue. Like a gateway it sends one batch at a time. It uses keys of
 * its own and removes them. */
#include "loadtests/bench/bench.h"

#include "shared/base/clock.h"

#include <inttypes.h>
#include <stdio.h>

#define BATCH_MAX 1000
#define TEXT_MAX  24

static const char queue[] = "onrush:{bench-floor}:queue", users[] = "onrush:{bench-floor}:users";

struct words {
    const char *argv[2 + 2 * BATCH_MAX];
    int argc;
};

static void add(struct words *w, const char *word)
{
    w->argv[w->argc++] = word;
}

/* send: sends a batch as three commands in one write and reads the replies. Returns BENCH_OK,
 * or BENCH_FAILED after printing why. */
static int send(redisContext *redis, int64_t first, int64_t n)
{
    static char names[BATCH_MAX][TEXT_MAX], tickets[BATCH_MAX][TEXT_MAX];
    struct words get = {{"HMGET", users}, 2}, look = {{"ZMSCORE", queue}, 2},
                 line = {{"ZADD", queue}, 2};
    for (int64_t i = 0; i < n; i++) {
        snprintf(names[i], TEXT_MAX, "u-%016" PRIx64, (uint64_t)(first + i) * 0x9e3779b97f4a7c15u);
        snprintf(tickets[i], TEXT_MAX, "%" PRId64, 1700000000000000 + first + i);
        add(&get, names[i]);
        add(&look, names[i]);
        add(&line, tickets[i]);
        add(&line, names[i]);
    }
    redisAppendCommandArgv(redis, get.argc, get.argv, NULL);
    redisAppendCommandArgv(redis, look.argc, look.argv, NULL);
    redisAppendCommandArgv(redis, line.argc, line.argv, NULL);
    int r = 0;
    for (int i = 0; i < 3 && r == 0; i++) {
        redisReply *reply = NULL;
        redisGetReply(redis, (void **)&reply);
        if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
            r = bench_fail("redis", reply != NULL ? reply->str : redis->errstr);
        freeReplyObject(reply);
    }
    return r;
}

int bench_floor(const struct bench_args *args)
{
    int64_t n = bench_number(args, "n", -1), batch = bench_number(args, "batch", 100);
    if (batch < 1 || batch > BATCH_MAX) {
        bench_fail("batch", "1 to 1000");
        return BENCH_USAGE;
    }
    redisContext *redis = bench_redis(args);
    int64_t started_us = clock_mono_us();
    int r = redis != NULL ? BENCH_OK : BENCH_FAILED;
    for (int64_t done = 0; r == BENCH_OK && done < n; done += batch)
        r = send(redis, done, n - done < batch ? n - done : batch);
    int64_t us = clock_mono_us() - started_us;
    if (redis != NULL)
        freeReplyObject(redisCommand(redis, "UNLINK %s %s", queue, users));
    redisFree(redis);
    if (r != BENCH_OK)
        return r;
    printf("{\"requests\":%" PRId64 ",\"us\":%" PRId64 ",\"batch\":%" PRId64 "}\n", n, us, batch);
    return BENCH_OK;
}

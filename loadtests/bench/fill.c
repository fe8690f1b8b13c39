/* SPDX-License-Identifier: Apache-2.0 */
/* fill: puts n waiting users into a queue, with the function that the gateway calls. */
#include "loadtests/bench/bench.h"

#include "shared/base/clock.h"

#include <inttypes.h>
#include <stdio.h>

#define USERS_A_CALL 1000

/* all_new: true if every part of the reply says "newly queued". */
static bool all_new(const redisReply *reply)
{
    bool all = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;
    for (size_t i = 0; all && i < reply->elements; i++)
        all = reply->element[i]->str != NULL && reply->element[i]->str[0] == 'n';
    return all;
}

/* call: enqueues the users first .. first + n - 1. Returns 0; on failure prints the reason and
 * returns -1. */
static int call(redisContext *redis, const struct bench_keys *keys, int64_t first, int64_t n)
{
    static char names[USERS_A_CALL][24];
    const char *argv[6 + USERS_A_CALL] = {"FCALL",    "onrush_enqueue", "3",
                                          keys->meta, keys->queue,      keys->users};
    for (int64_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "u-%016" PRIx64, first + i);
        argv[6 + i] = names[i];
    }
    redisReply *reply = redisCommandArgv(redis, (int)(6 + n), argv, NULL);
    int r = -1;
    if (reply == NULL)
        bench_fail("redis", redis->errstr);
    else if (!all_new(reply))
        bench_fail("onrush_enqueue", reply->str != NULL ? reply->str : "not all were new");
    else
        r = 0;
    if (reply != NULL)
        freeReplyObject(reply);
    return r;
}

int bench_fill(const struct bench_args *args)
{
    struct bench_keys keys;
    int64_t first = bench_number(args, "first", 1), n = bench_number(args, "n", -1);
    bench_keys(&keys, bench_text(args, "campaign", NULL));
    redisContext *redis = bench_redis(args);
    int64_t started_us = clock_mono_us();
    int r = redis != NULL ? 0 : -1;
    for (int64_t done = 0; r == 0 && done < n; done += USERS_A_CALL)
        r = call(redis, &keys, first + done, n - done < USERS_A_CALL ? n - done : USERS_A_CALL);
    if (redis != NULL)
        redisFree(redis);
    if (r < 0)
        return BENCH_FAILED;
    printf("{\"users\":%" PRId64 ",\"us\":%" PRId64 "}\n", n, clock_mono_us() - started_us);
    return BENCH_OK;
}

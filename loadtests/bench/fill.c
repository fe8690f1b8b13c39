/* SPDX-License-Identifier: Apache-2.0 */
/* fill: puts n waiting users into a queue, with the function that the gateway calls. */
#include "loadtests/bench/bench.h"

#include "shared/base/clock.h"
#include "shared/store/protocol.h"

#include <inttypes.h>
#include <stdio.h>

#define USERS_A_CALL 1000
#define HEAD         (3 + CAMPAIGN_KEYS) /* words before the users */

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
static int call(redisContext *redis, const struct campaign_keys *keys, int64_t first, int64_t n)
{
    static char names[USERS_A_CALL][24];
    const char *argv[HEAD + USERS_A_CALL] = {"FCALL",
                                             "onrush_enqueue",
                                             CAMPAIGN_KEYS_TEXT,
                                             keys->text[KEY_META],
                                             keys->text[KEY_QUEUE],
                                             keys->text[KEY_USERS]};
    for (int64_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "u-%016" PRIx64, first + i);
        argv[HEAD + i] = names[i];
    }
    redisReply *reply = redisCommandArgv(redis, (int)(HEAD + n), argv, NULL);
    int r = -1;
    if (reply == NULL)
        bench_fail("redis", redis->errstr);
    else if (!all_new(reply))
        bench_fail("onrush_enqueue", reply->str != NULL ? reply->str : "not all were new");
    else
        r = 0;
    freeReplyObject(reply);
    return r;
}

int bench_fill(const struct bench_args *args)
{
    struct campaign_keys keys;
    int64_t first = bench_number(args, "first", 1), n = bench_number(args, "n", -1);
    campaign_keys_make(&keys, bench_text(args, "campaign", NULL));
    redisContext *redis = bench_redis(args);
    int64_t started_us = clock_mono_us();
    int r = redis != NULL ? 0 : -1;
    for (int64_t done = 0; r == 0 && done < n; done += USERS_A_CALL)
        r = call(redis, &keys, first + done, n - done < USERS_A_CALL ? n - done : USERS_A_CALL);
    redisFree(redis);
    if (r < 0)
        return BENCH_FAILED;
    printf("{\"users\":%" PRId64 ",\"us\":%" PRId64 "}\n", n, clock_mono_us() - started_us);
    return BENCH_OK;
}

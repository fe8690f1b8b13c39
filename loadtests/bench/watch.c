/* SPDX-License-Identifier: Apache-2.0 */
/* watch: polls MariaDB and Redis from outside every half millisecond, and records when it first saw
 *
 *   claimed    a scheduler took the first of the queue
 *   committed  campaigns.granted reached n: another connection sees it only after COMMIT
 *   settled    the counter `granted` in Redis reached n
 *
 * Times are µs since the epoch, taken after the answer: late by at most one answer, never early.
 * granted_at in `coupons` is the time of the INSERT, so it would be early. */
#include "loadtests/bench/bench.h"

#include "shared/base/clock.h"
#include "shared/store/protocol.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PAUSE_NS 500000

struct sight {
    struct db db;
    redisContext *redis;
    struct campaign_keys keys;
    const char *campaign;
    int64_t n;
    int64_t claimed_us, committed_us, settled_us; /* 0: not seen yet */
};

/* ask_redis: returns a field of the campaign's head, or -1 without an answer. */
static int64_t ask_redis(struct sight *s, const char *field)
{
    redisReply *reply = redisCommand(s->redis, "HGET %s %s", s->keys.text[KEY_META], field);
    if (reply == NULL)
        return -1;
    int64_t value = reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10) : 0;
    freeReplyObject(reply);
    return value;
}

/* ask_db: returns the committed campaigns.granted, or -1 without an answer. */
static int64_t ask_db(struct sight *s)
{
    int64_t granted;
    enum db_outcome outcome =
        db_number(&s->db, &granted, "SELECT granted FROM campaigns WHERE name = %s", s->campaign);
    return outcome == DB_OK ? granted : -1;
}

static bool note(int64_t *when_us, int64_t value, int64_t wanted)
{
    if (value < 0)
        return false;
    if (*when_us == 0 && value >= wanted)
        *when_us = clock_wall_us();
    return true;
}

/* look: polls what was not seen yet. Returns false if a store does not answer. */
static bool look(struct sight *s)
{
    if (s->claimed_us == 0 && !note(&s->claimed_us, ask_redis(s, "claimed_to"), 1))
        return false;
    if (s->committed_us == 0 && !note(&s->committed_us, ask_db(s), s->n))
        return false;
    return note(&s->settled_us, ask_redis(s, "granted"), s->n);
}

static int watch(struct sight *s, int64_t timeout_us)
{
    int64_t until_us = clock_mono_us() + timeout_us;
    while (s->settled_us == 0 || s->committed_us == 0) {
        if (!look(s))
            return bench_fail("watch", s->redis->err != 0 ? s->redis->errstr : s->db.error);
        if (clock_mono_us() > until_us)
            return bench_fail("watch", "not settled in time");
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
    printf("{\"claimed_us\":%" PRId64 ",\"committed_us\":%" PRId64 ",\"settled_us\":%" PRId64 "}\n",
           s->claimed_us, s->committed_us, s->settled_us);
    return BENCH_OK;
}

int bench_watch(const struct bench_args *args)
{
    struct sight s = {.n = bench_number(args, "n", -1),
                      .campaign = bench_text(args, "campaign", NULL)};
    int64_t timeout_us = bench_number(args, "timeout-s", 60) * 1000000;
    campaign_keys_make(&s.keys, s.campaign);
    if (bench_db(args, &s.db) != DB_OK)
        return bench_fail("mariadb", s.db.error);
    s.redis = bench_redis(args);
    int r = s.redis != NULL ? watch(&s, timeout_us) : BENCH_FAILED;
    redisFree(s.redis);
    db_close(&s.db);
    return r;
}

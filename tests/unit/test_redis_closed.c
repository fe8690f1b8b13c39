/* SPDX-License-Identifier: Apache-2.0 */
/* shared/store/redis_link: a redis-server that answers but refuses writes or has lost the
 * functions. */
#include "tests/support/test.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/store/redis_link.h"
#include "tests/support/private_redis.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATIENCE_US 20000000

static struct event_base *base;
static struct private_redis redis;
static redisContext *admin;
static struct redis_link *link_;
static int ups, downs;
static char answer[128]; /* the last answer; "": none, or unknown */
static int answers;

static void on_state(void *arg, bool up)
{
    (void)arg;
    *(up ? &ups : &downs) += 1;
}

static void on_answer(void *arg, const redisReply *r)
{
    (void)arg;
    answers++;
    snprintf(answer, sizeof answer, "%s", r == NULL || r->type == REDIS_REPLY_ARRAY ? "" : r->str);
}

/* turn: runs the loop for at most 10 ms; gives up after a long time. */
static void turn(int64_t began_us)
{
    struct timeval tv = {.tv_usec = 10000};
    event_base_loopexit(base, &tv);
    event_base_dispatch(base);
    assert_true(clock_mono_us() - began_us < PATIENCE_US);
}

static void wait_for_state(enum redis_link_state state, const char *reason)
{
    for (int64_t began_us = clock_mono_us();
         redis_link_state(link_) != state || strcmp(redis_link_reason(link_), reason) != 0;)
        turn(began_us);
}

/* enqueue: returns Redis' reply to a call sent now. */
static const char *enqueue(void)
{
    struct campaign_keys keys;
    const char *user = "ann";
    int before = answers;
    campaign_keys_make(&keys, "noon");
    assert_int_equal(
        redis_link_call(link_, "onrush_enqueue", &keys, 1, &user, (size_t[]){3}, on_answer, NULL),
        0);
    for (int64_t began_us = clock_mono_us(); answers == before;)
        turn(began_us);
    return answer;
}

static void set_up(void)
{
    static const char *const durable[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};
    ups = downs = answers = 0;
    base = event_base_new();
    private_redis_start(&redis, durable);
    redis.config.require_durable = true;
    admin = redisConnectUnix(redis.config.socket);
    assert_int_equal(redis_link_new(&link_, base, &redis.config, on_state, NULL), 0);
    wait_for_state(LINK_UP, "");
}

static void tear_down(void)
{
    redis_link_free(link_);
    redisFree(admin);
    private_redis_stop(&redis);
    event_base_free(base);
}

/* Ways to make Redis refuse writes and accept them again. */
static const struct {
    const char *error, *close, *open, *reason;
} causes[] = {
    {"READONLY", "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE",
     "redis is a read-only replica: point redis.host at the primary, or promote it"},
    {"OOM", "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0",
     "redis has reached its maxmemory and takes no writes: raise maxmemory"},
    {"NOREPLICAS", "CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0",
     "redis has too few replicas (min-replicas-to-write) and takes no writes"},
};

#define CLOSED_TEST(name) TEST_WITH(name, set_up, tear_down)

/* A refused caller gets the refusal, never NULL, so it knows that nothing was done. From then on
 * the link is down for everybody. */
CLOSED_TEST(test_refused_call)
{
    for (size_t i = 0; i < LENGTH(causes); i++) {
        redis_says(admin, causes[i].close);
        if (redis_link_state(link_) == LINK_UP)
            assert_memory_equal(enqueue(), causes[i].error, strlen(causes[i].error));
        assert_int_not_equal(redis_link_state(link_), LINK_UP);
        assert_string_equal(redis_link_reason(link_), causes[i].reason);
        wait_for_state(LINK_DOWN, causes[i].reason); /* retried, and still refused */
        assert_int_equal(downs, (int)i + 1);
        redis_says(admin, causes[i].open);
        wait_for_state(LINK_UP, "");
        assert_int_equal(ups, (int)i + 2);
    }
}

/* Without any calls, the probe detects the refusal, and the link stays down. */
CLOSED_TEST(test_idle)
{
    for (size_t i = 0; i < LENGTH(causes); i++) {
        redis_says(admin, causes[i].close);
        wait_for_state(LINK_DOWN, causes[i].reason);
        redis_says(admin, causes[i].open);
        wait_for_state(LINK_UP, "");
    }
    assert_int_equal(answers, 0);
}

/* A failed save, as on a full disk: stop-writes-on-bgsave-error is Redis' default. */
CLOSED_TEST(test_cannot_save)
{
    assert_int_equal(mkdir(textf("%s/dump.rdb", redis.dir), 0700),
                     0); /* Redis cannot rename a file to a directory */
    redis_says(admin, "CONFIG SET save %s", "1 1");
    redis_says(admin, "SET something new");
    wait_for_state(
        LINK_DOWN,
        "redis cannot save to its disk and takes no writes: free space, and see its log");
    redis_says(admin, "CONFIG SET save %s", "");
    wait_for_state(LINK_UP, "");
}

/* The functions are reloaded on the same connection: the next call finds them. */
CLOSED_TEST(test_functions_flushed)
{
    redis_says(admin, "FUNCTION FLUSH");
    assert_string_equal(enqueue(), "ERR Function not found");
    assert_int_equal(redis_link_state(link_), LINK_UP);
    assert_memory_equal(enqueue(), "NOCAMPAIGN", 10);
    assert_int_equal(ups, 1);
    assert_int_equal(downs, 0);
    redis_says(admin, "FUNCTION FLUSH"); /* right away again: reloading does not help */
    assert_string_equal(enqueue(), "ERR Function not found");
    assert_int_not_equal(redis_link_state(link_), LINK_UP);
    wait_for_state(LINK_UP, "");
    assert_int_equal(downs, 1);
}

static void load_fake(int version)
{
    redis_says(admin, "FUNCTION LOAD REPLACE %s",
               textf("#!lua name=onrush\n"
                     "redis.register_function('onrush_probe', function() return %d end)\n"
                     "redis.register_function('onrush_enqueue', function() return 'v%d' end)",
                     version, version));
}

CLOSED_TEST(test_older_and_newer_functions)
{
    load_fake(redis_functions_version() - 1);
    for (int64_t began_us = clock_mono_us(); strncmp(enqueue(), "NOCAMPAIGN", 10) != 0;)
        turn(began_us);
    load_fake(redis_functions_version() + 1);
    for (int64_t began_us = clock_mono_us(); clock_mono_us() - began_us < 2500000;)
        turn(began_us); /* two probes */
    assert_int_equal(enqueue()[0], 'v');
    assert_int_equal(ups, 1);
    assert_int_equal(downs, 0);
}

/* If an ACL denies optional commands, the link stays up; if it denies required ones, the link
 * closes. */
CLOSED_TEST(test_denied)
{
    const char *words[] = {"HSET", "onrush:{noon}:traces", "ann", "x"};
    const size_t lengths[] = {4, 20, 3, 1};
    int before = answers;
    redis_says(admin, "ACL SETUSER default resetkeys ~*:meta ~*:queue ~*:users");
    assert_int_equal(redis_link_aside(link_, 4, words, lengths, on_answer, NULL), 0);
    for (int64_t began_us = clock_mono_us(); answers == before;)
        turn(began_us);
    assert_int_equal(strncmp(answer, "NOPERM", 6), 0);
    assert_int_equal(strncmp(enqueue(), "NOCAMPAIGN", 10), 0);
    assert_int_equal(downs, 0);
    assert_int_equal(redis_link_command(link_, 4, words, lengths, on_answer, NULL), 0);
    for (int64_t began_us = clock_mono_us(); downs == 0;)
        turn(began_us);
}

/* Without the password, the error names the password and not the size of the library. */
CLOSED_TEST(test_open_without_password)
{
    char error[REDIS_ERROR_SIZE];
    redisContext *c;
    redis_says(admin, "FUNCTION FLUSH");
    redis_says(admin, "CONFIG SET requirepass secret");
    assert_int_not_equal(redis_open(&c, &redis.config, error), 0);
    assert_string_equal(error, "redis wants a password, or denies this user the functions");
}

BEFORE_ALL(prepare)
{
    signal(SIGPIPE, SIG_IGN);
    log_configure(LOG_LEVEL_ERROR, LOG_LOGFMT, LOG_PRIORITIES_AUTO);
}

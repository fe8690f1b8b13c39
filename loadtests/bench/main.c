/* SPDX-License-Identifier: Apache-2.0 */
#include "loadtests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const struct {
    const char *name;
    int (*run)(const struct bench_args *args);
    const char *help;
} verbs[] = {
    {"crowd", bench_crowd,
     "port= n= kind=served|waiting|leaving|silent|flooding|dribbling [path=/] [from=127.0.0.1] "
     "[first=1] [spread-s=0]: n connections, until SIGTERM"},
    {"fill", bench_fill, "redis= campaign= n= [first=1]: puts n users into a queue, 1,000 a call"},
    {"floor", bench_floor,
     "redis= n= [batch=100]: the plain commands that enqueue comes down to, for n users"},
    {"insert", bench_insert,
     "db-socket= db-name= db-user= db-password-file= campaign= n= pool= batch=: bare bulk inserts"},
    {"open", bench_open,
     "port=PORT[,PORT]... path= rate= seconds= [connections=256] [campaigns=1] [from=127.0.0.1] "
     "[fresh=0] [get=0]: POSTs of new users (or GETs), each at its own time"},
    {"spin", bench_spin, "threads= millions=: a fixed piece of work on each thread"},
    {"watch", bench_watch,
     "redis= db-...= campaign= n= timeout-s=: when were n grants claimed, committed, settled?"},
};

static const char *find(const struct bench_args *args, const char *name)
{
    size_t len = strlen(name);
    for (int i = 0; i < args->argc; i++) {
        if (strncmp(args->argv[i], name, len) == 0 && args->argv[i][len] == '=')
            return args->argv[i] + len + 1;
    }
    return NULL;
}

static void usage(const char *what)
{
    fprintf(stderr, "onrush-bench: %s\n", what);
    exit(BENCH_USAGE);
}

const char *bench_text(const struct bench_args *args, const char *name, const char *fallback)
{
    char what[64];
    const char *value = find(args, name);
    if (value != NULL || fallback != NULL)
        return value != NULL ? value : fallback;
    snprintf(what, sizeof what, "%s= is missing", name);
    usage(what);
    return NULL;
}

int64_t bench_number(const struct bench_args *args, const char *name, int64_t fallback)
{
    char what[64], *end;
    const char *value = bench_text(args, name, fallback < 0 ? NULL : "");
    if (*value == '\0')
        return fallback;
    long long n = strtoll(value, &end, 10);
    if (*end == '\0' && n >= 0)
        return n;
    snprintf(what, sizeof what, "%s= wants a whole number", name);
    usage(what);
    return 0;
}

int bench_fail(const char *what, const char *why)
{
    fprintf(stderr, "onrush-bench: %s: %s\n", what, why);
    return BENCH_FAILED;
}

enum db_outcome bench_db(const struct bench_args *args, struct db *db)
{
    struct db_config config = {.connect_timeout_ms = 3000, .query_timeout_ms = 60000};
    snprintf(config.socket, sizeof config.socket, "%s", bench_text(args, "db-socket", NULL));
    snprintf(config.database, sizeof config.database, "%s", bench_text(args, "db-name", NULL));
    snprintf(config.user, sizeof config.user, "%s", bench_text(args, "db-user", NULL));
    snprintf(config.password_file, sizeof config.password_file, "%s",
             bench_text(args, "db-password-file", NULL));
    return db_open(db, &config);
}

redisContext *bench_redis(const struct bench_args *args)
{
    redisContext *redis =
        redisConnectUnixWithTimeout(bench_text(args, "redis", NULL), (struct timeval){.tv_sec = 3});
    if (redis != NULL && redis->err == 0 &&
        redisSetTimeout(redis, (struct timeval){.tv_sec = 10}) == REDIS_OK)
        return redis;
    bench_fail("redis", redis != NULL ? redis->errstr : "out of memory");
    redisFree(redis);
    return NULL;
}

/* open_files: raises the limit of descriptors for thousands of connections. */
static void open_files(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    struct bench_args args = {argc - 2, argv + 2};
    open_files();
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(&args);
    }
    fprintf(stderr, "onrush-bench VERB NAME=VALUE...\n");
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        fprintf(stderr, "  %-7s %s\n", verbs[i].name, verbs[i].help);
    return argc > 1 && strcmp(argv[1], "--help") == 0 ? BENCH_OK : BENCH_USAGE;
}

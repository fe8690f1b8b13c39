/* SPDX-License-Identifier: Apache-2.0 */
/* A redis-server for one test, on a unix socket in a temporary directory, without TCP. It dies with
 * the test program. A failure to start it ends the program with a message. */
#ifndef ONRUSH_TESTS_PRIVATE_REDIS_H
#define ONRUSH_TESTS_PRIVATE_REDIS_H

#include "shared/store/redis.h"

#include <sys/types.h>

struct private_redis {
    pid_t pid;
    const char *dir;
    struct redis_config config; /* how to connect */
    const char *const *options;
};

/* private_redis_start: returns when the server answers PING. `options` are further arguments of
 * redis-server, NULL-terminated ("--appendonly", "yes", NULL); they must live as long as the
 * server. NULL means no options, and then nothing is written to disk. */
void private_redis_start(struct private_redis *redis, const char *const *options);

/* private_redis_stop: kill -9. */
void private_redis_stop(struct private_redis *redis);

/* private_redis_restart: after private_redis_stop(), starts a server with the same directory. */
void private_redis_restart(struct private_redis *redis);

/* private_redis_open: opens a connection and loads the functions; the caller frees it. */
redisContext *private_redis_open(struct private_redis *redis);

/* redis_says: sends a command; fails the test if Redis answers with an error. Returns the answer if
 * it is an integer, otherwise 0. */
int64_t redis_says(redisContext *redis, const char *line, ...);

#endif

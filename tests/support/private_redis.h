/* SPDX-License-Identifier: Apache-2.0 */
/* A redis-server of the test's own: on a unix socket in a temporary directory, no TCP. It dies with
 * the test program. Every failure to start it ends the program with a message. */
#ifndef ONRUSH_TESTS_PRIVATE_REDIS_H
#define ONRUSH_TESTS_PRIVATE_REDIS_H

#include "shared/store/redis.h"

#include <sys/types.h>

struct private_redis {
    pid_t pid;
    const char *dir;
    struct redis_config config; /* reaches it */
    const char *const *options;
};

/* private_redis_start: `options` are further arguments of redis-server, ended by NULL
 * ("--appendonly", "yes", "--appendfsync", "always", NULL); NULL: nothing is written to disk. They
 * must live as long as the server. Returns when it answers PING. */
void private_redis_start(struct private_redis *redis, const char *const *options);

/* private_redis_stop: kill -9. */
void private_redis_stop(struct private_redis *redis);

/* private_redis_restart: starts it again after private_redis_stop(), with the same directory. */
void private_redis_restart(struct private_redis *redis);

/* private_redis_open: a connection with the functions loaded; the caller frees it. */
redisContext *private_redis_open(struct private_redis *redis);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A whole Onrush for integration tests, run by ops/stack: Redis, MariaDB, both daemons.
 *
 * The stack ends with the test program, however that ends: a guard process of its own waits until
 * the test is gone, then takes the stack down. $ONRUSH_STACK is the script, $ONRUSH_BUILD the build
 * directory; ctest sets both. Not thread safe. Whatever cannot be started ends the program with a
 * message. */
#ifndef ONRUSH_TESTS_STACK_H
#define ONRUSH_TESTS_STACK_H

#include "shared/store/db.h"
#include "shared/store/redis.h"

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct stack {
    const char *dir;
    char url[128];       /* of the gateway, without a slash at its end */
    char admin_url[128]; /* of its admin listener */
    char scheduler_admin_url[128];
    char ctl[512]; /* a command line */
    struct redis_config redis;
    struct db_config db;
};

/* stack_up: `options` of `ops/stack up`, ended by NULL; NULL: none. */
void stack_up(struct stack *stack, const char *const *options);

/* stack_kill: sends a signal ("TERM", "STOP"); returns when the part has ended, if the signal ends
 * it. stack_start: returns when it is ready. */
void stack_kill(struct stack *stack, const char *part, const char *signal);
void stack_start(struct stack *stack, const char *part);

/* stack_finish: stops everything in order. -1 when a daemon's log tells of a failed assertion or of
 * something that a sanitizer found. The directory stays until the program ends. */
int stack_finish(struct stack *stack);

/* stack_try: `ops/stack COMMAND DIR ARGUMENT...`; its exit code. */
int stack_try(struct stack *stack, const char *command, const char *const *arguments);

/* stack_log: what a part has written so far; the caller frees it. */
char *stack_log(struct stack *stack, const char *part);

/* stack_log_wait: until the part's log holds `text` behind the first `from` bytes; false after ten
 * seconds. */
bool stack_log_wait(struct stack *stack, const char *part, size_t from, const char *text);

/* stack_ctl: runs onrushctl with these arguments; its exit code. What it prints goes into *out
 * (unless `out` is NULL; the caller frees it). */
int stack_ctl(struct stack *stack, char **out, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* stack_ctl_json: the same with --json, read; NULL when it printed no JSON. */
json_t *stack_ctl_json(struct stack *stack, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* stack_redis, stack_db: connections; the caller closes them. */
redisContext *stack_redis(struct stack *stack);
void stack_db(struct stack *stack, struct db *db);

/* stack_head: the head of a campaign in Redis; false when there is none. */
bool stack_head(redisContext *redis, const char *campaign, struct campaign_head *head);

/* stack_ticket: the ticket of a user whom Redis knows; 0: it does not. */
uint64_t stack_ticket(redisContext *redis, const char *campaign, const char *user);

/* stack_number: the one number that a query gives. */
int64_t stack_number(struct db *db, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

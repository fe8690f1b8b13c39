/* SPDX-License-Identifier: Apache-2.0 */
/* A complete Onrush for integration tests, run by ops/stack: Redis, MariaDB, both daemons.
 *
 * A guard process takes the stack down when the test program ends, however it ends. ctest sets
 * $ONRUSH_STACK (the script) and $ONRUSH_BUILD (the build directory). Not thread safe. A failure to
 * start ends the program with a message. */
#ifndef ONRUSH_TESTS_STACK_H
#define ONRUSH_TESTS_STACK_H

#include "shared/store/db.h"
#include "shared/store/redis.h"

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct stack {
    const char *dir;
    char url[128];       /* of the gateway, without a trailing slash */
    char admin_url[128]; /* of its admin listener */
    char scheduler_admin_url[128];
    char ctl[512]; /* command line of onrushctl */
    struct redis_config redis;
    struct db_config db;
};

/* stack_up: starts a stack. `options` are options of `ops/stack up`, NULL-terminated; NULL: none.
 * */
void stack_up(struct stack *stack, const char *const *options);

/* stack_kill: sends a signal ("TERM", "STOP"); if the signal ends the part, waits for its end.
 * stack_start: returns when the part is ready. */
void stack_kill(struct stack *stack, const char *part, const char *signal);
void stack_start(struct stack *stack, const char *part);

/* stack_finish: stops everything in order. Returns -1 if a daemon's log shows a failed assertion or
 * a sanitizer's report. The directory stays until the program ends. */
int stack_finish(struct stack *stack);

/* stack_try: runs `ops/stack COMMAND DIR ARGUMENT...`; returns its exit code. */
int stack_try(struct stack *stack, const char *command, const char *const *arguments);

/* stack_word: copies the value of a variable in DIR/env. */
void stack_word(const struct stack *stack, const char *name, char *to, size_t size);

/* stack_log: returns a part's log so far; the caller frees it. stack_log_size: its length. */
char *stack_log(struct stack *stack, const char *part);
size_t stack_log_size(struct stack *stack, const char *part);

/* stack_log_says: tells whether the part's log has `text` after the first `from` bytes.
 * stack_log_wait: waits until it has; returns false after ten seconds. */
bool stack_log_says(struct stack *stack, const char *part, size_t from, const char *text);
bool stack_log_wait(struct stack *stack, const char *part, size_t from, const char *text);

/* stack_program: the path of a daemon's program. */
const char *stack_program(const char *daemon);

/* stack_ctl: runs onrushctl with these arguments; returns its exit code. *out gets its output,
 * which the caller frees; `out` may be NULL. */
int stack_ctl(struct stack *stack, char **out, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* stack_ctl_json: runs onrushctl with --json; returns the parsed output, or NULL if it is not JSON.
 * */
json_t *stack_ctl_json(struct stack *stack, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* stack_redis, stack_db: open a connection; the caller closes it. */
redisContext *stack_redis(struct stack *stack);
void stack_db(struct stack *stack, struct db *db);

/* stack_head: reads a campaign's head from Redis; returns false if there is none. */
bool stack_head(redisContext *redis, const char *campaign, struct campaign_head *head);

/* stack_ticket: a user's ticket, or 0 if Redis does not know the user. */
uint64_t stack_ticket(redisContext *redis, const char *campaign, const char *user);

/* stack_number: the single number that a query returns. */
int64_t stack_number(struct db *db, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

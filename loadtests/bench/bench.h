/* SPDX-License-Identifier: Apache-2.0 */
/* onrush-bench: the small tools of loadtests/. Each tool is a verb with arguments NAME=VALUE; it
 * prints one line of JSON and returns an exit code. A tool has one thread unless it says otherwise.
 * */
#ifndef ONRUSH_LOADTESTS_BENCH_H
#define ONRUSH_LOADTESTS_BENCH_H

#include "shared/store/db.h"

#include <hiredis/hiredis.h>
#include <stdint.h>

enum { BENCH_OK = 0, BENCH_FAILED = 1, BENCH_USAGE = 64 };

struct bench_args {
    int argc;
    char **argv; /* NAME=VALUE each */
};

/* bench_text: returns the argument's value or `fallback`. If both are missing, the program exits
 * with 64. */
const char *bench_text(const struct bench_args *args, const char *name, const char *fallback);

/* bench_number: returns a whole number from 0; a negative fallback makes the argument mandatory. */
int64_t bench_number(const struct bench_args *args, const char *name, int64_t fallback);

/* bench_fail: prints the reason to standard error. Returns BENCH_FAILED. */
int bench_fail(const char *what, const char *why);

/* bench_db: connects with the arguments db-socket, db-name, db-user, db-password-file. */
enum db_outcome bench_db(const struct bench_args *args, struct db *db);

/* bench_redis: connects to the unix socket in the argument redis. On failure prints the reason and
 * returns NULL. */
redisContext *bench_redis(const struct bench_args *args);

/* The verbs. */
int bench_crowd(const struct bench_args *args);
int bench_fill(const struct bench_args *args);
int bench_floor(const struct bench_args *args);
int bench_insert(const struct bench_args *args);
int bench_open(const struct bench_args *args);
int bench_spin(const struct bench_args *args);
int bench_watch(const struct bench_args *args);

#endif

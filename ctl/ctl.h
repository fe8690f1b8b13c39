/* SPDX-License-Identifier: Apache-2.0 */
/* What every command of onrushctl uses: settings, stores, output.
 *
 * One thread. A command returns one of these exit codes. Results go to standard output. Messages go
 * to standard error and say what to do. */
#ifndef ONRUSH_CTL_CTL_H
#define ONRUSH_CTL_CTL_H

#include "ctl/settings.h"
#include "shared/store/db.h"
#include "shared/store/redis.h"

#include <stdbool.h>
#include <sysexits.h>

enum ctl_exit {
    CTL_OK = 0,
    CTL_FAILED = 1,                   /* an audit found a breach, or a burst had errors */
    CTL_NOT_FOUND = 2,                /* no such campaign, no such request */
    CTL_USAGE = EX_USAGE,             /* 64 */
    CTL_UNAVAILABLE = EX_UNAVAILABLE, /* 69: a store is unreachable or does not match */
    CTL_IO = EX_IOERR,                /* 74: the output failed */
    CTL_CONFLICT = EX_TEMPFAIL,       /* 75: the current state does not allow it */
    CTL_CONFIG = EX_CONFIG,           /* 78 */
};

struct ctl {
    struct ctl_config config;
    bool json;
    struct db db;        /* opened by stores_db() */
    redisContext *redis; /* opened by stores_redis() */
};

/* A command: one row of the table in main.c. */
struct ctl_option {
    const char *name;  /* without the dashes */
    const char *value; /* its argument, for the help; NULL: a flag */
    const char *help;
};

#define CTL_OPTIONS_MAX 12

struct ctl_command {
    const char *name;                               /* "campaign create" */
    const char *args;                               /* "NAME", and mandatory options */
    int n_args;                                     /* words without dashes */
    const char *summary;                            /* one line */
    const char *details;                            /* for the help of this command; may be NULL */
    const char *example;                            /* arguments of onrushctl; the tests run it */
    struct ctl_option options[CTL_OPTIONS_MAX + 1]; /* the last has no name */
    /* run: `values[i]` is the value of options[i], "" for a flag, NULL if it was not given. */
    int (*run)(struct ctl *ctl, char **args, const char *const *values);
};

/* ctl_error: prints "onrushctl: ..." to standard error. Returns `code`. */
int ctl_error(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ctl_warn: the same, but the command goes on. */
#define ctl_warn(format, ...) ctl_error(CTL_OK, "warning: " format, __VA_ARGS__)

#endif

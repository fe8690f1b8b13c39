/* SPDX-License-Identifier: Apache-2.0 */
/* What every command of onrushctl has in hand: the settings, the two stores, the way of printing.
 *
 * One thread. A command returns one of the exit codes below; messages for people who must act go to
 * standard error and say what to do, results go to standard output. */
#ifndef ONRUSH_CTL_CTL_H
#define ONRUSH_CTL_CTL_H

#include "ctl/settings.h"
#include "shared/store/db.h"
#include "shared/store/redis.h"

#include <stdbool.h>
#include <sysexits.h>

enum ctl_exit {
    CTL_OK = 0,
    CTL_FAILED = 1,                   /* a check failed: a breach, or a burst with errors */
    CTL_NOT_FOUND = 2,                /* no such campaign, no such request */
    CTL_USAGE = EX_USAGE,             /* 64 */
    CTL_UNAVAILABLE = EX_UNAVAILABLE, /* 69: a store is not reachable, or does not fit */
    CTL_IO = EX_IOERR,                /* 74: the output could not be written */
    CTL_CONFLICT = EX_TEMPFAIL,       /* 75: the state of things does not allow it */
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
    const char *name;  /* without the dashes; NULL ends the list */
    const char *value; /* what it takes, for the help; NULL: a flag */
    const char *help;
};

#define CTL_OPTIONS_MAX 12

struct ctl_command {
    const char *name;    /* "campaign create" */
    const char *args;    /* "NAME"; an option that must be given stands there too */
    int n_args;          /* words without dashes */
    const char *summary; /* one line */
    const char *details; /* more, for the help of this command; may be "" */
    const char *example; /* what may follow "onrushctl"; the tests run it */
    const struct ctl_option *options;
    /* run: `values[i]` belongs to options[i]: its value, "" for a flag that is given, or NULL. */
    int (*run)(struct ctl *ctl, char **args, const char *const *values);
};

/* ctl_error: one line to standard error, "onrushctl: ...". Gives `code`, for the return
 * statement. */
int ctl_error(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ctl_warn: the same for what does not end the command. */
void ctl_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The command line that both daemons share. For main(), before any thread starts. */
#ifndef ONRUSH_COMMAND_H
#define ONRUSH_COMMAND_H

#include "shared/base/config.h"

#include <sysexits.h> /* exit codes: EX_USAGE 64, EX_UNAVAILABLE 69, EX_CONFIG 78 */

#define COMMAND_SETS_MAX 64

struct command {
    const char *name;    /* "onrush-gateway" */
    const char *summary; /* one line for --help */
    const struct config_table *table;
    const char *path;                   /* out: the config file */
    const char *sets[COMMAND_SETS_MAX]; /* out: the overrides, pointing into argv */
    size_t n_sets;
};

/* command_parse: parses the arguments and loads the configuration into *config. Returns -1 if the
 * daemon is to run, else the exit code (0 after --help and the like), and has printed any message.
 * Without --config it reads /etc/onrush/<daemon>.cfg if that exists. */
int command_parse(struct command *command, int argc, char **argv, void *config);

#endif

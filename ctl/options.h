/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: the global options, then a command, then its own options and arguments, in any
 * order. */
#ifndef ONRUSH_CTL_OPTIONS_H
#define ONRUSH_CTL_OPTIONS_H

#include "ctl/ctl.h"

#define OPTIONS_SETS_MAX 64

enum options_action { ACTION_RUN, ACTION_HELP, ACTION_VERSION, ACTION_CHECK, ACTION_PRINT };

struct options {
    enum options_action action;
    const struct ctl_command *command; /* NULL: none was named */
    const char *group;                 /* "campaign" when only that was named, else NULL */
    const char *config_path;           /* NULL: the installed one, if any */
    const char *sets[OPTIONS_SETS_MAX];
    size_t n_sets;
    bool json;
    const char *values[CTL_OPTIONS_MAX]; /* of the command's options */
    char **args;                         /* of the command; n_args of them */
};

/* options_parse: 0, or CTL_USAGE after saying what is wrong. Everything points into argv. */
int options_parse(struct options *options, const struct ctl_command *commands, int argc,
                  char **argv);

/* options_in_group: whether the name of a command is `group` and another word. */
bool options_in_group(const struct ctl_command *command, const char *group);

/* options_number: a whole number from min to max. 0, or CTL_USAGE after saying what is wrong with
 * option or argument `name`. */
int options_number(const char *name, const char *text, int64_t min, int64_t max, int64_t *out);

#endif

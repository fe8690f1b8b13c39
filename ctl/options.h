/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: global options, a command, and its options and arguments in any order. */
#ifndef ONRUSH_CTL_OPTIONS_H
#define ONRUSH_CTL_OPTIONS_H

#include "ctl/ctl.h"

#define OPTIONS_SETS_MAX 64

enum options_action { ACTION_RUN, ACTION_HELP, ACTION_VERSION, ACTION_CHECK, ACTION_PRINT };

struct options {
    enum options_action action;
    const struct ctl_command *command; /* NULL: none was named */
    const char *group;                 /* "campaign" if given without a command, else NULL */
    const char *config_path;           /* NULL: the installed file, if there is one */
    const char *sets[OPTIONS_SETS_MAX];
    size_t n_sets;
    bool json;
    const char *values[CTL_OPTIONS_MAX]; /* of the options of the command */
    char **args;                         /* of the command: n_args of them */
};

/* options_parse: returns 0, or CTL_USAGE after printing what is wrong. All pointers are into
 * argv. */
int options_parse(struct options *options, const struct ctl_command *commands, int argc,
                  char **argv);

/* options_in_group: true if the command's name is `group` and another word. */
bool options_in_group(const struct ctl_command *command, const char *group);

/* help_print: prints the help of the command or group in `options`, or else of the program. */
void help_print(const struct ctl_command *commands, const struct options *options);

/* options_number: parses a whole number from min to max; NULL, an option that was not given, leaves
 * *out alone. Returns 0, or CTL_USAGE after printing what is wrong with option or argument
 * `name`. */
int options_number(const char *name, const char *text, int64_t min, int64_t max, int64_t *out);

#endif

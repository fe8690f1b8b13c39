/* SPDX-License-Identifier: Apache-2.0 */
/* The output of --help for the program, a group of commands, or a command. */
#ifndef ONRUSH_CTL_HELP_H
#define ONRUSH_CTL_HELP_H

#include "ctl/options.h"

/* help_print: prints the help of the command or group in `options`, or else of the program. */
void help_print(const struct ctl_command *commands, const struct options *options);

#endif

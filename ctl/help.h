/* SPDX-License-Identifier: Apache-2.0 */
/* What --help prints: of the program, of a group of commands, of one command. */
#ifndef ONRUSH_CTL_HELP_H
#define ONRUSH_CTL_HELP_H

#include "ctl/options.h"

/* help_print: for what `options` names: a command, a group, or else the program. */
void help_print(const struct ctl_command *commands, const struct options *options);

#endif

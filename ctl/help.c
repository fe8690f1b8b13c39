/* SPDX-License-Identifier: Apache-2.0 */
/* The output of --help for the program, a group of commands, or a command. */
#include "ctl/options.h"

#include <stdio.h>
#include <string.h>

static const char exit_codes[] =
    "Exit codes: 0 done; 1 a check failed (audit found a breach, burst met errors); 2 there is no\n"
    "such campaign or request; 64 wrong usage; 69 a store is not reachable or does not fit;\n"
    "74 the output could not be written; 75 the state does not allow it; 78 wrong configuration.\n";

static const char global_help[] =
    "For every command:\n"
    "  --config FILE      configuration (default: the installed ctl.cfg, if there is one)\n"
    "  --set KEY=VALUE    overrides one key of it; may be repeated\n"
    "  --json             prints JSON instead of text for people\n"
    "  --check-config     says whether the configuration is good, and exits\n"
    "  --print-config     prints the configuration in force, and exits\n"
    "  --version          prints the version, and exits\n"
    "  --help             prints this (after a command: its own help), and exits\n";

static void print_option(const struct ctl_option *option)
{
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", option->name, option->value != NULL ? " " : "",
             option->value != NULL ? option->value : "");
    printf("  %-20s %s\n", left, option->help);
}

static void print_command(const struct ctl_command *c)
{
    bool has_options = c->options[0].name != NULL;
    printf("usage: onrushctl %s%s%s%s\n\n%s.\n", c->name, *c->args != '\0' ? " " : "", c->args,
           has_options ? " [OPTION ...]" : "", c->summary);
    if (c->details != NULL)
        printf("\n%s\n", c->details);
    printf("\nExample:\n  onrushctl %s\n", c->example);
    if (has_options)
        printf("\nOptions:\n");
    for (const struct ctl_option *o = c->options; o->name != NULL; o++)
        print_option(o);
    printf("\n%s\n%s", global_help, exit_codes);
}

/* print_list: prints the commands of a group; NULL: all. */
static void print_list(const struct ctl_command *commands, const char *group)
{
    for (const struct ctl_command *c = commands; c->name != NULL; c++) {
        char left[64];
        if (group != NULL && !options_in_group(c, group))
            continue;
        snprintf(left, sizeof left, "%s %s", c->name, c->args);
        printf("  %-32s  %s\n", left, c->summary);
    }
}

void help_print(const struct ctl_command *commands, const struct options *options)
{
    const char *group = options->group;
    if (options->command != NULL) {
        print_command(options->command);
        return;
    }
    if (group == NULL)
        printf("onrushctl: looks after the coupon campaigns of Onrush\n\n");
    printf("usage: onrushctl %s%sCOMMAND [ARGUMENT ...] [OPTION ...]\n\n",
           group != NULL ? group : "", group != NULL ? " " : "");
    print_list(commands, group);
    printf("\n`onrushctl COMMAND --help` explains one command and shows an example.\n\n%s\n%sSee "
           "onrushctl(1).\n",
           global_help, exit_codes);
}

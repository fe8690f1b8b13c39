/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Return values of getopt_long(), besides actions; an option of the command has OWN plus its
 * index. */
enum { OPT_CONFIG = 100, OPT_SET, OPT_JSON, OWN };

static const struct option globals[] = {
    {"config", required_argument, NULL, OPT_CONFIG},
    {"set", required_argument, NULL, OPT_SET},
    {"json", no_argument, NULL, OPT_JSON},
    {"help", no_argument, NULL, ACTION_HELP},
    {"version", no_argument, NULL, ACTION_VERSION},
    {"check-config", no_argument, NULL, ACTION_CHECK},
    {"print-config", no_argument, NULL, ACTION_PRINT},
};

#define N_GLOBALS (sizeof globals / sizeof globals[0])

bool options_in_group(const struct ctl_command *command, const char *group)
{
    size_t len = strlen(group);
    return strncmp(command->name, group, len) == 0 && command->name[len] == ' ';
}

static bool is_group(const struct ctl_command *commands, const char *word)
{
    for (const struct ctl_command *c = commands; c->name != NULL; c++) {
        if (options_in_group(c, word))
            return true;
    }
    return false;
}

/* find_command: the command that the words begin with; *used is the number of its words. */
static const struct ctl_command *find_command(const struct ctl_command *commands, int argc,
                                              char **argv, int *used)
{
    for (const struct ctl_command *c = commands; c->name != NULL; c++) {
        const char *space = strchr(c->name, ' ');
        size_t first = space != NULL ? (size_t)(space - c->name) : strlen(c->name);
        if (strlen(argv[0]) != first || strncmp(argv[0], c->name, first) != 0)
            continue;
        if (space != NULL && (argc < 2 || strcmp(argv[1], space + 1) != 0))
            continue;
        *used = space != NULL ? 2 : 1;
        return c;
    }
    return NULL;
}

static int take_set(struct options *options, const char *text)
{
    if (options->n_sets == OPTIONS_SETS_MAX)
        return ctl_error(CTL_USAGE, "more than %d --set; put them into a file and use --config",
                         OPTIONS_SETS_MAX);
    options->sets[options->n_sets++] = text;
    return 0;
}

static int take(struct options *options, int value)
{
    if (value == OPT_SET)
        return take_set(options, optarg);
    if (value == OPT_CONFIG)
        options->config_path = optarg;
    else if (value == OPT_JSON)
        options->json = true;
    else if (value >= OWN)
        options->values[value - OWN] = optarg != NULL ? optarg : "";
    else
        options->action = (enum options_action)value;
    return 0;
}

/* read_options: parses argv[1..]; `order` is "+" to stop at the first argument. */
static int read_options(struct options *options, const char *order, const struct ctl_command *own,
                        int argc, char **argv)
{
    struct option known[N_GLOBALS + CTL_OPTIONS_MAX + 1] = {0};
    size_t n = N_GLOBALS;
    memcpy(known, globals, sizeof globals);
    for (int i = 0; own != NULL && own->options[i].name != NULL; i++) {
        const struct ctl_option *o = &own->options[i];
        known[n++] = (struct option){o->name, o->value != NULL ? required_argument : no_argument,
                                     NULL, OWN + i};
    }
    optind = 0; /* glibc: restarts the scan */
    for (int o; (o = getopt_long(argc, argv, order, known, NULL)) != -1;) {
        if (o == '?')
            return ctl_error(CTL_USAGE, "see onrushctl %s%s--help", own != NULL ? own->name : "",
                             own != NULL ? " " : "");
        int r = take(options, o);
        if (r != 0)
            return r;
    }
    return 0;
}

/* parse_group: argv[0] is a group without a command: prints its help, or an error. */
static int parse_group(struct options *options, int argc, char **argv)
{
    options->group = argv[0];
    argv[0] = (char *)"onrushctl"; /* the program name that getopt prints */
    int r = read_options(options, "+", NULL, argc, argv);
    if (r != 0 || options->action != ACTION_RUN)
        return r;
    if (optind < argc)
        return ctl_error(CTL_USAGE, "there is no command %s %s; see onrushctl %s --help",
                         options->group, argv[optind], options->group);
    return ctl_error(CTL_USAGE, "which command of %s? See onrushctl %s --help", options->group,
                     options->group);
}

int options_parse(struct options *options, const struct ctl_command *commands, int argc,
                  char **argv)
{
    *options = (struct options){.action = ACTION_RUN};
    int used, r = read_options(options, "+", NULL, argc, argv);
    if (r != 0)
        return r;
    argc -= optind;
    argv += optind;
    if (argc == 0 && options->action != ACTION_RUN)
        return 0;
    if (argc == 0)
        return ctl_error(CTL_USAGE, "which command? See onrushctl --help");
    options->command = find_command(commands, argc, argv, &used);
    if (options->command == NULL && is_group(commands, argv[0]))
        return parse_group(options, argc, argv);
    if (options->command == NULL)
        return ctl_error(CTL_USAGE, "there is no command %s; see onrushctl --help", argv[0]);
    argc -= used - 1;
    argv += used - 1; /* argv[0] is the program name that getopt prints */
    argv[0] = (char *)"onrushctl";
    r = read_options(options, "", options->command, argc, argv);
    if (r != 0)
        return r;
    if (options->action == ACTION_RUN && argc - optind != options->command->n_args)
        return ctl_error(CTL_USAGE, "usage: onrushctl %s %s (see --help)", options->command->name,
                         options->command->args);
    options->args = argv + optind;
    return 0;
}

int options_number(const char *name, const char *text, int64_t min, int64_t max, int64_t *out)
{
    char *end;
    if (text == NULL)
        return 0;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || n < min || n > max)
        return ctl_error(CTL_USAGE, "%s: \"%s\" is not a number from %" PRId64 " to %" PRId64, name,
                         text, min, max);
    *out = n;
    return 0;
}

int ctl_error(int code, const char *format, ...)
{
    va_list args;
    fflush(stdout);
    fprintf(stderr, "onrushctl: ");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/daemon/command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print_help(const struct command *c)
{
    printf(
        "%s: %s\n\n"
        "  --config FILE      configuration (default: %s)\n"
        "  --set KEY=VALUE    overrides one key of it; may be repeated. The environment may, too:\n"
        "                     ONRUSH_REDIS_PORT=6380 is redis.port=6380; --set wins\n"
        "  --check-config     says whether the configuration is good, and exits\n"
        "  --print-config     prints the configuration in force, and exits\n"
        "  --version          prints the version, and exits\n"
        "  --help             prints this, and exits\n\n"
        "Exit codes: 0 stopped in order, 64 wrong usage, 69 a service it needs is not there or "
        "does not fit,\n"
        "78 wrong configuration. See %s(8).\n",
        c->name, c->summary, c->path != NULL ? c->path : "none", c->name);
}

/* installed_config: the path of the installed file, <etc>/onrush/gateway.cfg for "onrush-gateway",
 * or NULL if there is none. */
static const char *installed_config(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, ONRUSH_CONFIG_DIR "/%s.cfg", strchr(name, '-') + 1);
    return access(path, F_OK) == 0 ? path : NULL;
}

static int usage(const struct command *c, const char *what)
{
    fprintf(stderr, "%s: %s; see %s --help\n", c->name, what, c->name);
    return EX_USAGE;
}

/* The last option of this kind wins. */
enum action { RUN, CHECK_CONFIG, PRINT_CONFIG, PRINT_VERSION, PRINT_HELP };

/* read_options: returns 0, or EX_USAGE after printing what is wrong. */
static int read_options(struct command *c, int argc, char **argv, enum action *action)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"set", required_argument, NULL, 's'},
                                            {"check-config", no_argument, NULL, CHECK_CONFIG},
                                            {"print-config", no_argument, NULL, PRINT_CONFIG},
                                            {"version", no_argument, NULL, PRINT_VERSION},
                                            {"help", no_argument, NULL, PRINT_HELP},
                                            {NULL, 0, NULL, 0}};
    *action = RUN;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (o) {
        case 'c':
            c->path = optarg;
            break;
        case 's':
            if (c->n_sets == COMMAND_SETS_MAX)
                return usage(c, "too many --set");
            c->sets[c->n_sets++] = optarg;
            break;
        case '?':
            return usage(c, "wrong option");
        default:
            *action = (enum action)o;
        }
    }
    return optind < argc ? usage(c, "unexpected argument") : 0;
}

/* carry_out: returns the exit code, or -1 for RUN. */
static int carry_out(const struct command *c, enum action action, const void *config)
{
    char error[CONFIG_ERROR_SIZE];
    if (action == PRINT_CONFIG) {
        config_print(stdout, c->table, config);
        return 0;
    }
    if (config_check_files(c->table, config, error) < 0) {
        fprintf(stderr, "%s: %s\n", c->name, error);
        return EX_CONFIG;
    }
    if (action == RUN)
        return -1;
    printf("%s: the configuration is good\n", c->name);
    return 0;
}

int command_parse(struct command *c, int argc, char **argv, void *config)
{
    char error[CONFIG_ERROR_SIZE];
    enum action action;
    c->path = installed_config(c->name);
    int r = read_options(c, argc, argv, &action);
    if (r != 0)
        return r;
    if (action == PRINT_HELP) {
        print_help(c);
        return 0;
    }
    if (action == PRINT_VERSION) {
        printf("%s %s\n", c->name, ONRUSH_VERSION);
        return 0;
    }
    if (config_load(c->table, c->path, c->sets, c->n_sets, config, error) < 0) {
        fprintf(stderr, "%s: %s\n", c->name, error);
        return EX_CONFIG;
    }
    r = carry_out(c, action, config);
    if (r >= 0)
        config_end(c->table, config);
    return r;
}

#include "shared/command.h"

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

/* installed_config: the file of an installed daemon, or NULL. "onrush-gateway" ->
 * <etc>/onrush/gateway.cfg. */
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

int command_parse(struct command *c, int argc, char **argv, void *config)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"set", required_argument, NULL, 's'},
                                            {"check-config", no_argument, NULL, 'k'},
                                            {"print-config", no_argument, NULL, 'p'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    char error[CONFIG_ERROR_SIZE], action = 0;
    c->path = installed_config(c->name);
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == '?')
            return usage(c, "wrong option");
        if (o == 'c')
            c->path = optarg;
        else if (o == 's' && c->n_sets == COMMAND_SETS_MAX)
            return usage(c, "too many --set");
        else if (o == 's')
            c->sets[c->n_sets++] = optarg;
        else
            action = (char)o;
    }
    if (optind < argc)
        return usage(c, "unexpected argument");
    if (action == 'h') {
        print_help(c);
        return 0;
    }
    if (action == 'v') {
        printf("%s %s\n", c->name, ONRUSH_VERSION);
        return 0;
    }
    if (config_load(c->table, c->path, c->sets, c->n_sets, config, error) < 0) {
        fprintf(stderr, "%s: %s\n", c->name, error);
        return EX_CONFIG;
    }
    if (action == 'p') {
        config_print(stdout, c->table, config);
        config_end(c->table, config);
        return 0;
    }
    if (config_check_files(c->table, config, error) < 0) {
        fprintf(stderr, "%s: %s\n", c->name, error);
        config_end(c->table, config);
        return EX_CONFIG;
    }
    if (action == 0)
        return -1;
    printf("%s: the configuration is good\n", c->name);
    config_end(c->table, config);
    return 0;
}

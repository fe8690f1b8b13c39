/* SPDX-License-Identifier: Apache-2.0 */
/* onrushctl: the tool for operators. */
#include "ctl/commands.h"
#include "ctl/options.h"
#include "ctl/stores.h"

#include <stdio.h>
#include <stdlib.h>

static int run(const struct options *options)
{
    struct ctl ctl = {.json = options->json};
    char error[CONFIG_ERROR_SIZE];
    const char *path = options->config_path != NULL ? options->config_path : settings_path();
    if (config_load(&settings_table, path, options->sets, options->n_sets, &ctl.config, error) < 0)
        return ctl_error(CTL_CONFIG, "%s", error);
    if (options->action == ACTION_PRINT) {
        config_print(stdout, &settings_table, &ctl.config);
        return CTL_OK;
    }
    if (options->action == ACTION_CHECK) {
        printf("onrushctl: the configuration is good\n");
        return CTL_OK;
    }
    int r = options->command->run(&ctl, options->args, options->values);
    stores_close(&ctl);
    mysql_library_end();
    return r;
}

int main(int argc, char **argv)
{
    struct ctl_command commands[] = {
#define X(name) command_##name,
        CTL_COMMANDS(X)
#undef X
            {.name = NULL},
    };
    struct options options;
    int r = options_parse(&options, commands, argc, argv);
    if (r != 0)
        return r;
    if (options.action == ACTION_HELP)
        help_print(commands, &options);
    else if (options.action == ACTION_VERSION)
        printf("onrushctl %s\n", ONRUSH_VERSION);
    else
        r = run(&options);
    if (fflush(stdout) != 0 || ferror(stdout))
        r = ctl_error(CTL_IO, "standard output cannot be written; what was printed is incomplete");
    return r;
}

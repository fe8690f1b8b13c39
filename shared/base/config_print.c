/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a configuration, and reads the secrets that it names. */
#include "shared/base/config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static void print_value(FILE *out, const struct config_option *o, const void *config)
{
    const char *at = (const char *)config + o->offset;
    const char *name = strrchr(o->key, '.') != NULL ? strrchr(o->key, '.') + 1 : o->key;
    int64_t n;
    bool b;
    if (o->type == CONFIG_INT) {
        memcpy(&n, at, sizeof n);
        fprintf(out, "%s = %" PRId64 "%s;\n", name, n, n > INT32_MAX || n < INT32_MIN ? "L" : "");
    } else if (o->type == CONFIG_BOOL) {
        memcpy(&b, at, sizeof b);
        fprintf(out, "%s = %s;\n", name, b ? "true" : "false");
    } else {
        fprintf(out, "%s = \"", name);
        for (; *at != '\0'; at++)
            fprintf(out, "%s%c", *at == '"' || *at == '\\' ? "\\" : "", *at);
        fprintf(out, "\";\n");
    }
}

/* group_of: the length of the group in a key ("redis" in "redis.port"); 0 at the top level. */
static size_t group_of(const char *key)
{
    const char *dot = strchr(key, '.');
    return dot != NULL ? (size_t)(dot - key) : 0;
}

void config_print(FILE *out, const struct config_table *table, const void *config)
{
    const char *open = "";
    size_t open_len = 0;
    for (size_t i = 0; i < table->n; i++) {
        const char *key = table->options[i].key;
        size_t len = group_of(key);
        if (len != open_len || strncmp(key, open, len) != 0) {
            if (open_len > 0)
                fprintf(out, "};\n");
            if (len > 0)
                fprintf(out, "%.*s: {\n", (int)len, key);
            open = key;
            open_len = len;
        }
        fprintf(out, "%s", len > 0 ? "    " : "");
        print_value(out, &table->options[i], config);
    }
    if (open_len > 0)
        fprintf(out, "};\n");
    for (size_t i = 0; i < table->n_lists; i++)
        fprintf(out, "# %s is a list, which is not printed.\n", table->lists[i].key);
}

int config_read_secret(const char *path, char *secret, size_t size)
{
    char line[4096]; /* longer than any secret, so none is cut */
    if (*path == '\0') {
        secret[0] = '\0';
        return 0;
    }
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -errno;
    char *got = fgets(line, sizeof line, file);
    fclose(file);
    if (got == NULL)
        return -EINVAL;
    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] == '\0' || strlen(line) >= size)
        return -EINVAL;
    strcpy(secret, line);
    return 0;
}

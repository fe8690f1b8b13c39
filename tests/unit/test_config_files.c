/* SPDX-License-Identifier: Apache-2.0 */
/* The files in etc/ and the programs' tables agree: each file has every key with its default, its
 * range, and whether SIGHUP applies it. */
#include "tests/support/test.h"

#include "ctl/settings.h"
#include "gateway/config.h"
#include "scheduler/config.h"

#include <errno.h>
#include <inttypes.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 1000
#define LINE_MAX_ 512

static const struct {
    const char *path;
    const struct config_table *table;
} files[] = {
    {ONRUSH_ETC "/gateway.cfg", &gateway_config_table},
    {ONRUSH_ETC "/scheduler.cfg", &scheduler_config_table},
    {ONRUSH_ETC "/ctl.cfg", &settings_table},
};

static char lines[LINES_MAX + 1][LINE_MAX_]; /* index from 1 */

static void read_lines(const char *path)
{
    FILE *in = fopen(path, "re");
    assert_non_null(in);
    memset(lines, 0, sizeof lines);
    for (int i = 1; i <= LINES_MAX && fgets(lines[i], LINE_MAX_, in) != NULL; i++)
        assert_true(strlen(lines[i]) < LINE_MAX_ - 1);
    fclose(in);
}

static bool is_comment(int line)
{
    return lines[line][strspn(lines[line], " ")] == '#';
}

static bool is_setting(int line)
{
    return strchr(lines[line], '=') != NULL && strchr(lines[line], '{') == NULL;
}

/* comment_of: the comment above a line (several settings may share it) and the one at its end,
 * joined to one line because ranges may be broken over two. */
static const char *comment_of(int line)
{
    static char text[32768];
    int first = line;
    while (first > 1 && !is_comment(first - 1) && is_setting(first - 1))
        first--;
    while (first > 1 && is_comment(first - 1))
        first--;
    text[0] = '\0';
    for (int i = first; i < line && is_comment(i); i++) {
        strcat(text, lines[i] + strcspn(lines[i], "#") + 1);
        text[strcspn(text, "\n")] = '\0';
    }
    strcat(text, lines[line] + strcspn(lines[line], "#"));
    return text;
}

/* check_key: prints everything wrong with the key; returns the number of faults. */
static int check_key(const char *path, const config_t *file, const struct config_option *o)
{
    char range[64];
    int faults = 0;
    const config_setting_t *s = config_lookup(file, o->key);
    if (s == NULL) {
        print_error("%s: %s is missing\n", path, o->key);
        return 1;
    }
    int line = (int)config_setting_source_line(s);
    const char *comment = comment_of(line);
    snprintf(range, sizeof range, "%" PRId64 " to %" PRId64, o->min, o->max);
    if (o->type == CONFIG_INT && strstr(comment, range) == NULL) {
        faults++;
        print_error("%s:%d: %s: the comment does not say %s\n", path, line, o->key, range);
    }
    if ((strstr(comment, "(reload)") != NULL) != o->reload) {
        faults++;
        print_error("%s:%d: %s: (reload) must %sstand in the comment\n", path, line, o->key,
                    o->reload ? "" : "not ");
    }
    return faults;
}

TEST(test_files_and_tables)
{
    int faults = 0;
    for (size_t i = 0; i < LENGTH(files); i++) {
        const struct config_table *table = files[i].table;
        config_t file;
        config_init(&file);
        assert_int_equal(config_read_file(&file, files[i].path), CONFIG_TRUE);
        read_lines(files[i].path);
        for (size_t j = 0; j < table->n; j++)
            faults += check_key(files[i].path, &file, &table->options[j]);
        config_destroy(&file);
    }
    assert_int_equal(faults, 0);
}

TEST(test_files_hold_the_defaults)
{
    for (size_t i = 0; i < LENGTH(files); i++) {
        char error[CONFIG_ERROR_SIZE];
        void *defaults = malloc(files[i].table->size), *loaded = malloc(files[i].table->size);
        assert_int_equal(config_load(files[i].table, NULL, NULL, 0, defaults, error), 0);
        if (config_load(files[i].table, files[i].path, NULL, 0, loaded, error) < 0)
            fail_msg("%s", error);
        for (size_t j = 0; j < files[i].table->n; j++) {
            const struct config_option *o = &files[i].table->options[j];
            size_t size = o->type == CONFIG_INT    ? sizeof(int64_t)
                          : o->type == CONFIG_BOOL ? sizeof(bool)
                                                   : (size_t)o->max + 1;
            if (memcmp((char *)defaults + o->offset, (char *)loaded + o->offset, size) != 0)
                fail_msg("%s: %s is not the default", files[i].path, o->key);
        }
        config_end(files[i].table, defaults);
        config_end(files[i].table, loaded);
        free(defaults);
        free(loaded);
    }
}

/* Two keys of a program must not share a variable, as "a.b" and "a_b" would. */
TEST(test_variables_are_distinct)
{
    for (size_t i = 0; i < LENGTH(files); i++) {
        for (size_t j = 0; j < files[i].table->n; j++) {
            for (size_t k = 0; k < j; k++) {
                char one[CONFIG_VARIABLE_SIZE], two[CONFIG_VARIABLE_SIZE];
                config_variable(files[i].table->options[j].key, one);
                config_variable(files[i].table->options[k].key, two);
                assert_string_not_equal(one, two);
            }
        }
    }
}

/* load_gateway: loads these settings; returns 0, or -EINVAL with the message in `error`. */
static int load_gateway(const char *const *sets, size_t n, char *error)
{
    struct gateway_config config;
    int r = config_load(&gateway_config_table, NULL, sets, n, &config, error);
    if (r == 0)
        config_end(&gateway_config_table, &config);
    return r;
}

/* A limit above the number of connections is an error; the default equals it. */
TEST(test_waiters_need_connections)
{
    char error[CONFIG_ERROR_SIZE];
    assert_int_equal(load_gateway((const char *const[]){"max_connections=8"}, 1, error), 0);
    assert_int_equal(
        load_gateway((const char *const[]){"max_connections=8", "max_waiters=8"}, 2, error), 0);
    assert_int_equal(
        load_gateway((const char *const[]){"max_connections=8", "max_waiters=9"}, 2, error),
        -EINVAL);
    assert_string_equal(error,
                        "max_waiters = 9 is above max_connections = 8: each request that waits "
                        "has a connection; lower the one or raise the other");
}

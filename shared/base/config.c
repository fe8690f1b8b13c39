/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/base/config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <libconfig.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_MAX 128

/* Where a value came from, for error messages. */
struct source {
    const char *file; /* or the --set or variable: "--set", "ONRUSH_PORT" */
    unsigned line;    /* 0: not from a file */
    char *error;
};

__attribute__((format(printf, 2, 0))) static int vfail(const struct source *from,
                                                       const char *format, va_list args)
{
    int n = from->line > 0
                ? snprintf(from->error, CONFIG_ERROR_SIZE, "%s:%u: ", from->file, from->line)
                : snprintf(from->error, CONFIG_ERROR_SIZE, "%s: ", from->file);
    if (n >= CONFIG_ERROR_SIZE)
        n = CONFIG_ERROR_SIZE - 1; /* a path may be longer than the whole message */
    vsnprintf(from->error + n, CONFIG_ERROR_SIZE - (size_t)n, format, args);
    return -EINVAL;
}

__attribute__((format(printf, 2, 3))) static int fail(const struct source *from, const char *format,
                                                      ...)
{
    va_list args;
    va_start(args, format);
    int r = vfail(from, format, args);
    va_end(args);
    return r;
}

static struct source source_of(const config_setting_t *s, const char *path, char *error)
{
    const char *file = config_setting_source_file(s);
    return (struct source){file != NULL ? file : path, config_setting_source_line(s), error};
}

int config_fail(const struct config_setting_t *at, const char *path, char *error,
                const char *format, ...)
{
    struct source from = source_of(at, path, error);
    va_list args;
    va_start(args, format);
    int r = vfail(&from, format, args);
    va_end(args);
    return r;
}

static const struct config_option *find_option(const struct config_table *table, const char *key)
{
    for (size_t i = 0; i < table->n; i++) {
        if (strcmp(table->options[i].key, key) == 0)
            return &table->options[i];
    }
    return NULL;
}

static int set_int(const struct config_option *o, int64_t value, void *out,
                   const struct source *from)
{
    if (value < o->min || value > o->max)
        return fail(from,
                    "%s = %" PRId64 " is out of range: expected %" PRId64 " to %" PRId64 "%s%s",
                    o->key, value, o->min, o->max, *o->unit ? " " : "", o->unit);
    memcpy((char *)out + o->offset, &value, sizeof value);
    return 0;
}

static int set_bool(const struct config_option *o, bool value, void *out)
{
    memcpy((char *)out + o->offset, &value, sizeof value);
    return 0;
}

static int set_string(const struct config_option *o, const char *value, void *out,
                      const struct source *from)
{
    size_t len = strlen(value);
    if ((int64_t)len < o->min || (int64_t)len > o->max)
        return fail(from, "%s has %zu bytes: expected %" PRId64 " to %" PRId64, o->key, len, o->min,
                    o->max);
    if (o->check != NULL && o->check(value) < 0)
        return fail(from, "%s = \"%s\": expected %s", o->key, value, o->expected);
    memset((char *)out + o->offset, 0, (size_t)o->max + 1);
    memcpy((char *)out + o->offset, value, len);
    return 0;
}

/* set_text: sets a value from --set, the environment or the defaults. */
static int set_text(const struct config_option *o, const char *text, void *out,
                    const struct source *from)
{
    char *end;
    long long n;
    switch (o->type) {
    case CONFIG_INT:
        errno = 0;
        n = strtoll(text, &end, 10);
        if (end == text || *end != '\0' || errno != 0)
            return fail(from, "%s = %s: expected a whole number", o->key, text);
        return set_int(o, n, out, from);
    case CONFIG_BOOL:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return fail(from, "%s = %s: expected true or false", o->key, text);
        return set_bool(o, strcmp(text, "true") == 0, out);
    case CONFIG_STRING:
        return set_string(o, text, out, from);
    }
    return -EINVAL;
}

/* set_setting: sets a value from the file. */
static int set_setting(const struct config_option *o, const config_setting_t *s, void *out,
                       const struct source *from)
{
    int type = config_setting_type(s);
    switch (o->type) {
    case CONFIG_INT:
        if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
            return fail(from, "%s: expected a whole number", o->key);
        return set_int(o, config_setting_get_int64(s), out, from);
    case CONFIG_BOOL:
        if (type != CONFIG_TYPE_BOOL)
            return fail(from, "%s: expected true or false", o->key);
        return set_bool(o, config_setting_get_bool(s), out);
    case CONFIG_STRING:
        if (type != CONFIG_TYPE_STRING)
            return fail(from, "%s: expected a text in quotes", o->key);
        return set_string(o, config_setting_get_string(s), out, from);
    }
    return -EINVAL;
}

/* --- lists --- */

static void **list_place(const struct config_list *list, void *config)
{
    return (void **)((char *)config + list->offset);
}

static const struct config_list *find_list(const struct config_table *table, const char *key)
{
    for (size_t i = 0; i < table->n_lists; i++) {
        if (strcmp(table->lists[i].key, key) == 0)
            return &table->lists[i];
    }
    return NULL;
}

static int read_list(const struct config_list *list, const config_setting_t *s, const char *path,
                     void *out, char *error)
{
    if (s != NULL && !config_setting_is_list(s))
        return config_fail(s, path, error, "%s: expected a list in ( )", list->key);
    return list->read(list_place(list, out), s, path, error);
}

/* read_missing_lists: reads the defaults of lists that the file does not have. */
static int read_missing_lists(const struct config_table *table, void *out, char *error)
{
    int r = 0;
    for (size_t i = 0; i < table->n_lists && r == 0; i++) {
        if (*list_place(&table->lists[i], out) == NULL)
            r = read_list(&table->lists[i], NULL, NULL, out, error);
    }
    return r;
}

void config_end(const struct config_table *table, void *config)
{
    for (size_t i = 0; i < table->n_lists; i++) {
        void **place = list_place(&table->lists[i], config);
        table->lists[i].free(*place);
        *place = NULL;
    }
}

/* fail_unknown: reports an unknown key, or a group that was used as a key. */
static int fail_unknown(const struct config_table *table, const char *key,
                        const struct source *from)
{
    size_t len = strlen(key);
    for (size_t i = 0; i < table->n; i++) {
        if (strncmp(table->options[i].key, key, len) == 0 && table->options[i].key[len] == '.')
            return fail(from, "%s: expected a group in { }", key);
    }
    return fail(from, "there is no key %s; --print-config lists them all", key);
}

/* walk: applies every setting below `group`. `prefix` is the path of the group and a dot, or "". */
static int walk(const struct config_table *table, const config_setting_t *group, const char *prefix,
                const char *path, void *out, char *error)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
        struct source from = source_of(s, path, error);
        char key[KEY_MAX];
        if (snprintf(key, sizeof key - 1, "%s%s", prefix, config_setting_name(s)) >=
            (int)sizeof key - 1)
            return fail(&from, "the name is too long");
        const struct config_list *list = find_list(table, key);
        const struct config_option *o = find_option(table, key);
        if (list == NULL && o == NULL && config_setting_is_group(s)) {
            strcat(key, ".");
            int r = walk(table, s, key, path, out, error);
            if (r < 0)
                return r;
            continue;
        }
        if (list == NULL && o == NULL)
            return fail_unknown(table, key, &from);
        int r = list != NULL ? read_list(list, s, path, out, error) : set_setting(o, s, out, &from);
        if (r < 0)
            return r;
    }
    return 0;
}

static int load_file(const struct config_table *table, const char *path, void *out, char *error)
{
    config_t file;
    config_init(&file);
    int r;
    if (config_read_file(&file, path) == CONFIG_TRUE) {
        r = walk(table, config_root_setting(&file), "", path, out, error);
    } else if (config_error_type(&file) == CONFIG_ERR_PARSE) {
        const char *where = config_error_file(&file);
        struct source from = {.file = where != NULL ? where : path,
                              .line = (unsigned)config_error_line(&file),
                              .error = error};
        r = fail(&from, "%s", config_error_text(&file));
    } else {
        snprintf(error, CONFIG_ERROR_SIZE, "%s: cannot be read: %s", path,
                 strerror(errno != 0 ? errno : EIO));
        r = -EINVAL;
    }
    config_destroy(&file);
    return r;
}

static int apply_override(const struct config_table *table, const char *text, void *out,
                          char *error)
{
    struct source from = {.file = "--set", .error = error};
    const char *equals = strchr(text, '=');
    char key[KEY_MAX];
    if (equals == NULL || equals - text >= KEY_MAX)
        return fail(&from, "%s: expected KEY=VALUE", text);
    memcpy(key, text, (size_t)(equals - text));
    key[equals - text] = '\0';
    const struct config_option *o = find_option(table, key);
    if (o == NULL)
        return fail(&from, "there is no key %s; --print-config lists them all", key);
    return set_text(o, equals + 1, out, &from);
}

void config_variable(const char *key, char name[CONFIG_VARIABLE_SIZE])
{
    char *to = stpcpy(name, "ONRUSH_");
    for (; *key != '\0' && to < name + CONFIG_VARIABLE_SIZE - 1; key++)
        *to++ = (char)(*key == '.' ? '_' : toupper((unsigned char)*key));
    *to = '\0';
}

static int apply_environment(const struct config_table *table, void *out, char *error)
{
    int r = 0;
    for (size_t i = 0; i < table->n && r == 0; i++) {
        char name[CONFIG_VARIABLE_SIZE];
        config_variable(table->options[i].key, name);
        const char *text = getenv(name);
        if (text != NULL)
            r = set_text(&table->options[i], text, out, &(struct source){name, 0, error});
    }
    return r;
}

/* names_file: true if the value is the path of a file. */
static bool names_file(const struct config_option *o)
{
    size_t len = strlen(o->key);
    return o->type == CONFIG_STRING && len > 5 && strcmp(o->key + len - 5, "_file") == 0;
}

/* apply_credentials: fills empty keys from systemd's credentials (LoadCredential=). */
static int apply_credentials(const struct config_table *table, void *out, char *error)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    int r = 0;
    for (size_t i = 0; dir != NULL && i < table->n && r == 0; i++) {
        const struct config_option *o = &table->options[i];
        char path[PATH_MAX];
        if (!names_file(o) || *((const char *)out + o->offset) != '\0')
            continue;
        snprintf(path, sizeof path, "%s/onrush_%.*s", dir, (int)strlen(o->key) - 5, o->key);
        if (access(path, F_OK) == 0)
            r = set_text(o, path, out, &(struct source){"CREDENTIALS_DIRECTORY", 0, error});
    }
    return r;
}

static void set_defaults(const struct config_table *table, void *out)
{
    char ignored[CONFIG_ERROR_SIZE]; /* the tests check that every default is valid */
    struct source from = {.file = "default", .error = ignored};
    memset(out, 0, table->size);
    for (size_t i = 0; i < table->n; i++)
        set_text(&table->options[i], table->options[i].initial, out, &from);
}

static int check_together(const struct config_table *table, const void *config, char *error)
{
    return table->check != NULL ? table->check(config, error) : 0;
}

int config_load(const struct config_table *table, const char *path, const char *const *overrides,
                size_t n, void *out, char error[CONFIG_ERROR_SIZE])
{
    void *loaded = malloc(table->size);
    if (loaded == NULL) {
        snprintf(error, CONFIG_ERROR_SIZE, "out of memory");
        return -ENOMEM;
    }
    set_defaults(table, loaded);
    int r = path != NULL ? load_file(table, path, loaded, error) : 0;
    if (r == 0)
        r = apply_environment(table, loaded, error);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = apply_override(table, overrides[i], loaded, error);
    if (r == 0)
        r = apply_credentials(table, loaded, error);
    if (r == 0)
        r = read_missing_lists(table, loaded, error);
    if (r == 0)
        r = check_together(table, loaded, error);
    if (r == 0)
        memcpy(out, loaded, table->size);
    else
        config_end(table, loaded);
    free(loaded);
    return r;
}

int config_check_files(const struct config_table *table, const void *config,
                       char error[CONFIG_ERROR_SIZE])
{
    for (size_t i = 0; i < table->n; i++) {
        const struct config_option *o = &table->options[i];
        const char *path = (const char *)config + o->offset;
        if (names_file(o) && *path != '\0' && access(path, R_OK) != 0) {
            snprintf(error, CONFIG_ERROR_SIZE, "%s: %s cannot be read: %s", o->key, path,
                     strerror(errno));
            return -EINVAL;
        }
    }
    return 0;
}

static size_t value_size(const struct config_option *o)
{
    if (o->type == CONFIG_STRING)
        return (size_t)o->max + 1;
    return o->type == CONFIG_INT ? sizeof(int64_t) : sizeof(bool);
}

int config_reload(const struct config_table *table, const char *path, const char *const *overrides,
                  size_t n, const void *running, void *out, size_t *kept,
                  char error[CONFIG_ERROR_SIZE])
{
    int r = config_load(table, path, overrides, n, out, error);
    *kept = 0;
    for (size_t i = 0; r == 0 && i < table->n; i++) {
        const struct config_option *o = &table->options[i];
        char *fresh = (char *)out + o->offset;
        const char *old = (const char *)running + o->offset;
        if (o->reload || memcmp(fresh, old, value_size(o)) == 0)
            continue;
        memcpy(fresh, old, value_size(o));
        (*kept)++;
    }
    if (r < 0 || (r = check_together(table, out, error)) == 0)
        return r;
    config_end(table, out);
    return r;
}

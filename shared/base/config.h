/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: a table defines the keys, libconfig reads the file, and the result is a struct of
 * plain values.
 *
 * Strings in the struct are char arrays, and only lists are pointers, so assignment copies a
 * configuration. Keys are dotted paths: "redis.port" is `redis: { port = 6379; };` in the file.
 * Every error names the file and line (or the --set or environment variable) and what was expected.
 * For the main thread only. */
#ifndef ONRUSH_CONFIG_H
#define ONRUSH_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum config_type {
    CONFIG_INT,    /* int64_t; min and max are the range */
    CONFIG_BOOL,   /* bool */
    CONFIG_STRING, /* char[max + 1]; min is the shortest length */
};

struct config_option {
    const char *key;
    enum config_type type;
    size_t offset; /* into the struct */
    int64_t min, max;
    const char *initial;            /* the default, as text */
    const char *unit;               /* "ms", "bytes", "" */
    bool reload;                    /* SIGHUP applies a change */
    int (*check)(const char *text); /* for strings: below 0 if not acceptable; NULL: any */
    const char *expected;           /* the acceptable values, for the message */
};

#define CONFIG_ERROR_SIZE 512

struct config_setting_t; /* libconfig's */

/* A list at the top level of the file. The program reads it into an object of its own; SIGHUP
 * reloads it. */
struct config_list {
    const char *key;
    size_t offset; /* of a pointer to the object */
    /* read: creates *out; `list` is NULL if the file has none. Returns 0, or a negative errno after
     * config_fail(). */
    int (*read)(void **out, const struct config_setting_t *list, const char *path, char *error);
    void (*free)(void *object); /* NULL is fine */
};

struct config_table {
    const struct config_option *options;
    size_t n;
    size_t size; /* of the struct */
    const struct config_list *lists;
    size_t n_lists;
    /* check: checks the values against each other. Returns 0, or -EINVAL and a message of at most
     * CONFIG_ERROR_SIZE bytes. May be NULL. */
    int (*check)(const void *config, char *error);
};

/* config_variable: the environment variable that overrides a key: ONRUSH_REDIS_PORT for
 * "redis.port". Unknown variables are ignored, because all programs share one environment. */
#define CONFIG_VARIABLE_SIZE 144
void config_variable(const char *key, char name[CONFIG_VARIABLE_SIZE]);

/* config_load: applies the defaults, then `path` (NULL: no file), the environment, and the `n`
 * overrides "KEY=VALUE". An empty key that ends in _file then takes the systemd credential of its
 * name, if there is one: "redis.password_file" takes $CREDENTIALS_DIRECTORY/onrush_redis.password.
 * Returns 0, or -EINVAL, writes a message to `error` and leaves *out alone. */
int config_load(const struct config_table *table, const char *path, const char *const *overrides,
                size_t n, void *out, char error[CONFIG_ERROR_SIZE]);

/* config_check_files: checks that the files named by keys ending in _file are readable. Returns 0,
 * or -EINVAL and a message. Only for the start: a running daemon has read them, and they may be
 * gone by the next reload. */
int config_check_files(const struct config_table *table, const void *config,
                       char error[CONFIG_ERROR_SIZE]);

/* config_end: frees the lists in `config`. */
void config_end(const struct config_table *table, void *config);

/* config_fail: writes "FILE:LINE: message" to `error`, for the setting `at` in `path` or in a file
 * that it includes. Returns -EINVAL. */
int config_fail(const struct config_setting_t *at, const char *path, char *error,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* config_reload: like config_load(), but changes only the keys marked `reload`; the others keep
 * their value from *running. `kept` counts those that differ in the file. On failure *out is not
 * valid. */
int config_reload(const struct config_table *table, const char *path, const char *const *overrides,
                  size_t n, const void *running, void *out, size_t *kept,
                  char error[CONFIG_ERROR_SIZE]);

/* config_print: writes a file that config_load() reads. */
void config_print(FILE *out, const struct config_table *table, const void *config);

/* config_read_secret: reads the first line of `path` into `secret`; for an empty path, an empty
 * secret. Returns 0, -EINVAL (empty or too long), or another negative errno. */
int config_read_secret(const char *path, char *secret, size_t size);

#endif

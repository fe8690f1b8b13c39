/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: a table says which keys there are; libconfig reads the file; a struct of plain
 * values comes out.
 *
 * The struct holds no pointers (strings are char arrays) except those of lists, so a copy is an
 * assignment. Keys are dotted paths: "redis.port" is `redis: { port = 6379; };` in the file. Every
 * error names file and line (or the --set or the variable that was wrong) and what was expected.
 * Not thread safe; called by the main thread only. */
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
    const char *initial;            /* the default, as it stands in a file without quotes */
    const char *unit;               /* "ms", "bytes", "" */
    bool reload;                    /* SIGHUP takes a changed value */
    int (*check)(const char *text); /* strings: 0 when acceptable; NULL: any */
    const char *expected;           /* for `check`: what is acceptable */
};

#define CONFIG_ERROR_SIZE 512

struct config_setting_t; /* libconfig's */

/* A list at the top level of the file, which the program reads into an object of its own. SIGHUP
 * reloads it. */
struct config_list {
    const char *key;
    size_t offset; /* of a pointer to the object */
    /* read: makes *out; `list` is NULL when the file has none. 0, or a negative errno with a
     * message from config_fail(). */
    int (*read)(void **out, const struct config_setting_t *list, const char *path, char *error);
    void (*free)(void *object); /* NULL is fine */
};

struct config_table {
    const struct config_option *options;
    size_t n;
    size_t size; /* of the struct */
    const struct config_list *lists;
    size_t n_lists;
    /* check: do the values go together? 0, or -EINVAL with a message of at most CONFIG_ERROR_SIZE
     * bytes. May be NULL. */
    int (*check)(const void *config, char *error);
};

/* config_variable: the environment variable that overrides a key: "redis.port" is
 * ONRUSH_REDIS_PORT. A variable that is no key of the table is somebody else's: the programs share
 * one environment. */
#define CONFIG_VARIABLE_SIZE 144
void config_variable(const char *key, char name[CONFIG_VARIABLE_SIZE]);

/* config_load: defaults, then `path` (NULL: no file), then the environment, then the `n` overrides
 * "KEY=VALUE". A key that ends in _file and is still empty takes the credential of systemd with its
 * name, if there is one: "redis.password_file" is
 * $CREDENTIALS_DIRECTORY/onrush_redis.password. 0, or -EINVAL with a message in `error` and *out
 * untouched. */
int config_load(const struct config_table *table, const char *path, const char *const *overrides,
                size_t n, void *out, char error[CONFIG_ERROR_SIZE]);

/* config_check_files: checks that every file a key names (a key that ends in _file) is readable. 0,
 * or -EINVAL with a message. For a start: a file that a running daemon has read may be gone by the
 * next reload. */
int config_check_files(const struct config_table *table, const void *config,
                       char error[CONFIG_ERROR_SIZE]);

/* config_end: frees the lists of what config_load() or config_reload() has filled in. */
void config_end(const struct config_table *table, void *config);

/* config_fail: writes "FILE:LINE: message" to `error`, for a setting that stands at `at` in `path`
 * or in a file it includes. Returns -EINVAL. */
int config_fail(const struct config_setting_t *at, const char *path, char *error,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* config_reload: as config_load(), but takes over only the keys that may change while running; the
 * others keep the value they have in *running. `kept` counts those that differ in the file. When it
 * fails, *out is not to be used. */
int config_reload(const struct config_table *table, const char *path, const char *const *overrides,
                  size_t n, const void *running, void *out, size_t *kept,
                  char error[CONFIG_ERROR_SIZE]);

/* config_print: as a file that config_load() reads. */
void config_print(FILE *out, const struct config_table *table, const void *config);

/* config_read_secret: the first line of the file `path` into `secret`; an empty path gives an empty
 * secret. 0, -EINVAL (empty or too long) or a negative errno. */
int config_read_secret(const char *path, char *secret, size_t size);

#endif

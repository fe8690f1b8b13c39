/* SPDX-License-Identifier: Apache-2.0 */
/* shared/base/config: defaults, file, overrides; and the exact text of every error. */
#include "tests/support/test.h"

#include "shared/base/config.h"
#include "shared/daemon/daemon_config.h"
#include "tests/support/child.h"
#include "tests/support/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct settings {
    int64_t workers, port, big;
    bool quick;
    char name[9], colour[9];
};

static int check_colour(const char *text)
{
    return strcmp(text, "red") == 0 || strcmp(text, "blue") == 0 ? 0 : -EINVAL;
}

#define AT(field) offsetof(struct settings, field)

static const struct config_option options[] = {
    {"workers", CONFIG_INT, AT(workers), 1, 64, "2", "", true, NULL, NULL},
    {"net.port", CONFIG_INT, AT(port), 1, 65535, "8080", "", false, NULL, NULL},
    {"net.quick", CONFIG_BOOL, AT(quick), 0, 0, "true", "", true, NULL, NULL},
    {"net.big", CONFIG_INT, AT(big), -5, INT64_C(1) << 40, "1099511627776", "ms", false, NULL,
     NULL},
    {"look.name", CONFIG_STRING, AT(name), 2, 8, "noon", "", false, NULL, NULL},
    {"look.colour", CONFIG_STRING, AT(colour), 0, 8, "red", "", true, check_colour, "red or blue"},
};

static const struct config_table table = {
    .options = options,
    .n = LENGTH(options),
    .size = sizeof(struct settings),
};

static const struct settings defaults = {.workers = 2,
                                         .port = 8080,
                                         .big = 1099511627776,
                                         .quick = true,
                                         .name = "noon",
                                         .colour = "red"};

static const char *path; /* the tests' configuration file */

/* The result of the last load() or reload(). */
static struct settings got;
static size_t kept;
static char error[CONFIG_ERROR_SIZE];

static const char *const no_sets[] = {NULL};

/* load: loads the file `from` (NULL: none), then `sets`, which end with NULL. */
static int load(const char *from, const char *const *sets)
{
    size_t n = 0;
    while (sets[n] != NULL)
        n++;
    return config_load(&table, from, sets, n, &got, error);
}

static int reload(const struct settings *running)
{
    return config_reload(&table, path, NULL, 0, running, &got, &kept, error);
}

static void check_got(const struct settings *want)
{
    assert_int_equal(got.workers, want->workers);
    assert_int_equal(got.port, want->port);
    assert_int_equal(got.big, want->big);
    assert_int_equal(got.quick, want->quick);
    assert_string_equal(got.name, want->name);
    assert_string_equal(got.colour, want->colour);
}

BEFORE_ALL(make_dir)
{
    assert_int_equal(chdir(tempdir_make()), 0);
    path = "test.cfg";
}

TEST(test_defaults)
{
    assert_int_equal(load(NULL, no_sets), 0);
    check_got(&defaults);
}

TEST(test_file_then_overrides)
{
    static const char *const sets[] = {"workers=7", "look.colour=blue", "workers=9", NULL};
    static const struct settings want = {9, 80, 5, false, "dawn", "blue"};
    file_write(path, "workers = 3;\nnet: { port = 0x50; quick = false; big = 5L; };\n"
                     "look: { name = \"dawn\"; };\n");
    assert_int_equal(load(path, sets), 0);
    check_got(&want);
}

static const struct {
    const char *file, *set, *error;
} errors[] = {
    {"\nfast = 1;\n", NULL, "test.cfg:2: there is no key fast; --print-config lists them all"},
    {"net: {\n speed = 1;\n};\n", NULL,
     "test.cfg:2: there is no key net.speed; --print-config lists them all"},
    {"port = 1;\n", NULL, "test.cfg:1: there is no key port; --print-config lists them all"},
    {"net = 1;\n", NULL, "test.cfg:1: net: expected a group in { }"},
    {"ne = 1;\n", NULL, "test.cfg:1: there is no key ne; --print-config lists them all"},
    {"workers: { n = 1; };\n", NULL, "test.cfg:1: workers: expected a whole number"},
    {"neck: { n = 1; };\n", NULL,
     "test.cfg:1: there is no key neck.n; --print-config lists them all"},
    {"workers = \"2\";\n", NULL, "test.cfg:1: workers: expected a whole number"},
    {"workers = 2.0;\n", NULL, "test.cfg:1: workers: expected a whole number"},
    {"workers = true;\n", NULL, "test.cfg:1: workers: expected a whole number"},
    {"workers = [2];\n", NULL, "test.cfg:1: workers: expected a whole number"},
    {"workers = (2);\n", NULL, "test.cfg:1: workers: expected a whole number"},
    {"net: { quick = 1; };\n", NULL, "test.cfg:1: net.quick: expected true or false"},
    {"net: { quick = \"true\"; };\n", NULL, "test.cfg:1: net.quick: expected true or false"},
    {"look: { name = 12; };\n", NULL, "test.cfg:1: look.name: expected a text in quotes"},
    {"workers = 0;\n", NULL, "test.cfg:1: workers = 0 is out of range: expected 1 to 64"},
    {"\n\nworkers = 65;\n", NULL, "test.cfg:3: workers = 65 is out of range: expected 1 to 64"},
    {"net: {\n\n\n big = -6; };\n", NULL,
     "test.cfg:4: net.big = -6 is out of range: expected -5 to 1099511627776 ms"},
    {"look: { name = \"x\"; };\n", NULL, "test.cfg:1: look.name has 1 bytes: expected 2 to 8"},
    {"look: { name = \"123456789\"; };\n", NULL,
     "test.cfg:1: look.name has 9 bytes: expected 2 to 8"},
    {"look: { colour = \"green\"; };\n", NULL,
     "test.cfg:1: look.colour = \"green\": expected red or blue"},
    {"workers = 2;\nnet: { port = ; };\n", NULL, "test.cfg:2: syntax error"},
    {"workers = ;\n", NULL, "test.cfg:1: syntax error"},
    {"workers = 2;\nworkers = 3;\n", NULL, "test.cfg:2: duplicate setting name"},
    {"", "workers", "--set: workers: expected KEY=VALUE"},
    {"", "", "--set: : expected KEY=VALUE"},
    {"", "=1", "--set: there is no key ; --print-config lists them all"},
    {"", "fast=1", "--set: there is no key fast; --print-config lists them all"},
    {"", "net=1", "--set: there is no key net; --print-config lists them all"},
    {"", "workers=", "--set: workers = : expected a whole number"},
    {"", "workers=2x", "--set: workers = 2x: expected a whole number"},
    {"", "workers=2.5", "--set: workers = 2.5: expected a whole number"},
    {"", "workers=99999999999999999999",
     "--set: workers = 99999999999999999999: expected a whole number"},
    {"", "workers=65", "--set: workers = 65 is out of range: expected 1 to 64"},
    {"", "net.quick=yes", "--set: net.quick = yes: expected true or false"},
    {"", "look.name=123456789", "--set: look.name has 9 bytes: expected 2 to 8"},
    {"", "look.name=", "--set: look.name has 0 bytes: expected 2 to 8"},
    {"", "look.colour=green", "--set: look.colour = \"green\": expected red or blue"},
};

TEST(test_errors)
{
    struct settings before;
    memset(&before, 0x5a, sizeof before);
    got = before;
    for (size_t i = 0; i < LENGTH(errors); i++) {
        file_write(path, "%s", errors[i].file);
        assert_int_equal(load(path, (const char *const[]){errors[i].set, NULL}), -EINVAL);
        assert_string_equal(error, errors[i].error);
        assert_memory_equal(&got, &before, sizeof got);
    }
}

TEST(test_missing_file)
{
    assert_int_equal(load("no/such.cfg", no_sets), -EINVAL);
    assert_string_equal(error, "no/such.cfg: cannot be read: No such file or directory");
}

/* An error message is truncated to its buffer, however long path and key are. */
TEST(test_very_long_path)
{
    struct settings s;
    char large[4 * CONFIG_ERROR_SIZE], deep[PATH_MAX] = "", set[4 * CONFIG_ERROR_SIZE];
    memset(large, '#', sizeof large);
    for (int i = 0; i < 300; i++)
        strcat(deep, "./");
    file_write(path, "fast = 1;\n");
    strcat(deep, path);
    assert_int_equal(config_load(&table, deep, NULL, 0, &s, large), -EINVAL);
    assert_true(strlen(large) < CONFIG_ERROR_SIZE);
    memset(set, 'x', sizeof set - 1);
    set[sizeof set - 1] = '\0';
    assert_int_equal(config_load(&table, NULL, (const char *const[]){set}, 1, &s, large), -EINVAL);
    memcpy(set, "workers=", 8);
    assert_int_equal(config_load(&table, NULL, (const char *const[]){set}, 1, &s, large), -EINVAL);
    for (size_t i = CONFIG_ERROR_SIZE; i < sizeof large; i++)
        assert_int_equal(large[i], '#');
}

TEST(test_long_key)
{
    char key[201] = "";
    memset(key, 'k', 200);
    file_write(path, "%s = 1;\n", key);
    assert_int_equal(load(path, no_sets), -EINVAL);
    assert_string_equal(error, "test.cfg:1: the name is too long");
}

TEST(test_reload_keeps_what_cannot_change)
{
    static const struct settings want = {5, 8080, 1099511627776, false, "noon", "blue"};
    file_write(path, "workers = 5;\nnet: { port = 99; quick = false; };\n"
                     "look: { name = \"dawn\"; colour = \"blue\"; };\n");
    assert_int_equal(reload(&defaults), 0);
    check_got(&want);
    assert_int_equal(kept, 2);
    file_write(path, "%s", "");
    assert_int_equal(reload(&defaults), 0);
    check_got(&defaults);
    assert_int_equal(kept, 0);
}

TEST(test_reload_of_a_bad_file)
{
    got = defaults;
    file_write(path, "workers = 5;\nlook: { colour = \"green\"; };\n");
    assert_int_equal(reload(&defaults), -EINVAL);
    assert_string_equal(error, "test.cfg:2: look.colour = \"green\": expected red or blue");
    check_got(&defaults);
}

/* Values that conflict are refused, both among loaded ones and with those that a reload keeps. */
static int few_ports(const void *config, char *why)
{
    const struct settings *s = config;
    if (s->port >= s->workers)
        return 0;
    snprintf(why, CONFIG_ERROR_SIZE, "%d ports are too few", (int)s->port);
    return -EINVAL;
}

TEST(test_values_that_do_not_go_together)
{
    struct config_table checked = table;
    struct settings running = defaults;
    got = defaults;
    checked.check = few_ports;
    file_write(path, "workers = 5;\nnet: { port = 4; };\n");
    assert_int_equal(config_load(&checked, path, NULL, 0, &got, error), -EINVAL);
    assert_string_equal(error, "4 ports are too few");
    check_got(&defaults);
    running.port = 3;
    file_write(path, "workers = 5;\nnet: { port = 6; };\n"); /* the port needs a restart */
    assert_int_equal(config_load(&checked, path, NULL, 0, &got, error), 0);
    assert_int_equal(config_reload(&checked, path, NULL, 0, &running, &got, &kept, error), -EINVAL);
    assert_string_equal(error, "3 ports are too few");
}

TEST(test_print_and_load_again)
{
    static const char *const sets[] = {"workers=7", "net.quick=false", "net.big=-5",
                                       "look.name=a\"\\nb\\", NULL};
    assert_int_equal(load(NULL, sets), 0);
    struct settings printed = got;
    FILE *out = fopen(path, "we");
    config_print(out, &table, &printed);
    fclose(out);
    if (load(path, no_sets) != 0)
        fail_msg("%s", error);
    check_got(&printed);
}

TEST(test_print)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    config_print(out, &table, &defaults);
    fclose(out);
    assert_non_null(strstr(text, "workers = 2;\n"));
    assert_non_null(strstr(text, "look: {\n    name = \"noon\";\n    colour = \"red\";\n};\n"));
    assert_non_null(strstr(text, "big = 1099511627776L;\n"));
    free(text);
}

/* --- the environment --- */

TEST(test_environment)
{
    static const char *const sets[] = {"net.big=7", NULL};
    static const char *const variables[][2] = {
        {"ONRUSH_NET_PORT", "81"},    {"ONRUSH_NET_QUICK", "false"}, {"ONRUSH_NET_BIG", "6"},
        {"ONRUSH_LOOK_NAME", "dawn"}, {"ONRUSH_SPEED", "9"}, /* belongs to another program */
    };
    static const struct settings want = {3, 81, 7, false, "dawn", "red"};
    file_write(path, "workers = 3;\nnet: { port = 80; big = 5L; };\n");
    for (size_t i = 0; i < LENGTH(variables); i++)
        setenv(variables[i][0], variables[i][1], 1);
    assert_int_equal(load(path, sets), 0);
    check_got(&want);
    for (size_t i = 0; i < LENGTH(variables); i++)
        unsetenv(variables[i][0]);
}

static const struct {
    const char *variable, *value, *error;
} wrong_variables[] = {
    {"ONRUSH_WORKERS", "two", "ONRUSH_WORKERS: workers = two: expected a whole number"},
    {"ONRUSH_WORKERS", "", "ONRUSH_WORKERS: workers = : expected a whole number"},
    {"ONRUSH_NET_PORT", "0", "ONRUSH_NET_PORT: net.port = 0 is out of range: expected 1 to 65535"},
    {"ONRUSH_NET_QUICK", "yes", "ONRUSH_NET_QUICK: net.quick = yes: expected true or false"},
    {"ONRUSH_LOOK_COLOUR", "green",
     "ONRUSH_LOOK_COLOUR: look.colour = \"green\": expected red or blue"},
};

TEST(test_wrong_variables)
{
    for (size_t i = 0; i < LENGTH(wrong_variables); i++) {
        setenv(wrong_variables[i].variable, wrong_variables[i].value, 1);
        assert_int_equal(load(NULL, no_sets), -EINVAL);
        assert_string_equal(error, wrong_variables[i].error);
        unsetenv(wrong_variables[i].variable);
    }
}

/* --print-config hides the secrets in URLs. */
TEST(test_urls)
{
    static const char *const good[] = {"", "http://h", "https://h:4318/v1/traces", "http://h/@"};
    static const char *const bad[] = {"h",
                                      "ftp://h",
                                      "http:/h",
                                      "http://user:pass@h/v1",
                                      "https://token@h",
                                      "http://h/v1?key=secret"};
    for (size_t i = 0; i < LENGTH(good); i++)
        assert_int_equal(config_check_url(good[i]), 0);
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_int_not_equal(config_check_url(bad[i]), 0);
}

/* A secret comes from systemd's directory unless the key names a file. */
TEST(test_credentials)
{
    struct {
        char token_file[64], key_file[64];
    } s;
    static const struct config_option files[] = {
        {"net.token_file", CONFIG_STRING, 0, 0, 63, "", "", false, NULL, NULL},
        {"look.key_file", CONFIG_STRING, 64, 0, 63, "", "", false, NULL, NULL},
    };
    static const struct config_table secret_table = {
        .options = files, .n = LENGTH(files), .size = sizeof s};
    static const char *const sets[] = {"net.token_file=mine"};
    fclose(fopen("onrush_net.token", "we"));
    setenv("CREDENTIALS_DIRECTORY", ".", 1);
    assert_int_equal(config_load(&secret_table, NULL, NULL, 0, &s, error), 0);
    assert_string_equal(s.token_file, "./onrush_net.token");
    assert_string_equal(s.key_file, "");
    assert_int_equal(config_load(&secret_table, NULL, sets, 1, &s, error), 0);
    assert_string_equal(s.token_file, "mine");
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_int_equal(config_load(&secret_table, NULL, NULL, 0, &s, error), 0);
    assert_string_equal(s.token_file, "");
}

/* A daemon does not start if a file that it must read is missing. */
TEST(test_files_that_cannot_be_read)
{
    struct {
        char name[64], key_file[64];
    } s = {.name = "no/such"};
    static const struct config_option rows[] = {
        {"look.name", CONFIG_STRING, 0, 0, 63, "", "", false, NULL, NULL},
        {"look.key_file", CONFIG_STRING, 64, 0, 63, "", "", false, NULL, NULL},
    };
    static const struct config_table files = {.options = rows, .n = LENGTH(rows), .size = sizeof s};
    assert_int_equal(config_check_files(&files, &s, error), 0); /* no file is named */
    strcpy(s.key_file, "no/such");
    assert_int_equal(config_check_files(&files, &s, error), -EINVAL);
    assert_string_equal(error, "look.key_file: no/such cannot be read: No such file or directory");
    file_write(path, "x");
    strcpy(s.key_file, path);
    assert_int_equal(config_check_files(&files, &s, error), 0);
}

static const struct {
    const char *file, *secret;
    int result;
} secrets[] = {
    {"pass\n", "pass", 0},
    {"pass", "pass", 0},
    {"pass\r\nmore\n", "pass", 0},
    {"1234567\n", "1234567", 0},
    {"a b\n", "a b", 0},
    {"", "untouched", -EINVAL},
    {"\n", "untouched", -EINVAL},
    {"\npass\n", "untouched", -EINVAL},
    {"12345678\n", "untouched", -EINVAL},
};

TEST(test_secrets)
{
    for (size_t i = 0; i < LENGTH(secrets); i++) {
        char secret[16] = "untouched";
        file_write(path, "%s", secrets[i].file);
        assert_int_equal(config_read_secret(path, secret, 8), secrets[i].result);
        assert_string_equal(secret, secrets[i].secret);
    }
    char secret[16] = "untouched";
    assert_int_equal(config_read_secret("no/such", secret, sizeof secret), -ENOENT);
    assert_string_equal(secret, "untouched");
    assert_int_equal(config_read_secret("", secret, sizeof secret), 0);
    assert_string_equal(secret, "");
}

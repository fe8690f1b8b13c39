/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/trusted_proxies: networks, X-Forwarded-For, and the client's address. */
#include "tests/support/test.h"

#include "gateway/config.h"
#include "tests/support/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/onrush-address-XXXXXX";

static int load(const char *list, struct gateway_config *config, char *error)
{
    file_write(path, "trusted_proxies = %s;\n", list);
    return config_load(&gateway_config_table, path, NULL, 0, config, error);
}

static const char *const bad[] = {
    "(\"10.0.0.0/33\")",
    "(\"10.0.0.1/8\")",
    "(\"10.0.0.0/\")",
    "(\"10.0.0.0/x\")",
    "(\"10.0.0.0/-1\")",
    "(\"10.0.0\")",
    "(\"localhost\")",
    "(\"\")",
    "(1)",
    "(\"::/129\")",
    "(\"::1/64\")",
    "(\"10.0.0.0/8 \")",
};

TEST(test_bad_networks)
{
    for (size_t i = 0; i < LENGTH(bad); i++) {
        struct gateway_config config;
        char error[CONFIG_ERROR_SIZE] = "";
        if (load(bad[i], &config, error) != -EINVAL ||
            strstr(error, ":1: trusted_proxies: ") == NULL)
            fail_msg("%s: \"%s\"", bad[i], error);
    }
}

static const struct {
    const char *peer, *lines[3], *client;
} hops[] = {
    {"192.0.2.1", {NULL}, "192.0.2.1"},
    {"192.0.2.1", {"198.51.100.7"}, "192.0.2.1"}, /* not trusted: ignored */
    {"10.1.2.3", {NULL}, "10.1.2.3"},
    {"10.1.2.3", {"198.51.100.7"}, "198.51.100.7"},
    {"::ffff:10.1.2.3", {"198.51.100.7"}, "198.51.100.7"},
    {"10.1.2.3", {"203.0.113.9, 198.51.100.7"}, "198.51.100.7"}, /* the left entry may be forged */
    {"10.1.2.3", {"203.0.113.9, 198.51.100.7 ,\t10.9.9.9"}, "198.51.100.7"},
    {"10.1.2.3", {"203.0.113.9", "198.51.100.7", "10.9.9.9"}, "198.51.100.7"},
    {"10.1.2.3", {"203.0.113.9", "10.8.8.8,10.9.9.9"}, "203.0.113.9"},
    {"10.1.2.3", {"10.8.8.8,10.9.9.9"}, "10.8.8.8"}, /* all are proxies: the farthest one */
    {"10.1.2.3", {"198.51.100.7, unknown"}, "10.1.2.3"},
    {"10.1.2.3", {"198.51.100.7, unknown, 10.9.9.9"}, "10.9.9.9"},
    {"10.1.2.3", {""}, "10.1.2.3"},
    {"10.1.2.3", {","}, "10.1.2.3"},
    {"10.1.2.3", {"198.51.100.7:1234"}, "10.1.2.3"},
    {"11.0.0.1", {"198.51.100.7"}, "11.0.0.1"},
    {"2001:db8::1", {"2001:db9::1"}, "2001:db9::1"},
    {"2001:db9::1", {"198.51.100.7"}, "2001:db9::1"},
    {"192.168.7.129", {"198.51.100.7"}, "198.51.100.7"},
    {"192.168.7.127", {"198.51.100.7"}, "192.168.7.127"},
};

static struct address parse(const char *text)
{
    struct address a;
    assert_int_equal(address_parse(text, strlen(text), &a), 0);
    return a;
}

TEST(test_hops)
{
    struct gateway_config config;
    char error[CONFIG_ERROR_SIZE] = "";
    if (load("(\"10.0.0.0/8\", \"192.168.7.128/25\", \"2001:db8::/32\", \"127.0.0.1\")", &config,
             error) < 0)
        fail_msg("%s", error);
    for (size_t i = 0; i < LENGTH(hops); i++) {
        struct address peer = parse(hops[i].peer), want = parse(hops[i].client), got;
        size_t n = 0;
        while (n < 3 && hops[i].lines[n] != NULL)
            n++;
        got = proxies_client(config.trusted_proxies, &peer, hops[i].lines, n);
        if (memcmp(&got, &want, sizeof got) != 0)
            fail_msg("line %zu: %s", i, hops[i].client);
    }
    config_end(&gateway_config_table, &config);
}

/* An IPv4 address is one client; so is an IPv6 network of 64 bits. */
TEST(test_keys)
{
    struct address a = parse("198.51.100.7"), b = parse("198.51.100.8"), ka, kb;
    address_key(&a, &ka);
    address_key(&b, &kb);
    assert_memory_not_equal(&ka, &kb, sizeof ka);
    a = parse("2001:db8:1:2::7");
    b = parse("2001:db8:1:2:ffff::8");
    address_key(&a, &ka);
    address_key(&b, &kb);
    assert_memory_equal(&ka, &kb, sizeof ka);
    b = parse("2001:db8:1:3::7");
    address_key(&b, &kb);
    assert_memory_not_equal(&ka, &kb, sizeof ka);
}

TEST(test_sockets)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr other = {.sa_family = AF_UNIX};
    struct address got, want = parse("198.51.100.7");
    inet_pton(AF_INET, "198.51.100.7", &v4.sin_addr);
    inet_pton(AF_INET6, "::ffff:198.51.100.7", &v6.sin6_addr);
    assert_int_equal(address_of((const struct sockaddr *)&v4, &got), 0);
    assert_memory_equal(&got, &want, sizeof got);
    assert_int_equal(address_of((const struct sockaddr *)&v6, &got), 0);
    assert_memory_equal(&got, &want, sizeof got);
    assert_int_equal(address_of(&other, &got), -EINVAL);
}

BEFORE_ALL(make_file)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

AFTER_ALL(remove_file)
{
    assert_int_equal(remove(path), 0);
}

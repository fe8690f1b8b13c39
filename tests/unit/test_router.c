/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/router, gateway/route_table: paths, percent-decoding, wait. */
#include "tests/support/test.h"

#include "gateway/router.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The gateway's routes, and some more. */
static const struct {
    const char *path, *name, *user; /* name: NULL: not found */
    const char *allow, *get, *post; /* the original path */
} paths[] = {
    {"/v1/campaigns/noon/requests", "noon", NULL, "POST", NULL, "/v1/campaigns/{name}/requests"},
    {"/v1/campaigns/noon/requests/u-1", "noon", "u-1", "GET, HEAD",
     "/v1/campaigns/{name}/requests/{user}", NULL},
    {"/v1/campaigns/noon", "noon", NULL, "GET, HEAD", "/v1/campaigns/{name}", NULL},
    {"/v1/campaigns/requests/requests", "requests", NULL, "POST", NULL,
     "/v1/campaigns/{name}/requests"},
    {"/v1/campaigns/n%2Fn/requests/a%2Fb", "n%2Fn", "a%2Fb", "GET, HEAD",
     "/v1/campaigns/{name}/requests/{user}", NULL},
    {"/v1/campaigns/noon/requests/requests", "noon", "requests", "GET, HEAD",
     "/v1/campaigns/{name}/requests/{user}", NULL},
    {"/v1/campaigns/{name}", "{name}", NULL, "GET, HEAD", "/v1/campaigns/{name}", NULL},
    {"/coupons/issue", "", NULL, "GET, HEAD, POST", "/coupons/issue", "/coupons/issue"},
    {"/coupons/7/issue", "7", NULL, "POST", NULL, "/coupons/{id}/issue"},
    {"/coupons/7/of/u-1", "7", "u-1", "GET, HEAD", "/coupons/{x}/of/{y}", NULL},
    {"/coupons/issues/issue", "issues", NULL, "POST", NULL, "/coupons/{id}/issue"},
    {.path = "/coupons/issue/issue"}, /* no GET */
    {.path = "/coupons/issue/"},
    {.path = "/coupons"},
    {.path = "/coupons/7"},
    {.path = "/coupons//issue"},
    {.path = "coupons/issue"},
    {.path = ""},
    {.path = "/"},
    {.path = "*"},
    {.path = "/v1"},
    {.path = "/v1/campaigns"},
    {.path = "/v1/campaigns/"},
    {.path = "/v1/campaigns//requests"},
    {.path = "/v1/campaigns/noon/"},
    {.path = "/v1/campaigns/noon/requests/"},
    {.path = "/v1/campaigns/noon/requests/u/"},
    {.path = "/v1/campaigns/noon/requests/u/v"},
    {.path = "/v1/campaigns/noon/request"},
    {.path = "/v1/campaigns/noon/requestsx"},
    {.path = "/V1/campaigns/noon"},
    {.path = "//v1/campaigns/noon"},
    {.path = "/v1/campaigns/a/b"},
    {.path = "/v2/campaigns/noon"},
    {.path = "/metrics"},
    {.path = "/admin/v1/x"},
};

static const struct route more[] = {
    {.path = "/coupons/issue", .op = OP_ENQUEUE, .line = 1},
    {.path = "/coupons/issue", .op = OP_STATUS, .line = 2},
    {.path = "/coupons/{id}/issue", .op = OP_ENQUEUE, .line = 3},
    {.path = "/coupons/{x}/of/{y}", .op = OP_STATUS, .line = 4},
};

static struct routes *new_table(void)
{
    struct routes *routes = routes_new();
    const struct route *other = NULL;
    for (size_t i = 0; i < LENGTH(more); i++)
        assert_int_equal(routes_add(routes, &more[i], &other), 0);
    return routes;
}

static void check_part(const struct route_part *part, const char *want)
{
    assert_int_equal(part->len, want != NULL ? strlen(want) : 0);
    if (want != NULL)
        assert_memory_equal(part->at, want, part->len);
}

static void check_route(const struct route *route, const char *want)
{
    assert_int_equal(route != NULL, want != NULL);
    if (want != NULL)
        assert_string_equal(route->path, want);
}

TEST(test_paths)
{
    struct routes *routes = new_table();
    for (size_t i = 0; i < LENGTH(paths); i++) {
        struct route_part parts[ROUTE_PARTS_MAX] = {0};
        const struct route_node *node = routes_find(routes, paths[i].path, parts);
        if ((node != NULL) != (paths[i].name != NULL))
            fail_msg("%s", paths[i].path);
        if (node == NULL)
            continue;
        check_route(node->get, paths[i].get);
        check_route(node->post, paths[i].post);
        assert_string_equal(route_node_allow(node), paths[i].allow);
        check_part(&parts[0], paths[i].name);
        check_part(&parts[1], paths[i].user);
    }
    routes_free(routes);
}

TEST(test_same_route_twice)
{
    struct routes *routes = new_table();
    const struct route *other = NULL;
    static const struct route again[] = {
        {.path = "/coupons/{other}/issue", .op = OP_ENQUEUE, .line = 9},
        {.path = "/v1/campaigns/{a}", .op = OP_STATUS, .line = 9},
    };
    assert_int_equal(routes_add(routes, &again[0], &other), -EEXIST);
    assert_ptr_equal(other, &more[2]);
    assert_int_equal(routes_add(routes, &again[1], &other), -EEXIST);
    assert_string_equal(other->path, "/v1/campaigns/{name}");
    routes_free(routes);
}

TEST(test_too_many)
{
    struct routes *routes = routes_new();
    static struct route many[ROUTES_MAX + 1];
    static char text[ROUTES_MAX + 1][8];
    const struct route *other;
    for (int i = 0; i <= ROUTES_MAX; i++) {
        snprintf(text[i], sizeof text[i], "/r%d", i);
        many[i] = (struct route){.path = text[i], .op = OP_ENQUEUE, .line = 1};
        assert_int_equal(routes_add(routes, &many[i], &other), i < ROUTES_MAX ? 0 : -E2BIG);
    }
    routes_free(routes);
}

TEST(test_names)
{
    static const struct route_name names[] = {{"1", "one"}, {"10", "ten"}, {"COUPON2025", "noon"}};
    const struct route route = {.names = names, .n_names = LENGTH(names)};
    assert_string_equal(route_name_find(&route, "1"), "one");
    assert_string_equal(route_name_find(&route, "10"), "ten");
    assert_string_equal(route_name_find(&route, "COUPON2025"), "noon");
    assert_null(route_name_find(&route, "2"));
    assert_null(route_name_find(&route, ""));
    assert_null(route_name_find(&route, "coupon2025"));
}

static const struct {
    const char *text, *decoded; /* NULL: rejected */
    int len;
} parts[] = {
    {"noon", "noon", 4},
    {"%6eoon", "noon", 4},
    {"%6Eoon", "noon", 4},
    {"a%2fb", "a/b", 3},
    {"a+b", "a+b", 3},
    {"%25", "%", 1},
    {"%00x", "\0x", 2},
    {"%e2%82", "\xe2\x82", 2},
    {"", "", 0},
    {"%2525", "%25", 3},
    {"1234567", "1234567", 7},
    {"%31234567", "1234567", 7},
    {"12345678", NULL, 0},
    {"%", NULL, 0},
    {"%4", NULL, 0},
    {"a%", NULL, 0},
    {"%4g", NULL, 0},
    {"%g4", NULL, 0},
    {"% 4", NULL, 0},
    {"%-1", NULL, 0},
    {"%u0041", NULL, 0},
};

TEST(test_decode)
{
    for (size_t i = 0; i < LENGTH(parts); i++) {
        char out[8];
        struct route_part part = {parts[i].text, strlen(parts[i].text)};
        int n = route_decode(&part, out, sizeof out);
        if (n != (parts[i].decoded != NULL ? parts[i].len : -EINVAL))
            fail_msg("%s: %d", parts[i].text, n);
        if (n >= 0)
            assert_memory_equal(out, parts[i].decoded, (size_t)n + 1);
    }
}

/* Only `len` bytes belong to the part: the byte after it is not one of its digits. */
TEST(test_decode_stays_inside)
{
    char out[8];
    assert_int_equal(route_decode(&(struct route_part){"a%41", 3}, out, sizeof out), -EINVAL);
    assert_int_equal(route_decode(&(struct route_part){"a%41", 2}, out, sizeof out), -EINVAL);
    assert_int_equal(route_decode(&(struct route_part){"a%41", 1}, out, sizeof out), 1);
}

static const struct {
    const char *text;
    int64_t ms; /* -1: rejected */
} waits[] = {
    {"0", 0},          {"1", 1000},     {"30", 30000},
    {"00", 0},         {"05", 5000},    {"0.5", 500},
    {"0.25", 250},     {"1.234", 1234}, {"30.0", 30000},
    {"30.000", 30000}, {"", -1},        {"31", -1},
    {"30.001", -1},    {"300", -1},     {"-1", -1},
    {"+1", -1},        {" 1", -1},      {"1 ", -1},
    {"1s", -1},        {".5", -1},      {"1.", -1},
    {"1.2345", -1},    {"1e1", -1},     {"0x1", -1},
    {"abc", -1},       {"1,5", -1},     {"99999999999999999999", -1},
    {"1..5", -1},
};

TEST(test_wait)
{
    for (size_t i = 0; i < LENGTH(waits); i++) {
        int64_t ms = 4711;
        int r = route_parse_wait(waits[i].text, &ms);
        if (r != (waits[i].ms < 0 ? -EINVAL : 0) || ms != (waits[i].ms < 0 ? 4711 : waits[i].ms))
            fail_msg("\"%s\": %d, %d ms", waits[i].text, r, (int)ms);
    }
}

/* gateway/routes: paths, percent-decoding, wait. */
#include "tests/support/test.h"

#include "gateway/routes.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *path;
    const char *pattern; /* NULL: no route */
    const char *name, *user;
} paths[] = {
    {"/v1/campaigns/noon/requests", "/v1/campaigns/{name}/requests", "noon", NULL},
    {"/v1/campaigns/noon/requests/u-1", "/v1/campaigns/{name}/requests/{user}", "noon", "u-1"},
    {"/v1/campaigns/noon", "/v1/campaigns/{name}", "noon", NULL},
    {"/v1/campaigns/requests/requests", "/v1/campaigns/{name}/requests", "requests", NULL},
    {"/v1/campaigns/n%2Fn/requests/a%2Fb", "/v1/campaigns/{name}/requests/{user}", "n%2Fn",
     "a%2Fb"},
    {"/v1/campaigns/noon/requests/requests", "/v1/campaigns/{name}/requests/{user}", "noon",
     "requests"},
    {"/v1/campaigns/{name}", "/v1/campaigns/{name}", "{name}", NULL},
    {"", NULL, NULL, NULL},
    {"/", NULL, NULL, NULL},
    {"*", NULL, NULL, NULL},
    {"/v1", NULL, NULL, NULL},
    {"/v1/campaigns", NULL, NULL, NULL},
    {"/v1/campaigns/", NULL, NULL, NULL},
    {"/v1/campaigns//requests", NULL, NULL, NULL},
    {"/v1/campaigns/noon/", NULL, NULL, NULL},
    {"/v1/campaigns/noon/requests/", NULL, NULL, NULL},
    {"/v1/campaigns/noon/requests/u/", NULL, NULL, NULL},
    {"/v1/campaigns/noon/requests/u/v", NULL, NULL, NULL},
    {"/v1/campaigns/noon/request", NULL, NULL, NULL},
    {"/v1/campaigns/noon/requestsx", NULL, NULL, NULL},
    {"/V1/campaigns/noon", NULL, NULL, NULL},
    {"//v1/campaigns/noon", NULL, NULL, NULL},
    {"/v1/campaigns/a/b", NULL, NULL, NULL},
    {"/v2/campaigns/noon", NULL, NULL, NULL},
    {"/metrics", NULL, NULL, NULL},
    {"/admin/v1/x", NULL, NULL, NULL},
};

static void check_part(const struct route_part *part, const char *want)
{
    assert_int_equal(part->len, want != NULL ? strlen(want) : 0);
    if (want != NULL)
        assert_memory_equal(part->at, want, part->len);
}

static void test_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(paths); i++) {
        struct route_part name = {0}, user = {0};
        const struct route *route = route_find(paths[i].path, &name, &user);
        if ((route != NULL) != (paths[i].pattern != NULL))
            fail_msg("%s", paths[i].path);
        if (route == NULL)
            continue;
        assert_string_equal(route->pattern, paths[i].pattern);
        check_part(&name, paths[i].name);
        check_part(&user, paths[i].user);
    }
}

static const struct {
    const char *text, *decoded; /* NULL: refused */
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

static void test_decode(void **state)
{
    (void)state;
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

/* Only `len` bytes belong to the part: what stands behind is no digit of it. */
static void test_decode_stays_inside(void **state)
{
    (void)state;
    char out[8];
    assert_int_equal(route_decode(&(struct route_part){"a%41", 3}, out, sizeof out), -EINVAL);
    assert_int_equal(route_decode(&(struct route_part){"a%41", 2}, out, sizeof out), -EINVAL);
    assert_int_equal(route_decode(&(struct route_part){"a%41", 1}, out, sizeof out), 1);
}

static const struct {
    const char *text;
    int64_t ms; /* -1: refused */
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

static void test_wait(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(waits); i++) {
        int64_t ms = 4711;
        int r = route_parse_wait(waits[i].text, &ms);
        if (r != (waits[i].ms < 0 ? -EINVAL : 0) || ms != (waits[i].ms < 0 ? 4711 : waits[i].ms))
            fail_msg("\"%s\": %d, %d ms", waits[i].text, r, (int)ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_decode_stays_inside),
        cmocka_unit_test(test_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

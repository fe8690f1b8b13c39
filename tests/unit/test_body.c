/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/body: the accepted bodies and media types. */
#include "tests/support/test.h"

#include "gateway/body.h"
#include "shared/store/protocol.h"
#include "tests/support/dice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST "123456789.123456789.123456789.123456789.123456789.123456789.1234"

/* parse_user: parses {"user_id": ...} as a worker does. */
static int parse_user(const char *body, size_t len, char user[USER_ID_MAX + 1], uint8_t *user_len)
{
    struct body_field field = {.name = "user_id"};
    int r = body_parse(body, len, &field, 1);
    if (r == 0 && !user_id_valid(field.text, field.len))
        r = -EINVAL;
    if (r < 0)
        return r;
    strcpy(user, field.text);
    *user_len = field.len;
    return 0;
}

static const struct {
    const char *body, *user;
} good[] = {
    {"{\"user_id\":\"u-1\"}", "u-1"},
    {" \t\r\n{ \"user_id\" : \"u-1\" }\n ", "u-1"},
    {"{\"user_id\":\"a:b=c|d~e+f@g_h.i\"}", "a:b=c|d~e+f@g_h.i"},
    {"{\"user_id\":\"" LONGEST "\"}", LONGEST},
    {"{\"user_id\":\"\\u0061nn\"}", "ann"},
    {"{\"user_id\":0}", "0"},
    {"{\"user_id\":42}", "42"},
    {"{\"user_id\":\"042\"}", "042"},
    {"{\"user_id\":9223372036854775807}", "9223372036854775807"},
    {"{\"user_id\":\"u\",\"other\":18446744073709551616}", "u"},
    {"{\"other\":[-9223372036854775809],\"user_id\":\"7\"}", "7"},
    {"{\"other\":[1,{\"user_id\":7}],\"user_id\":\"u\",\"more\":null}", "u"},
};

static const struct {
    const char *body;
    int result;
} bad[] = {
    {"", -EBADMSG},
    {" ", -EBADMSG},
    {"{", -EBADMSG},
    {"}", -EBADMSG},
    {"null", -EBADMSG},
    {"true", -EBADMSG},
    {"42", -EBADMSG},
    {"\"u-1\"", -EBADMSG},
    {"[]", -EBADMSG},
    {"[{\"user_id\":\"u\"}]", -EBADMSG},
    {"{\"user_id\":\"u\"} x", -EBADMSG},
    {"{\"user_id\":\"u\"}{}", -EBADMSG},
    {"{\"user_id\":\"u\",}", -EBADMSG},
    {"{'user_id':'u'}", -EBADMSG},
    {"{user_id:\"u\"}", -EBADMSG},
    {"{\"user_id\":\"u\"", -EBADMSG},
    {"{\"user_id\":\"u", -EBADMSG},
    {"{\"user_id\":\"\xff\"}", -EBADMSG},
    {"{\"user_id\":\"a\nb\"}", -EBADMSG},
    {"{\"user_id\":\"a\\u0000b\"}", -EBADMSG},
    {"{\"user_id\":01}", -EBADMSG},
    {"{\"user_id\":+1}", -EBADMSG},
    {"{\"user_id\":0x1}", -EBADMSG},
    {"{\"user_id\":\"u\",\"user_id\":\"v\"}", -EBADMSG},
    {"user_id=u", -EBADMSG},
    {"{}", -EINVAL},
    {"{\"User_id\":\"u\"}", -EINVAL},
    {"{\"user\":{\"user_id\":\"u\"}}", -EINVAL},
    {"{\"user_id\":\"\"}", -EINVAL},
    {"{\"user_id\":\"" LONGEST "5\"}", -EINVAL},
    {"{\"user_id\":\"a b\"}", -EINVAL},
    {"{\"user_id\":\"a/b\"}", -EINVAL},
    {"{\"user_id\":\"a\\nb\"}", -EINVAL},
    {"{\"user_id\":\"\xc3\xa9\"}", -EINVAL},
    {"{\"user_id\":\"{x}\"}", -EINVAL},
    {"{\"user_id\":null}", -EINVAL},
    {"{\"user_id\":true}", -EINVAL},
    {"{\"user_id\":[\"u\"]}", -EINVAL},
    {"{\"user_id\":{\"id\":\"u\"}}", -EINVAL},
    {"{\"user_id\":-1}", -EINVAL},
    {"{\"user_id\":1.0}", -EINVAL},
    {"{\"user_id\":1e3}", -EINVAL},
    {"{\"user_id\":9223372036854775808}", -EINVAL},
    {"{\"user_id\":1e999}", -EINVAL},
    {"{\"user_id\":7,\"other\":18446744073709551616}", -EINVAL},
    {"{\"other\":18446744073709551616,\"user_id\":\"u\"", -EBADMSG},
    {"[18446744073709551616]", -EBADMSG},
};

TEST(test_good_bodies)
{
    for (size_t i = 0; i < LENGTH(good); i++) {
        char user[USER_ID_MAX + 1];
        uint8_t len = 0;
        if (parse_user(good[i].body, strlen(good[i].body), user, &len) != 0)
            fail_msg("%s", good[i].body);
        assert_string_equal(user, good[i].user);
        assert_int_equal(len, strlen(good[i].user));
    }
}

TEST(test_bad_bodies)
{
    for (size_t i = 0; i < LENGTH(bad); i++) {
        char user[USER_ID_MAX + 1] = "untouched";
        uint8_t len = 99;
        int r = parse_user(bad[i].body, strlen(bad[i].body), user, &len);
        if (r != bad[i].result)
            fail_msg("%s: %d", bad[i].body, r);
        assert_string_equal(user, "untouched");
        assert_int_equal(len, 99);
    }
}

TEST(test_nul_bytes)
{
    char user[USER_ID_MAX + 1];
    uint8_t len;
    assert_int_equal(parse_user("{\"user_id\":\"u\"}\0", 16, user, &len), -EBADMSG);
    assert_int_equal(parse_user("{\"user_id\":\"u\0v\"}", 17, user, &len), -EBADMSG);
    assert_int_equal(parse_user("{\"user_id\":\"u\"}garbage", 15, user, &len), 0);
}

/* Two members at once; one that is missing, empty, too long or of another type has no length. */
TEST(test_two_fields)
{
    struct body_field f[2] = {{.name = "userId"}, {.name = "couponPolicyId"}};
    const char *body = "{\"userId\": 7, \"x\": {}, \"couponPolicyId\": \"1\"}";
    assert_int_equal(body_parse(body, strlen(body), f, 2), 0);
    assert_string_equal(f[0].text, "7");
    assert_string_equal(f[1].text, "1");
    body = "{\"userId\": \"\", \"couponPolicyId\": true}";
    assert_int_equal(body_parse(body, strlen(body), f, 2), 0);
    assert_int_equal(f[0].len + f[1].len, 0);
    body = "{\"userId\": \"" LONGEST "5\"}";
    assert_int_equal(body_parse(body, strlen(body), f, 2), 0);
    assert_int_equal(f[0].len + f[1].len, 0);
}

/* Refuses a depth that would overflow a recursive parser. */
TEST(test_deep_nesting)
{
    enum { DEPTH = 32768 };
    static char body[2 * DEPTH + 32];
    char user[USER_ID_MAX + 1];
    uint8_t len;
    strcpy(body, "{\"a\":");
    memset(body + 5, '[', DEPTH);
    memset(body + 5 + DEPTH, ']', DEPTH);
    strcpy(body + 5 + 2 * DEPTH, ",\"user_id\":\"u\"}");
    assert_int_equal(parse_user(body, strlen(body), user, &len), -EBADMSG);
}

static const struct {
    const char *type;
    bool json;
} types[] = {
    {NULL, false},
    {"", false},
    {"application/json", true},
    {"Application/JSON", true},
    {"application/json; charset=utf-8", true},
    {"application/json;charset=utf-8", true},
    {"application/json ;charset=utf-8", true},
    {"application/jsonp", false},
    {"application/json-patch+json", false},
    {"application/problem+json", false},
    {"application/json, text/plain", false},
    {"text/json", false},
    {"text/plain", false},
    {"application/x-www-form-urlencoded", false},
    {"json", false},
};

TEST(test_media_types)
{
    for (size_t i = 0; i < LENGTH(types); i++) {
        if (body_is_json(types[i].type) != types[i].json)
            fail_msg("%s", types[i].type);
    }
}

/* The most common body is parsed without the JSON library, with the same result. A second member
 * makes the library parse it. */
TEST(test_the_short_way_is_as_the_long_one)
{
    static const char letters[] = "{}\":, \t\\u0aA1\x7f\xc3\x00";
    dice_seed();
    for (int i = 0; i < 200000; i++) {
        char body[] = " {\"user_id\" : \"u-1~\" }\n";
        size_t len = sizeof body - 1;
        for (uint64_t changes = dice(3); changes > 0; changes--)
            body[dice(len)] = letters[dice(sizeof letters - 1)];
        struct body_field plain = {.name = "user_id"},
                          full[2] = {{.name = "user_id"}, {.name = "x"}};
        int r = body_parse(body, len, &plain, 1), want = body_parse(body, len, full, 2);
        if (r != want ||
            (r == 0 && (plain.len != full[0].len || strcmp(plain.text, full[0].text) != 0)))
            fail_msg("%s: %d %s, and %d %s", body, r, plain.text, want, full[0].text);
    }
}

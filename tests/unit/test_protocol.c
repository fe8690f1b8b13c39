/* SPDX-License-Identifier: Apache-2.0 */
/* shared/store/protocol: names, user ids, keys, and the text of a user's state. */
#include "tests/support/test.h"

#include "shared/store/protocol.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LONGEST "123456789.123456789.123456789.123456789.123456789.123456789.1234"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

typedef bool valid_fn(const char *, size_t);

/* check_bytes: checks which of the 256 bytes may come first, and which after a letter. */
static void check_bytes(valid_fn *valid, const char *inside, const char *first)
{
    for (int c = 0; c < 256; c++) {
        const char second[2] = {'x', (char)c}, alone[1] = {(char)c};
        bool may_follow = c != 0 && strchr(inside, c) != NULL;
        bool may_begin = c != 0 && strchr(first, c) != NULL;
        if (valid(second, 2) != may_follow || valid(alone, 1) != may_begin)
            fail_msg("byte %d", c);
    }
}

TEST(test_names)
{
    check_bytes(campaign_name_valid, LETTERS "._-", LETTERS);
    assert_false(campaign_name_valid("", 0));
    assert_true(campaign_name_valid(LONGEST, 64));
    assert_false(campaign_name_valid(LONGEST "5", 65));
    assert_true(campaign_name_valid("noon and more", 4));
}

TEST(test_user_ids)
{
    check_bytes(user_id_valid, LETTERS "._-:@+=|~", LETTERS "._-:@+=|~");
    assert_false(user_id_valid("", 0));
    assert_true(user_id_valid(LONGEST, 64));
    assert_false(user_id_valid(LONGEST "5", 65));
    assert_true(user_id_valid("ann bob", 3));
}

TEST(test_keys)
{
    struct campaign_keys keys;
    campaign_keys_make(&keys, "noon");
    assert_string_equal(keys.text[KEY_META], "onrush:{noon}:meta");
    assert_string_equal(keys.text[KEY_QUEUE], "onrush:{noon}:queue");
    assert_string_equal(keys.text[KEY_USERS], "onrush:{noon}:users");
    campaign_keys_make(&keys, LONGEST);
    assert_string_equal(keys.text[KEY_QUEUE], "onrush:{" LONGEST "}:queue");
    for (int i = 0; i < CAMPAIGN_KEYS; i++)
        assert_int_equal(keys.len[i], strlen(keys.text[i]));
}

TEST(test_campaign_states)
{
    static const char *const texts[] = {"scheduled", "open", "paused", "closed", "settled"};
    static const char *const wrong[] = {"", "Open", "open ", "opened"};
    enum campaign_state s = CAMPAIGN_PAUSED;
    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_int_equal(campaign_state_parse(wrong[i], &s), -EINVAL);
    assert_int_equal(s, CAMPAIGN_PAUSED);
    for (size_t i = 0; i < LENGTH(texts); i++) {
        assert_int_equal(campaign_state_parse(texts[i], &s), 0);
        assert_int_equal(s, i);
        assert_string_equal(campaign_state_text(s), texts[i]);
    }
}

static const struct {
    const char *text;
    struct request_state state;
} good[] = {
    {"n1763640000000123:42:7",
     {.kind = REQUEST_WAITING, .run = 7, .ticket = 1763640000000123, .position = 42}},
    {"n1763640000000123:42",
     {.kind = REQUEST_WAITING, .run = 1, .ticket = 1763640000000123, .position = 42}},
    {"q1763640000000123:42", {.kind = REQUEST_WAITING, .ticket = 1763640000000123, .position = 42}},
    {"q1763640000000123:0", {.kind = REQUEST_WAITING, .ticket = 1763640000000123}},
    {"q1763640000000123", {.kind = REQUEST_WAITING, .ticket = 1763640000000123}},
    {"q18446744073709551615:1", {.kind = REQUEST_WAITING, .ticket = UINT64_MAX, .position = 1}},
    {"g42:7ZK4-AAAA-BBBB-CCCC:17",
     {.kind = REQUEST_GRANTED, .ticket = 17, .serial = 42, .code = "7ZK4-AAAA-BBBB-CCCC"}},
    {"g4294967295:X:17",
     {.kind = REQUEST_GRANTED, .ticket = 17, .serial = UINT32_MAX, .code = "X"}},
    {"s17", {.kind = REQUEST_SOLD_OUT, .ticket = 17}},
    {"rrow-refused:17", {.kind = REQUEST_REFUSED, .ticket = 17, .reason = "row-refused"}},
    {"r12345678901234567890123456789012:17",
     {.kind = REQUEST_REFUSED, .ticket = 17, .reason = "12345678901234567890123456789012"}},
    {"o1763640000000123", {.kind = REQUEST_NOT_OPEN, .opens_us = 1763640000000123}},
    {"f", {.kind = REQUEST_FULL}},
    {"p", {.kind = REQUEST_PAUSED}},
    {"c", {.kind = REQUEST_CLOSED}},
    {"u", {.kind = REQUEST_NONE}},
};

TEST(test_good_states)
{
    for (size_t i = 0; i < LENGTH(good); i++) {
        const struct request_state *want = &good[i].state;
        struct request_state got;
        memset(&got, 0xff, sizeof got);
        if (request_state_parse(good[i].text, strlen(good[i].text), &got) != 0)
            fail_msg("%s", good[i].text);
        assert_int_equal(got.kind, want->kind);
        assert_int_equal(got.run, want->run);
        assert_int_equal(got.ticket, want->ticket);
        assert_int_equal(got.position, want->position);
        assert_int_equal(got.serial, want->serial);
        assert_int_equal(got.opens_us, want->opens_us);
        assert_string_equal(got.code, want->code);
        assert_string_equal(got.reason, want->reason);
    }
}

static const char *const bad[] = {
    "",
    "x",
    "Q17",
    " q17",
    "7",
    "n",
    "n:1",
    "n17:",
    "n17",
    "n17:0:1",
    "n17:1:0",
    "n17:1:x",
    "n17:1:2:",
    "n17:1:4294967296",
    "n18446744073709551615:1:1",
    "n17:18446744073709551615:1",
    "n17:x",
    "n17:1:",
    "n17 ",
    "n17:1:1 ",
    "n-17:1:1",
    "n17:-1:1",
    "n+17:1:1",
    "n 17:1:1",
    "n0x11:1:1",
    "q",
    "q:1",
    "qx",
    "q17x",
    "q17::1",
    "q18446744073709551616",
    "q1.5",
    "g",
    "g:X:17",
    "g1",
    "g1:",
    "g1:X",
    "g1:X:",
    "g1::17",
    "g0:X:17",
    "g-1:X:17",
    "g4294967296:X:17",
    "g1:X:17:",
    "g1:X:17x",
    "g1:X:x",
    "g1:XXXX-XXXX-XXXX-XXXXX:17",
    "g1:X:Y:17",
    "s",
    "sx",
    "s17:1",
    "s-1",
    "r",
    "r:17",
    "rwhy",
    "rwhy:",
    "rwhy:x",
    "rwhy:17:1",
    "r123456789012345678901234567890123:17",
    "o",
    "ox",
    "o17x",
    "o-17",
    "f1",
    "p ",
    "cc",
    "u:",
    "ff",
};

TEST(test_malformed_states)
{
    struct request_state before, s;
    memset(&before, 0x5a, sizeof before);
    s = before;
    for (size_t i = 0; i < LENGTH(bad); i++) {
        if (request_state_parse(bad[i], strlen(bad[i]), &s) != -EINVAL)
            fail_msg("\"%s\" is taken", bad[i]);
    }
    assert_int_equal(request_state_parse("q17\0", 4, &s), -EINVAL);
    assert_int_equal(request_state_parse("q\0"
                                         "17",
                                         4, &s),
                     -EINVAL);
    char long_text[300];
    memset(long_text, '1', sizeof long_text);
    long_text[0] = 'q';
    assert_int_equal(request_state_parse(long_text, sizeof long_text, &s), -EINVAL);
    assert_memory_equal(&s, &before, sizeof s);
}

/* Only `len` bytes are read: the text need not end with a NUL. */
TEST(test_state_is_read_by_length)
{
    struct request_state s;
    assert_int_equal(request_state_parse("q17:42999", 6, &s), 0);
    assert_int_equal(s.position, 42);
}

TEST(test_longest_grant_fits)
{
    char text[USER_STATE_MAX + 1];
    struct request_state s;
    int n = snprintf(text, sizeof text, "g%u:%s:%llu", UINT32_MAX, "ABCD-ABCD-ABCD-ABCD", ~0ull);
    assert_int_equal(n, USER_STATE_MAX);
    assert_int_equal(request_state_parse(text, (size_t)n, &s), 0);
}

/* The order of the reasons for which a campaign turns users away. */
TEST(test_gate)
{
    assert_int_equal(campaign_gate(CAMPAIGN_OPEN, 5, 9, 4, false), REQUEST_NONE);
    assert_int_equal(campaign_gate(CAMPAIGN_OPEN, 5, 9, 8, true), REQUEST_FULL);
    assert_int_equal(campaign_gate(CAMPAIGN_OPEN, 5, 9, 9, true), REQUEST_CLOSED);
    assert_int_equal(campaign_gate(CAMPAIGN_OPEN, 5, 0, INT64_MAX, false), REQUEST_NONE);
    assert_int_equal(campaign_gate(CAMPAIGN_SCHEDULED, 5, 9, 4, true), REQUEST_NOT_OPEN);
    assert_int_equal(campaign_gate(CAMPAIGN_SCHEDULED, 5, 9, 5, false), REQUEST_NONE);
    assert_int_equal(campaign_gate(CAMPAIGN_PAUSED, 5, 9, 4, true), REQUEST_PAUSED);
    assert_int_equal(campaign_gate(CAMPAIGN_PAUSED, 5, 9, 9, false), REQUEST_CLOSED);
    assert_int_equal(campaign_gate(CAMPAIGN_CLOSED, 5, 0, 4, false), REQUEST_CLOSED);
    assert_int_equal(campaign_gate(CAMPAIGN_SETTLED, 5, 0, 4, true), REQUEST_CLOSED);
}

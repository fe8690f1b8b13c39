/* SPDX-License-Identifier: Apache-2.0 */
/* shared/daemon/trace_context: valid traceparents; gateway/request_id: ids that may go into JSON.
 * */
#include "tests/support/test.h"

#include "gateway/request_id.h"
#include "shared/daemon/trace.h"

#include <errno.h>
#include <string.h>

#define GOOD "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

TEST(test_parse_and_format)
{
    struct trace_context c;
    char text[TRACEPARENT_SIZE];
    assert_int_equal(trace_parse(GOOD, &c), 0);
    assert_string_equal(c.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_string_equal(c.span_id, "00f067aa0ba902b7");
    assert_true(c.sampled);
    trace_format(&c, text);
    assert_string_equal(text, GOOD);
    assert_int_equal(trace_parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fe", &c), 0);
    assert_false(c.sampled);
    assert_int_equal(
        trace_parse("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", &c), 0);
    assert_true(c.sampled);
}

TEST(test_bad_ones)
{
    static const char *const bad[] = {
        "",
        "00",
        GOOD "-more",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
        "00-\"bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    };
    for (size_t i = 0; i < LENGTH(bad); i++) {
        struct trace_context c = {.trace_id = "untouched"};
        if (trace_parse(bad[i], &c) != -EINVAL)
            fail_msg("accepted: %s", bad[i]);
        assert_string_equal(c.trace_id, "untouched");
    }
    char cut[sizeof GOOD];
    struct trace_context c;
    for (size_t n = 0; n < strlen(GOOD); n++) {
        memcpy(cut, GOOD, n);
        cut[n] = '\0';
        assert_int_equal(trace_parse(cut, &c), -EINVAL);
    }
}

TEST(test_new_ones_are_good_and_differ)
{
    struct trace_context a, b, read;
    char text[TRACEPARENT_SIZE];
    trace_new(&a);
    trace_new(&b);
    assert_string_not_equal(a.trace_id, b.trace_id);
    assert_string_not_equal(a.span_id, b.span_id);
    trace_format(&a, text);
    assert_int_equal(trace_parse(text, &read), 0);
    assert_string_equal(read.trace_id, a.trace_id);
    assert_string_equal(read.span_id, a.span_id);
}

TEST(test_request_ids)
{
    char longest[REQUEST_ID_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[REQUEST_ID_MAX + 1] = '\0';
    assert_false(request_id_valid(longest));
    longest[REQUEST_ID_MAX] = '\0';
    assert_true(request_id_valid(longest));
    assert_true(request_id_valid("0af7651916cd43dd-8448.eb211_c8"));
    static const char *const bad[] = {"",     " ",  "a b",         "a\"b", "a\\",
                                      "a\nb", "{}", "caf\xc3\xa9", "a=b"};
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_false(request_id_valid(bad[i]));
}

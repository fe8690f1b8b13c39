/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/user_filter: who is told "sold out" without Redis: never a user who has a request. */
#include "tests/support/test.h"

#include "gateway/user_filter.h"

#include <stdio.h>
#include <string.h>

#define USERS 20000

static const struct campaign_head full = {.ready = true,
                                          .state = CAMPAIGN_OPEN,
                                          .quota = 10,
                                          .id = 7,
                                          .epoch = 3,
                                          .admit_limit = USERS,
                                          .admitted = USERS,
                                          .now_us = 1000};

static size_t name(char *text, size_t size, const char *prefix, int i)
{
    return (size_t)snprintf(text, size, "%s%d", prefix, i);
}

static void fill(struct user_filter *m)
{
    *m = (struct user_filter){0};
    assert_int_equal(user_filter_begin(m, &full), 0);
    for (int i = 0; i < USERS; i++) {
        char user[32];
        user_filter_add(m, user, name(user, sizeof user, "u-", i));
    }
    user_filter_read(m);
    user_filter_complete(m);
}

TEST(test_known_users_are_never_forgotten)
{
    struct user_filter m;
    int strangers = 0;
    fill(&m);
    for (int i = 0; i < USERS; i++) {
        char user[32];
        assert_true(user_filter_may_hold(&m, user, name(user, sizeof user, "u-", i)));
        strangers += user_filter_may_hold(&m, user, name(user, sizeof user, "x-", i));
    }
    assert_in_range(strangers, 0, USERS / 500);
    user_filter_drop(&m);
    assert_int_equal(m.stage, FILTER_NONE);
    user_filter_drop(&m);
}

TEST(test_fits_only_what_was_read)
{
    struct user_filter m;
    fill(&m);
    assert_true(user_filter_fits(&m, &full));
    struct campaign_head h = full;
    h.id++;
    assert_false(user_filter_fits(&m, &h));
    h = full;
    h.epoch++;
    assert_false(user_filter_fits(&m, &h));
    h = full;
    h.admitted++;
    assert_false(user_filter_fits(&m, &h));
    h = full;
    h.returned++;
    assert_false(user_filter_fits(&m, &h));
    h = full;
    h.admit_limit--;
    assert_false(user_filter_fits(&m, &h));
    h = full;
    h.admit_limit++;
    h.admitted++;
    assert_false(user_filter_fits(&m, &h));
    h = full;
    h.granted++;
    h.now_us++;
    assert_true(user_filter_fits(&m, &h));
    user_filter_drop(&m);
}

TEST(test_when_a_campaign_is_full)
{
    struct campaign_head h = full;
    assert_true(user_filter_full(&h));
    assert_in_range(user_filter_size(&h), USERS * 2, USERS * 4);
    h.ready = false;
    assert_false(user_filter_full(&h));
    h = full;
    h.admitted--;
    assert_false(user_filter_full(&h));
    assert_int_equal(user_filter_size(&h), 0);
    h = full;
    h.admit_limit = -1;
    assert_false(user_filter_full(&h));
    h = full;
    h.state = CAMPAIGN_PAUSED;
    assert_false(user_filter_full(&h));
    h = full;
    h.closes_us = h.now_us;
    assert_false(user_filter_full(&h));
    h.closes_us++;
    assert_true(user_filter_full(&h));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/soldout.c reads queue and users one after the other while a scheduler moves requests
 * between them. If the head after the last page confirms the filter, it must contain every request.
 * A failure prints its seed; ONRUSH_SEED repeats it. */
#include "tests/functions/queue.h"

#include "gateway/user_filter.h"
#include "tests/support/dice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORIES 200
#define USERS     1000
#define PAGE      20

static struct campaign_head head(void)
{
    struct campaign_head h;
    redisReply *r = ask_reply("status");
    assert_int_equal(redis_head_parse(r->element[0], &h), 0);
    freeReplyObject(r);
    return h;
}

/* settle_some: decides the first ten claimed users: grants all, who leave by their range, or half
 * of them. */
static void settle_some(void)
{
    char line[4096];
    bool all = dice(2) == 0;
    redisReply *r = ask_reply("ZRANGE $queue 0 9 WITHSCORES");
    int64_t mark = head().watermark;
    size_t claimed = 0;
    while (claimed < r->elements && atoll(r->element[claimed + 1]->str) <= mark)
        claimed += 2;
    int n = sprintf(line, "settle 2 %s", all && claimed > 0 ? r->element[1]->str : "0");
    n += sprintf(line + n, " %s", all && claimed > 0 ? r->element[claimed - 1]->str : "0");
    for (size_t i = 0; i < claimed; i += 2)
        n += sprintf(line + n, i / 2 % 2 == 0 && !all ? " %s s%s" : " %s g1:CODE:%s",
                     r->element[i]->str, r->element[i + 1]->str);
    freeReplyObject(r);
    if (claimed > 0)
        assert_int_equal(atoi(ask("%s", line)), claimed / 2);
}

static void revive_or_take_over(void)
{
    if (dice(2) == 0)
        ask("revive 2 %d 30", (int)dice(64));
    else
        ask("publish 2 7 open 10 %d 0 0 0 keep -", USERS);
}

/* move: in `back` percent of the calls moves requests back: a takeover resets the mark and revives
 * the sold out. Otherwise moves them forward: the journal, claims and settles. */
static void move(uint64_t back)
{
    if (dice(100) < back)
        revive_or_take_over();
    else if (dice(8) == 0)
        ask("drain 2 0 u%d ^1", 1 + (int)dice(USERS));
    else if (dice(2) == 0)
        ask("claim 2 30");
    else
        settle_some();
}

/* begin: makes a full campaign; some requests are claimed or decided. */
static void begin(void)
{
    ask("FLUSHALL");
    ask("publish 2 7 open 10 %d 0 0 0 1", USERS);
    char *line = users_line("enqueue", USERS);
    ask("%s", line);
    free(line);
    for (uint64_t i = dice(30); i > 0; i--)
        move(0);
}

static void read_page(struct user_filter *m, const char *key, char cursor[32], uint64_t back)
{
    redisReply *r = ask_reply(textf(
        "%s %s %s COUNT %d", strcmp(key, "$users") == 0 ? "HSCAN" : "ZSCAN", key, cursor, PAGE));
    for (size_t i = 0; i < r->element[1]->elements; i += 2)
        user_filter_add(m, r->element[1]->element[i]->str, r->element[1]->element[i]->len);
    snprintf(cursor, 32, "%s", r->element[0]->str);
    freeReplyObject(r);
    if (dice(3) == 0)
        move(back);
}

static void check_all_known(const struct user_filter *m)
{
    for (int u = 1; u <= USERS; u++) {
        char user[16];
        size_t len = (size_t)sprintf(user, "u%d", u);
        if (!user_filter_may_hold(m, user, len))
            fail_msg("%s has a request, and would be told that there is no coupon left", user);
    }
}

/* history: returns whether the filter was confirmed. */
static bool history(uint64_t back)
{
    static const char *const keys[] = {"$queue", "$users"};
    struct user_filter m = {0};
    begin();
    struct campaign_head h = head();
    assert_int_equal(user_filter_begin(&m, &h), 0);
    for (size_t i = 0; i < LENGTH(keys); i++) {
        char cursor[32] = "0";
        do {
            read_page(&m, keys[i], cursor, back);
        } while (strcmp(cursor, "0") != 0);
    }
    user_filter_read(&m);
    h = head();
    bool confirmed = user_filter_fits(&m, &h);
    user_filter_complete(&m);
    if (confirmed)
        check_all_known(&m);
    user_filter_drop(&m);
    return confirmed;
}

QUEUE_TEST(test_nobody_is_missed)
{
    int confirmed = 0;
    dice_seed();
    for (int i = 0; i < HISTORIES; i++)
        confirmed += history(i % 2 == 0 ? 0 : 2 + dice(30));
    print_message("%d of %d were confirmed\n", confirmed, HISTORIES);
    assert_in_range(confirmed, HISTORIES / 2, HISTORIES - 10);
}

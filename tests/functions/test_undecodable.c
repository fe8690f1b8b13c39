/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign data in a campaign's keys: members that are no user ids, scores that are no tickets,
 * unknown states. None of it ever stops a campaign. */
#include "tests/functions/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A claim returns such members, and the scheduler recognizes them. The mark moves only to a valid
 * ticket, and other requests are not affected. The next claim returns members above the mark again.
 * */
OPEN_TEST(test_claim_answers_what_is_no_ticket)
{
    ask("enqueue a b c d e f");
    ask("ZADD $queue 1 no/id inf f -5 e 1.5 d 1e17 c");
    expect("claim 1 9 0", "2 5 [e -5 no/id 1 d 1.5 a #1 b #2 c 1e+17 f inf]");
    expect("HMGET $meta claimed_to refused moves", "#2 0 1");
    expect("claim 1 1 1", "2 5 [c 1e+17]");
    expect("claim 1 9 2", "2 5 [c 1e+17 f inf]");
    expect("HMGET $meta claimed_to moves", "#2 3");
    expect("enqueue g", "n#7:3");
}

/* With no valid ticket the mark stays, and the next claim does not get stuck. */
OPEN_TEST(test_claim_of_nothing_decodable)
{
    ask("ZADD $queue 0.5 no/id inf other");
    expect("claim 1 1 0", "2 0 [no/id 0.5]");
    expect("HGET $meta claimed_to", "0");
    expect("set_aside 1 no/id", "1");
    expect("claim 1 1 1", "1 0 [other inf]");
    expect("set_aside 1 other", "1");
    expect("claim 1 1 2", "0 0 []");
    expect("HMGET $meta admitted refused moves claimed_to", "0 1 2 0");
}

/* A member that could be a user is refused. Any other was never accepted and is only removed.
 * Neither counts as a move. */
OPEN_TEST(test_set_aside)
{
    ask("enqueue a b c d e");
    ask("ZADD $queue 1 no/id #3 also/none -5 b 1.5 d 1e17 e");
    ask("claim 1 9");
    expect("set_aside 1 no/id also/none b d e", "5");
    expect("ZRANGE $queue 0 -1 WITHSCORES", "a #1 c #3");
    expect("HMGET $users b d e no/id", "rundecodable:0 rundecodable:0 rundecodable:0 -");
    expect("HMGET $meta admitted refused moves", "5 3 1");
    expect("enqueue b", "rundecodable:0");
    expect("set_aside 1 no/id b d e", "0");
    expect("HGET $meta refused", "3");
}

/* A decodable member stays: set-aside cannot refuse a valid user. It ignores absent ones. */
QUEUE_TEST(test_set_aside_of_users)
{
    char longest[65];
    memset(longest, 'x', 64);
    longest[64] = '\0';
    ask(OPEN);
    ask("enqueue a b %s", longest);
    ask("ZADD $queue #4 %sx", longest);
    ask("claim 1 9");
    const char *line = textf("set_aside 1 a b ghost %s", longest);
    expect(line, "0");
    assert_string_equal(ask("%sx", line), "1"); /* 65 letters: not a user id */
    expect("ZCARD $queue", "3");
    expect("EXISTS $users", "0");
    expect("HMGET $meta admitted refused", "3 0");
    expect("set_aside 1", "0");
}

OPEN_TEST(test_set_aside_too_many)
{
    char *line = users_line("set_aside 1", 5001), *some = users_line("set_aside 1", 5000);
    expect(some, "0");
    expect(line, "!BADARGS");
    free(line);
    free(some);
}

/* A granted user keeps the coupon, whatever is put into the queue; no decided user is refused. */
OPEN_TEST(test_set_aside_of_the_decided)
{
    ask("enqueue a b c");
    ask("claim 1 3");
    ask("settle 1 0 0 a g1:A:#1 b s#2 c rwhy:#3");
    ask("ZADD $queue -5 a inf b 0.5 c");
    expect("set_aside 1 a b c", "3");
    expect("EXISTS $queue", "0");
    expect("HMGET $users a b c", "g1:A:#1 s#2 rwhy:#3");
    expect("HMGET $meta admitted granted sold_out refused", "3 1 1 1");
}

/* A claim skips members up to the mark; the next takeover finds them. */
OPEN_TEST(test_spoiled_below_the_mark)
{
    ask("enqueue a b c");
    ask("claim 1 2");
    ask("ZADD $queue 0.5 no/id -5 b");
    expect("claim 1 9", "0 4 [c #3]");
    expect("settle 1 #1 #2 a g1:A:#1 b g2:B:#2", "2");
    expect("ZRANGE $queue 0 -1", "no/id c");
    ask("publish 2 7 open 3 -1 0 0 #2 1");
    expect("claim 2 9", "0 2 [no/id 0.5 c #3]");
    expect("HMGET $meta admitted granted", "3 2");
}

/* A state that cannot be parsed stays for the operator. Strings that only Lua reads as numbers must
 * not become scores. */
OPEN_TEST(test_revive_wants_digits)
{
    static const char *const odd[] = {"sold", "s1e3", "s0x10", "s1.0", "s+7", "s07", "s", "s-1"};
    ask("enqueue a b");
    ask("claim 1 2");
    for (size_t i = 0; i < LENGTH(odd); i++) {
        ask("settle 1 0 0 a s#1 b s#2");
        ask("HSET $users a %s", odd[i]);
        if (strcmp(ask("revive 1 0 10"), "0 1") != 0)
            fail_msg("%s is taken", odd[i]);
        expect("HGET $users a", odd[i]);
        expect("ZRANGE $queue 0 -1", "b");
        expect("HMGET $meta admitted sold_out refused", "2 1 0");
    }
}

/* A member that is no user id is not revived. */
OPEN_TEST(test_revive_wants_users)
{
    ask("HSET $users no/id s#1");
    expect("revive 1 0 10", "0 0");
    expect("HGETALL $users", "no/id s#1");
    expect("EXISTS $queue", "0");
}

/* If a counter is no number, every call fails and changes nothing. */
OPEN_TEST(test_meta_without_numbers)
{
    static const char *const fields[] = {"watermark", "last_ticket", "moves",    "claimed_to",
                                         "admitted",  "granted",     "sold_out", "refused"};
    static const char *const calls[] = {
        "claim 1 1",      "settle 1 0 0 a g1:A:#1", "settle 1 #1 #1 a g1:A:#1",
        "drain 1 0 z #9", "drain 1 0 b ^9",         "set_aside 1 no/id",
        "revive 1 0 10",
    };
    static const char *const values[] = {"x", "1.5", "007", "12345678901234567"};
    ask("enqueue a b c");
    ask("claim 1 1");
    ask("ZADD $queue 0.5 no/id");
    for (size_t f = 0; f < LENGTH(fields); f++) {
        char *sane = strdup(ask("HGET $meta %s", fields[f]));
        for (size_t i = 0; i < LENGTH(calls) * LENGTH(values); i++) {
            ask("HSET $meta %s %s", fields[f], values[i / LENGTH(calls)]);
            const char *call = calls[i % LENGTH(calls)];
            if (strcmp(ask("%s", call), "!WRONGTYPE") != 0)
                fail_msg("%s with %s=%s", call, fields[f], values[i / LENGTH(calls)]);
        }
        ask("HSET $meta %s %s", fields[f], sane);
        free(sane);
    }
    expect("ZRANGE $queue 0 -1 WITHSCORES", "no/id 0.5 a #1 b #2 c #3");
    expect("EXISTS $users", "0");
    expect("HMGET $meta admitted granted moves claimed_to", "3 0 1 #1");
}

OPEN_TEST(test_enqueue_without_a_count)
{
    ask("enqueue a");
    static const char *const fields[] = {"admitted", "claimed_to", "last_ticket"};
    for (size_t i = 0; i < LENGTH(fields); i++) {
        char *sane = strdup(ask("HGET $meta %s", fields[i]));
        ask("HSET $meta %s x", fields[i]);
        assert_int_equal(ask("enqueue b")[0], '!');
        expect("ZRANGE $queue 0 -1", "a");
        ask("HSET $meta %s %s", fields[i], sane);
        free(sane);
    }
}

/* A decision replaces anything in `users` but a coupon. */
OPEN_TEST(test_settle_over_what_nobody_can_read)
{
    ask("enqueue a b");
    ask("claim 1 2");
    ask("HSET $users a what b qwhat");
    expect("enqueue a", "what");
    expect("settle 1 0 0 a g1:A:#1 b s#2", "2");
    expect("HMGET $users a b", "g1:A:#1 s#2");
    expect("HMGET $meta admitted granted sold_out refused", "2 1 1 0");
}

/* Somebody puts a decided user back into the queue: the decision stays, and the next one removes
 * the user. */
OPEN_TEST(test_decided_and_in_the_queue)
{
    ask("enqueue a b");
    ask("claim 1 2");
    ask("settle 1 0 0 a g1:A:#1 b s#2");
    ask("ZADD $queue #3 a #4 b");
    expect("enqueue a b", "g1:A:#1 s#2");
    expect("claim 1 9", "0 2 [a #3 b #4]");
    expect("settle 1 0 0 a g1:A:#1 b s#2", "0");
    expect("EXISTS $queue", "0");
    expect("HMGET $users a b", "g1:A:#1 s#2");
    expect("HMGET $meta admitted granted sold_out refused", "2 1 1 0");
}

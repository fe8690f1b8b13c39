/* SPDX-License-Identifier: Apache-2.0 */
/* onrush_claim and onrush_settle: from the claim to the decision. */
#include "tests/functions/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNTS "HMGET $meta admitted granted sold_out refused"

/* --- claim: a mark --- */

OPEN_TEST(test_claim_reads_in_ticket_order)
{
    ask("enqueue zoe bob ann cid");
    expect("claim 1 3", "1 3 [zoe #1 bob #2 ann #3]");
    expect("HGET $meta claimed_to", "#3");
    expect("claim 1 3", "0 4 [cid #4]");
    expect("HGET $meta claimed_to", "#4");
    expect("claim 1 3", "0 4 []");
    expect("HGET $meta claimed_to", "#4");
}

/* A claim takes nobody out of the queue; a decision does. */
OPEN_TEST(test_the_claimed_stay_in_the_queue)
{
    ask("enqueue a b c");
    ask("claim 1 2");
    expect("ZRANGE $queue 0 -1 WITHSCORES", "a #1 b #2 c #3");
    expect("DBSIZE", "2");
    expect("HMGET $meta admitted last_ticket watermark", "3 #3 #0");
}

/* The mark does not move, and no move is counted. */
OPEN_TEST(test_claim_of_nobody)
{
    expect("claim 1 9", "0 0 []");
    ask("enqueue a b");
    expect("claim 1 0", "2 0 []");
    expect("HMGET $meta claimed_to moves", "0 0");
    ask("claim 1 1");
    expect("claim 1 0", "1 1 []");
    expect("HMGET $meta claimed_to moves", "#1 1");
}

OPEN_TEST(test_settle_takes_out_of_the_queue)
{
    ask("enqueue a b c d");
    ask("claim 1 4");
    expect("settle 1 0 0 a g1:AAAA:#1 b s#2 c rrow-refused:#3", "3");
    expect("ZRANGE $queue 0 -1", "d");
    expect("HMGET $users a b c d", "g1:AAAA:#1 s#2 rrow-refused:#3 -");
    expect(COUNTS, "4 1 1 1");
}

/* The result is the same with and without a range. */
QUEUE_TEST(test_settle_by_range)
{
    static const char *const states[] = {"b g1:A:#2 c g2:B:#3", "b s#2 c s#3",
                                         "b rwhy:#2 c rother:#3"};
    static const char *const counts[] = {"5 2 0 0", "5 0 2 0", "5 0 0 2"};
    static const char *const ranges[] = {"0 0", "#2 #3"};
    for (size_t i = 0; i < LENGTH(states) * LENGTH(ranges); i++) {
        size_t kind = i / LENGTH(ranges);
        queue_open();
        ask("enqueue a b c d e");
        ask("claim 1 4");
        assert_string_equal(ask("settle 1 %s %s", ranges[i % LENGTH(ranges)], states[kind]), "2");
        expect("ZRANGE $queue 0 -1", "a d e");
        expect(COUNTS, counts[kind]);
        expect("HLEN $users", "2");
        expect("HGET $meta moves", "2");
        expect("enqueue e a d", "q#5:1 q#1:0 q#4:0");
    }
}

/* In the usual case one command removes all of them, without a lookup by name. */
OPEN_TEST(test_a_range_is_one_command)
{
    ask("enqueue a b c d");
    ask("claim 1 3");
    ask("CONFIG RESETSTAT");
    expect("settle 1 #1 #3 a g1:A:#1 b g2:B:#2 c g3:C:#3", "3");
    expect("settle 1 0 0 d s#4", "1");
    const char *stats = ask("INFO commandstats");
    assert_non_null(strstr(stats, "cmdstat_zremrangebyscore:calls=1,"));
    assert_non_null(strstr(stats, "cmdstat_zrem:calls=1,"));
    assert_non_null(strstr(stats, "cmdstat_hset:calls=2,"));
}

/* Each queue has four requests up to the mark, and one above. The range is wrong or incomplete, so
 * names decide. `left`: users still in the queue. */
QUEUE_TEST(test_settle_falls_back_to_names)
{
    static const struct {
        const char *name, *call, *left, *counts;
    } cases[] = {
        {"somebody else is in it", "settle 1 #1 #3 a g1:A:#1 c g2:B:#3", "b d e", "5 2 0 0"},
        {"it ends above the mark", "settle 1 #4 #5 d g1:A:#4 e g2:B:#5", "a b c", "5 2 0 0"},
        {"it ends above everybody", "settle 1 #1 #99 a g1:A:#1", "b c d e", "5 1 0 0"},
        {"all of it is above the mark", "settle 1 #5 #5 e g1:A:#5", "a b c d", "5 1 0 0"},
        {"states differ", "settle 1 #1 #3 a g1:A:#1 b s#2 c rwhy:#3", "d e", "5 1 1 1"},
        {"the last state differs", "settle 1 #1 #2 a g1:A:#1 b s#2", "c d e", "5 1 1 0"},
        {"a user twice", "settle 1 #1 #2 a g1:A:#1 b s#2 b s#2", "c d e", "5 1 1 0"},
        {"a user who is a stranger", "settle 1 #1 #1 a g1:A:#1 x g2:B:#9", "b c d e", "6 2 0 0"},
        {"somebody else above the mark", "settle 1 #5 #5 x g1:A:#9", "a b c d e", "6 1 0 0"},
        {"nobody is in it", "settle 1 ^1 ^9 a g1:A:#1", "b c d e", "5 1 0 0"},
        {"it ends before it begins", "settle 1 #2 #1 a g1:A:#1", "b c d e", "5 1 0 0"},
        {"it has no end", "settle 1 #1 0 a g1:A:#1", "b c d e", "5 1 0 0"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        queue_open();
        ask("enqueue a b c d e");
        ask("claim 1 4");
        ask("%s", cases[i].call);
        const char *left = ask("ZRANGE $queue 0 -1");
        if (strcmp(left, cases[i].left) != 0)
            fail_msg("%s: %s wait", cases[i].name, left);
        const char *counts = ask(COUNTS);
        if (strcmp(counts, cases[i].counts) != 0)
            fail_msg("%s: %s", cases[i].name, counts);
    }
}

/* A parked request (MariaDB refused its row, without a note yet) has a ticket within the range. */
OPEN_TEST(test_a_range_keeps_who_is_parked)
{
    ask("enqueue a parked c d");
    ask("claim 1 4");
    expect("settle 1 #1 #4 a g1:A:#1 c g2:B:#3 d g3:C:#4", "3");
    expect("ZRANGE $queue 0 -1 WITHSCORES", "parked #2");
    expect("enqueue parked", "q#2:0");
    expect("settle 1 #2 #2 parked rrow-refused:#2", "1");
    expect("EXISTS $queue", "0");
    expect(COUNTS, "4 3 0 1");
}

/* A foreign member, claimed but not set aside yet, must not hide others. */
OPEN_TEST(test_a_range_with_a_stranger_in_it)
{
    ask("enqueue a b c");
    ask("ZADD $queue #2 no/id");
    ask("claim 1 9");
    expect("settle 1 #1 #3 a g1:A:#1 b g2:B:#2 c g3:C:#3", "3");
    expect("ZRANGE $queue 0 -1", "no/id");
    expect(COUNTS, "3 3 0 0");
}

QUEUE_TEST(test_settle_is_idempotent)
{
    static const char *const settles[] = {"settle 1 0 0 a g1:AAAA:#1 b s#2",
                                          "settle 1 #1 #2 a g1:AAAA:#1 b s#2"};
    for (size_t i = 0; i < LENGTH(settles); i++) {
        queue_open();
        ask("enqueue a b");
        ask("claim 1 2");
        expect(settles[i], "2");
        expect(settles[i], "0");
        expect(COUNTS, "2 1 1 0");
    }
}

/* Also with a range: the call comes again if its answer was lost. */
OPEN_TEST(test_a_range_is_idempotent)
{
    static const char settle[] = "settle 1 #1 #2 a g1:AAAA:#1 b g2:BBBB:#2";
    ask("enqueue a b c");
    ask("claim 1 3");
    expect(settle, "2");
    expect(settle, "0");
    expect(COUNTS, "3 2 0 0");
    expect("ZRANGE $queue 0 -1", "c");
}

OPEN_TEST(test_a_grant_stays_a_grant)
{
    static const char *const attempts[] = {"s#1", "rwhy:#1", "g2:BBBB:#1"};
    static const char *const ranges[] = {"0 0", "#1 #1"};
    ask("enqueue a");
    ask("claim 1 1");
    ask("settle 1 0 0 a g1:AAAA:#1");
    for (size_t i = 0; i < LENGTH(attempts) * LENGTH(ranges); i++) {
        assert_string_equal(
            ask("settle 1 %s a %s", ranges[i % LENGTH(ranges)], attempts[i / LENGTH(ranges)]), "0");
        expect("HGET $users a", "g1:AAAA:#1");
        expect(COUNTS, "1 1 0 0");
    }
}

OPEN_TEST(test_other_decisions_may_change)
{
    ask("enqueue a b");
    ask("claim 1 2");
    ask("settle 1 0 0 a s#1 b rwhy:#2");
    expect("settle 1 0 0 a rwhy:#1 b s#2", "2");
    expect("HMGET $meta granted sold_out refused", "0 1 1");
    expect("settle 1 #1 #2 a g1:A:#1 b g2:B:#2", "2");
    expect(COUNTS, "2 2 0 0");
}

OPEN_TEST(test_settle_an_unknown_user)
{
    expect("settle 1 0 0 ghost g1:A:#1", "1");
    expect("HMGET $meta admitted granted", "1 1");
    expect("enqueue ghost", "g1:A:#1");
}

OPEN_TEST(test_a_user_twice_in_one_settle)
{
    ask("enqueue a b c");
    ask("claim 1 3");
    ask("settle 1 0 0 a g1:A:#1 a g1:A:#1 b s#2 b g2:B:#2 c g3:C:#3 c s#3");
    expect("HMGET $users a b c", "g1:A:#1 g2:B:#2 g3:C:#3");
    expect(COUNTS, "3 3 0 0");
}

/* settle_line: grants the first n users. */
static char *settle_line(const char *range, int n)
{
    char *line = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);
    fprintf(out, "settle 1 %s", range);
    for (int i = 1; i <= n; i++)
        fprintf(out, " u%d g%d:CODE:#%d", i, i, i);
    fclose(out);
    return line;
}

QUEUE_TEST(test_settle_thousands)
{
    enum { USERS = 5000 };
    static const char *const ranges[] = {"0 0", "#1 #5000"};
    for (size_t i = 0; i < LENGTH(ranges); i++) {
        char *line = settle_line(ranges[i], USERS), *enqueue = users_line("enqueue", USERS);
        queue_open();
        freeReplyObject(ask_reply(enqueue));
        freeReplyObject(ask_reply("claim 1 5000"));
        expect("ZCARD $queue", "5000");
        assert_string_equal(ask("%s one-more g1:X:#1", line), "!BADARGS");
        expect(line, "5000");
        expect("EXISTS $queue", "0");
        expect("HMGET $meta admitted granted", "5000 5000");
        expect("HMGET $users u1 u1000 u1001 u2000 u2001 u5000",
               "g1:CODE:#1 g1000:CODE:#1000 g1001:CODE:#1001 g2000:CODE:#2000 "
               "g2001:CODE:#2001 g5000:CODE:#5000");
        free(line);
        free(enqueue);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Takeover and raised quota: settle again, revive, drain; and the fence against the former
 * scheduler. */
#include "tests/functions/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Functions, with the arguments after the epoch. */
static const struct {
    const char *function, *rest;
} fenced[] = {
    {"claim", " 1"},
    {"claim", " 0"},
    {"settle", " 0 0 a g1:A:#1"},
    {"settle", " #1 #1 a g1:A:#1"},
    {"set_aside", " no/id"},
    {"drain", " 0"},
    {"drain", " 0 x ^1"},
    {"revive", " 0 10"},
    {"expire", " 60"},
};

QUEUE_TEST(test_wrong_epoch_changes_nothing)
{
    ask("publish 10 7 open 3 -1 0 0 #0 1");
    ask("enqueue a b c");
    ask("claim 10 2");
    ask("settle 10 0 0 b s#2");
    ask("ZADD $queue -5 no/id");
    char *before = strdup(ask("HGETALL $users")), *head = strdup(ask("HGETALL $meta"));
    for (size_t i = 0; i < LENGTH(fenced); i++) {
        for (int epoch = 9; epoch <= 11; epoch += 2) {
            const char *answer = ask("%s %d%s", fenced[i].function, epoch, fenced[i].rest);
            assert_string_equal(answer, "!STALE");
        }
    }
    expect("HGETALL $users", before);
    expect("HGETALL $meta", head);
    expect("ZRANGE $queue 0 -1", "no/id a c");
    expect("TTL $users", "-1");
    free(before);
    free(head);
}

QUEUE_TEST(test_fenced_without_meta)
{
    for (size_t i = 0; i < LENGTH(fenced); i++) {
        const char *answer = ask("%s 1%s", fenced[i].function, fenced[i].rest);
        assert_string_equal(answer, "!NOCAMPAIGN");
    }
    expect("DBSIZE", "0");
}

/* A settle replaces any state of the user, because Redis may have lost grants. */
OPEN_TEST(test_settle_over_every_state)
{
    ask("enqueue granted lost refused claimed waiting");
    ask("claim 1 4");
    ask("settle 1 0 0 granted g1:A:#1 lost s#2 refused rwhy:#3");
    expect("settle 1 0 0 granted g1:A:#1 lost g2:B:#2 refused g3:C:#3 claimed g4:D:#4 "
           "waiting g5:E:#5 missing g6:F:#6",
           "5");
    expect("HMGET $users granted lost refused claimed waiting missing",
           "g1:A:#1 g2:B:#2 g3:C:#3 g4:D:#4 g5:E:#5 g6:F:#6");
    expect("HMGET $meta admitted granted sold_out refused", "6 6 0 0");
    expect("EXISTS $queue", "0");
    expect("settle 1 0 0 granted g1:A:#1 missing g6:F:#6", "0");
}

/* Redis came back empty: MariaDB's watermark keeps new tickets above old grants. */
QUEUE_TEST(test_empty_redis_is_rebuilt)
{
    ask("publish 3 7 open 3 -1 0 0 #80 0");
    expect("enqueue new", "!NOCAMPAIGN");
    ask("settle 3 0 0 a g1:A:#79 b g2:B:#80");
    ask("publish 3 7 open 3 -1 0 0 #80 1");
    expect("enqueue b new", "g2:B:#80 n#81:1");
    expect("HMGET $meta admitted granted", "3 2");
}

/* sell_out: admits `users` and settles all but the first as sold out. */
static void sell_out(int users)
{
    char *enqueue = users_line("enqueue", users), *line = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);
    fputs("settle 1 0 0 u1 g1:A:#1", out);
    for (int i = 2; i <= users; i++)
        fprintf(out, " u%d s#%d", i, i);
    fclose(out);
    ask(OPEN);
    freeReplyObject(ask_reply(enqueue));
    freeReplyObject(ask_reply("claim 1 5000"));
    freeReplyObject(ask_reply(line));
    free(enqueue);
    free(line);
}

/* revive_all: revives page by page until the cursor is 0; returns how many users came back. */
static int revive_all(int epoch, int page, int *pages)
{
    int sum = 0;
    char cursor[32] = "0";
    *pages = 0;
    do {
        int n;
        assert_int_equal(sscanf(ask("revive %d %s %d", epoch, cursor, page), "%31s %d", cursor, &n),
                         2);
        sum += n;
        (*pages)++;
    } while (strcmp(cursor, "0") != 0);
    return sum;
}

QUEUE_TEST(test_revive_over_many_pages)
{
    int pages;
    sell_out(4000);
    expect("HMGET $meta admitted granted sold_out", "4000 1 3999");
    assert_int_equal(revive_all(1, 100, &pages), 3999);
    assert_true(pages > 10);
    expect("HMGET $meta admitted granted sold_out", "4000 1 0");
    expect("ZCARD $queue", "3999");
    expect("HGETALL $users", "u1 g1:A:#1");
    expect("claim 1 3", "0 3999 []"); /* they are not above the mark */
    ask("publish 2 7 open 3 -1 0 0 #0 1");
    expect("claim 2 3", "3996 3 [u2 #2 u3 #3 u4 #4]");
    assert_int_equal(revive_all(2, 5000, &pages), 0);
}

OPEN_TEST(test_revive_leaves_others_alone)
{
    ask("enqueue granted lost refused claimed waiting");
    ask("claim 1 4");
    ask("settle 1 0 0 granted g1:A:#1 lost s#2 refused rwhy:#3");
    expect("revive 1 0 10", "0 1");
    expect("HMGET $users granted lost refused claimed waiting", "g1:A:#1 - rwhy:#3 - -");
    expect("ZRANGE $queue 0 -1 WITHSCORES", "lost #2 claimed #4 waiting #5");
    expect("HGET $meta claimed_to", "#4");
}

/* Successful claims, settles, drains and revives are counted. The count shows a scheduler that
 * Redis went back in time. */
OPEN_TEST(test_moves_are_counted)
{
    expect("claim 1 1 0", "0 0 []");
    expect("HGET $meta moves", "0");
    ask("enqueue a b c");
    expect("claim 1 1 0", "2 1 [a #1]");
    expect("claim 1 1 0", "!LOST");
    expect("HGET $meta claimed_to", "#1");
    ask("settle 1 0 0 a g1:A:#1");
    expect("claim 1 1 2", "1 1 [b #2]");
    ask("drain 1 #2");
    ask("revive 1 0 10");
    expect("HGET $meta moves", "5");
    expect("publish 2 7 open 3 -1 0 0 #0 1 4", "!LOST");
    expect("HGET $meta epoch", "1");
    expect("publish 2 7 open 3 -1 0 0 #0 1 5", "!LOST");
    ask("publish 2 7 open 3 -1 0 0 #0 keep");
    ask("publish 2 7 open 4 -1 0 0 #0 1 5");
    expect("HMGET $meta epoch quota", "2 4");
}

/* --- onrush_drain --- */

#define QUEUE "ZRANGE $queue 0 -1 WITHSCORES"

/* By arrival, without duplicates; the admission limit does not apply. */
QUEUE_TEST(test_drain)
{
    ask("publish 1 7 open 3 1 0 0 0 1");
    ask("HSET $meta last_ticket #0");
    ask("enqueue a");
    expect("enqueue full", "f");
    expect("drain 1 0 early ^5 late ^12 early ^13 later ^40", "3");
    expect(QUEUE, "early ^5 late ^12 later ^40 a #1");
    expect("HMGET $meta admitted last_ticket moves claimed_to", "4 #1 1 0");
    expect("EXISTS $users", "0");
    expect("drain 1 0 early ^5 late ^12", "0");
    expect("drain 1 0", "0");
    expect(QUEUE, "early ^5 late ^12 later ^40 a #1");
    expect("HMGET $meta admitted moves", "4 3");
    expect("drain 2 0 x ^50", "!STALE");
    expect("enqueue early late", "q^5:1 q^12:2");
}

/* A drained user gets the next ticket that is not in the queue. */
QUEUE_TEST(test_a_drain_takes_no_ticket_twice)
{
    ask("publish 1 7 open 3 -1 0 0 0 1");
    ask("drain 1 0 a ^10 b ^11 c ^13");
    expect("drain 1 0 d ^10 e ^10 f ^13 g ^13", "4");
    expect(QUEUE, "a ^10 b ^11 d ^12 c ^13 e ^14 f ^15 g ^16");
    expect("HGET $meta last_ticket", "^16");
}

/* Nobody enters where the scheduler has decided, or where MariaDB had committed before the
 * takeover. */
QUEUE_TEST(test_a_drain_enters_above_the_mark)
{
    ask("publish 1 7 open 3 -1 0 0 ^4 1");
    ask("drain 1 0 a ^10 b ^20 c ^30");
    ask("claim 1 2");
    expect("drain 1 ^20 x ^8 y ^9", "2");
    expect(QUEUE, "a ^10 b ^20 x ^21 y ^22 c ^30");
    /* The mark is reset; the watermark is not. */
    expect("drain 1 0 z ^3 w ^4", "2");
    expect(QUEUE, "z ^5 w ^6 a ^10 b ^20 x ^21 y ^22 c ^30");
    expect("claim 1 9", "0 7 [z ^5 w ^6 a ^10 b ^20 x ^21 y ^22 c ^30]");
}

/* The mark goes back to the scheduler's value, and never forward. */
QUEUE_TEST(test_a_drain_sets_the_mark_back)
{
    ask("publish 1 7 open 3 -1 0 0 0 1");
    ask("drain 1 0 a ^10 b ^20 c ^30 d ^40");
    ask("claim 1 3");
    expect("drain 1 ^40", "0");
    expect("HGET $meta claimed_to", "^30");
    /* arrived below the mark: gets the place next to it */
    expect("drain 1 ^15 x ^12", "1");
    expect("HGET $meta claimed_to", "^15");
    expect("drain 1 ^30", "0");
    expect("HGET $meta claimed_to", "^15");
    expect("claim 1 2", "2 3 [x ^16 b ^20]");
    expect("drain 1 0", "0");
    expect("claim 1 9", "0 5 [a ^10 x ^16 b ^20 c ^30 d ^40]");
}

/* A user who asked again gets the journal's earlier place; nobody gets a later one. */
QUEUE_TEST(test_a_drain_improves_places)
{
    ask("publish 1 7 open 3 -1 0 0 0 1");
    ask("HSET $meta last_ticket #0");
    ask("enqueue a b c");
    expect("drain 1 0 x ^10 c ^20", "2");
    expect(QUEUE, "x ^10 c ^20 a #1 b #2");
    expect("HMGET $meta admitted last_ticket", "4 #3");
    expect("drain 1 0 x ^10 c ^21 x ^30", "0");
    expect("drain 1 0 c ^5 x ^6 c ^7", "2");
    expect(QUEUE, "c ^5 x ^6 a #1 b #2");
    expect("HGET $meta admitted", "4");
    expect("enqueue c b", "q^5:1 q#2:4");
}

/* If every earlier place is taken, the old one stays. */
QUEUE_TEST(test_a_drain_never_worsens)
{
    ask("publish 1 7 open 3 -1 0 0 0 1");
    ask("drain 1 0 a ^10 b ^11 c ^12 d ^20");
    expect("drain 1 0 b ^10 c ^10", "0");
    expect("drain 1 0 b ^11 c ^15 d ^25", "0");
    expect("drain 1 0 d ^11", "1");
    expect(QUEUE, "a ^10 b ^11 c ^12 d ^13");
    ask("claim 1 1");
    expect("drain 1 ^10 c ^2 d ^3", "0"); /* the next free place is behind both */
    expect(QUEUE, "a ^10 b ^11 c ^12 d ^13");
}

/* A user who is being decided keeps the place; a decided user does not return to the queue. */
QUEUE_TEST(test_a_drain_of_who_is_decided)
{
    ask("publish 1 7 open 3 -1 0 0 0 1");
    ask("drain 1 0 a ^10 b ^20 c ^30 d ^40 e ^50");
    ask("claim 1 4");
    ask("settle 1 0 0 a g1:A:^10 b s^20 c rwhy:^30");
    expect("drain 1 ^40 a ^1 b ^2 c ^3 d ^4 e ^5", "1");
    expect(QUEUE, "d ^40 e ^41");
    expect("HMGET $meta admitted granted sold_out refused", "5 1 1 1");
    expect("drain 1 ^39 d ^5", "0"); /* ^40 is next */
    expect("drain 1 ^38 d ^5", "1");
    expect(QUEUE, "d ^39 e ^41");
}

/* A gateway whose clock is ahead gets no place in the future: Redis' clock counts. */
QUEUE_TEST(test_arrivals_in_the_future)
{
    ask("publish 1 7 open 3 -1 0 0 0 1");
    expect("drain 1 0 a ^10 b #10 c #20", "3");
    expect(QUEUE, "a ^10 b now c now");
    expect("HGET $meta last_ticket", "now");
    ask("HSET $meta last_ticket #5");
    ask("enqueue d");
    expect("drain 1 0 d #50", "1");
    expect(QUEUE, "a ^10 b now c now d now");
    expect("claim 1 9", "0 4 [a ^10 b now c now d now]");
}

/* A member with an invalid score gets a place if it is behind all others; below the mark it is
 * being decided. */
QUEUE_TEST(test_a_drain_of_who_has_no_ticket)
{
    ask("publish 1 7 open 3 -1 0 0 0 1");
    ask("drain 1 0 a ^10 b ^20");
    ask("ZADD $queue inf a -5 b");
    expect("drain 1 0 a ^11 b ^21", "1");
    expect(QUEUE, "b -5 a ^11");
    expect("HGET $meta admitted", "2");
}

/* Several full calls in a row, above their arrivals and above the mark. They must not try the same
 * tickets for each user, which would block Redis for seconds. */
QUEUE_TEST(test_drain_thousands)
{
    enum { USERS = 5000 };
    static const char *const watermarks[] = {"0", "^9000"};
    char *line = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);
    fputs("drain 1 0", out);
    for (int i = 1; i <= USERS; i++)
        fprintf(out, " u%d ^%d", i, i);
    fclose(out);
    for (size_t i = 0; i < LENGTH(watermarks); i++) {
        int first = i == 0 ? 1 : 9001;
        char want[64];
        queue_reset();
        ask("publish 1 7 open 3 -1 0 0 %s 1", watermarks[i]);
        assert_string_equal(ask("%s one-more ^9", line), "!BADARGS");
        expect(line, "5000");
        ask("CONFIG RESETSTAT");
        expect(line, "0");
        const char *calls = strstr(ask("INFO commandstats"), "cmdstat_zcount:calls=");
        assert_true(calls == NULL || atoi(strchr(calls, '=') + 1) <= 2 * USERS);
        snprintf(want, sizeof want, "u4999 ^%d u5000 ^%d", first + 4998, first + 4999);
        expect("ZRANGE $queue 4998 5001 WITHSCORES", want);
        snprintf(want, sizeof want, "5000 ^%d", first + 4999);
        expect("HMGET $meta admitted last_ticket", want);
    }
    free(line);
}

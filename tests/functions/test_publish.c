/* SPDX-License-Identifier: Apache-2.0 */
/* onrush_publish and onrush_expire: the scheduler's copy of the campaign in Redis. */
#include "tests/functions/queue.h"

#include <stdio.h>
#include <string.h>

/* The head: ready state quota admit_limit opens closes epoch admitted granted sold_out refused
 * watermark id, queued claimed now moves instant_wait_ms returned. */
#define UNKNOWN_HEAD "- - - - - - - - - - - - - 0 0 now - - -"

QUEUE_TEST(test_first_publish)
{
    expect("publish 4 7 scheduled 100 110 #5 #9 #2 0", UNKNOWN_HEAD);
    expect("HMGET $meta epoch id state quota admit_limit opens_us closes_us watermark ready",
           "4 7 scheduled 100 110 #5 #9 #2 0");
    expect("HMGET $meta admitted granted sold_out refused last_ticket claimed_to", "0 0 0 0 #2 0");
    expect("publish 5 7 open 100 110 #5 #9 #2 1",
           "0 scheduled 100 110 #5 #9 4 0 0 0 0 #2 7 0 0 now 0 0 0");
    expect("publish 5 7 open 100 110 #5 #9 #2 1",
           "1 open 100 110 #5 #9 5 0 0 0 0 #2 7 0 0 now 0 0 0");
}

/* The argument after the expected moves (- for any) is how long a POST may wait; without it a POST
 * does not wait. */
QUEUE_TEST(test_instant_wait)
{
    ask("publish 4 7 open 100 110 0 0 0 1 - 250");
    expect("publish 4 7 open 100 110 0 0 0 1 any 50",
           "1 open 100 110 0 0 4 0 0 0 0 0 7 0 0 now 0 250 0");
    expect("publish 4 7 open 100 110 0 0 0 1 0", "1 open 100 110 0 0 4 0 0 0 0 0 7 0 0 now 0 50 0");
    expect("HGET $meta instant_wait_ms", "0");
}

OPEN_TEST(test_counters_are_kept)
{
    ask("enqueue a b c d e f");
    ask("claim 1 4");
    ask("settle 1 0 0 a g1:C:#1 b s#2 c rwhy:#3");
    expect("publish 2 7 open 9 -1 0 0 0 keep", "1 open 3 -1 0 0 1 6 1 1 1 #4 7 2 1 now 2 0 0");
    expect("publish 2 7 open 9 -1 0 0 0 keep", "1 open 9 -1 0 0 2 6 1 1 1 #0 7 3 0 now 2 0 0");
    expect("HMGET $meta last_ticket watermark", "#6 #0");
}

QUEUE_TEST(test_watermark_never_falls)
{
    ask("publish 1 7 open 3 -1 0 0 #40 1");
    ask("publish 2 7 open 3 -1 0 0 #30 1");
    expect("HGET $meta watermark", "#40");
    ask("publish 2 7 open 3 -1 0 0 #50 1");
    expect("HGET $meta watermark", "#50");
}

QUEUE_TEST(test_older_epoch_is_stale)
{
    ask("publish 10 7 open 3 -1 0 0 #0 1");
    expect("publish 9 8 closed 4 1 1 1 #9 0", "!STALE");
    expect("publish 10 7 open 3 -1 0 0 #0 1", "1 open 3 -1 0 0 10 0 0 0 0 #0 7 0 0 now 0 0 0");
}

QUEUE_TEST(test_ready)
{
    ask("publish 1 7 open 3 -1 0 0 #0 keep");
    expect("HGET $meta ready", "0");
    ask("publish 1 7 open 3 -1 0 0 #0 1");
    ask("publish 1 7 open 3 -1 0 0 #0 keep");
    expect("HGET $meta ready", "1");
    ask("publish 1 7 open 3 -1 0 0 #0 0");
    ask("publish 1 7 open 3 -1 0 0 #0 keep");
    expect("HGET $meta ready", "0");
}

/* A watermark above that of Redis: Redis came back empty or older. It must not admit before the
 * grants are restored. */
OPEN_TEST(test_a_redis_that_knows_less_is_not_ready)
{
    ask("enqueue a");
    ask("claim 1 1");
    ask("publish 2 7 open 3 -1 0 0 #1 keep"); /* the mark shows that it knows as much */
    expect("HMGET $meta ready watermark claimed_to", "1 #1 0");
    ask("publish 2 7 open 3 -1 0 0 #2 keep");
    expect("HGET $meta ready", "0");
    ask("publish 2 7 open 3 -1 0 0 #2 keep");
    expect("HGET $meta ready", "0");
    ask("publish 2 7 open 3 -1 0 0 #3 1");
    expect("HGET $meta ready", "1");
}

/* If a scheduler expects another number of moves, Redis has lost data: the call says so and changes
 * nothing. */
OPEN_TEST(test_moves)
{
    static const char *const moves[] = {
        "claim 1 2",  "settle 1 #1 #1 a s#1", "settle 1 0 0 a s#1", "drain 1 #9 x #1",
        "drain 1 #9", "revive 1 0 10",        "claim 1 9"};
    ask("enqueue a b c");
    for (size_t i = 0; i < LENGTH(moves); i++) {
        expect("HGET $meta moves", textf("%zu", i));
        ask("%s", moves[i]);
    }
    expect("claim 1 9", "0 4 []"); /* claims nobody: no move */
    expect("enqueue d", "n#5:1");
    expect("HGET $meta moves", "7");
    expect("claim 1 0 6", "!LOST"); /* returns nothing else */
    expect("claim 1 9 6", "!LOST");
    expect("claim 1 9 8", "!LOST");
    expect("publish 2 7 paused 4 -1 0 0 #0 1 6", "!LOST");
    expect("HMGET $meta epoch state quota", "1 open 3");
    expect("HGET $meta claimed_to", "#4");
    expect("claim 1 9 7", "0 5 [d #5]");
    expect("publish 2 7 paused 4 -1 0 0 #0 1 8", "!LOST"); /* no takeover */
    expect("publish 2 7 paused 4 -1 0 0 #0 1 any", "!LOST");
    assert_int_equal(ask("publish 1 7 paused 4 -1 0 0 #0 1 8")[0], '1');
    assert_int_equal(ask("publish 1 7 paused 4 -1 0 0 #0 keep any")[0], '1');
    expect("HGET $meta state", "paused");
}

/* A takeover and the opening reset the mark, so that everybody still in the queue is claimed again
 * with the same ticket. New settings and refused calls do not. */
QUEUE_TEST(test_the_mark)
{
    static const struct {
        const char *publish, *mark;
    } cases[] = {
        {"publish 1 7 closed 9 9 1 #9 0 0 any", "#2"},
        {"publish 1 7 open 3 -1 0 0 #1 1 any 50", "#2"},
        {"publish 1 7 open 3 -1 0 0 #0 1 9", "#2"},   /* LOST */
        {"publish 0 7 open 3 -1 0 0 #0 1", "#2"},     /* STALE */
        {"publish 2 7 open 3 -1 0 0 #0 1 any", "#2"}, /* not published */
        {"publish 1 7 open 3 -1 0 0 #0 1 1", "0"},
        {"publish 1 7 open 3 -1 0 0 #0 keep -", "0"},
        {"publish 1 7 open 3 -1 0 0 #0 keep", "0"},
        {"publish 2 7 open 3 -1 0 0 #0 keep", "0"},
        {"publish 2 7 open 3 -1 0 0 #2 0 - 50", "0"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        queue_open();
        ask("enqueue a b c");
        ask("claim 1 2");
        ask("%s", cases[i].publish);
        const char *mark = ask("HGET $meta claimed_to");
        if (strcmp(mark, cases[i].mark) != 0)
            fail_msg("%s: the mark is %s", cases[i].publish, mark);
        expect("ZRANGE $queue 0 -1 WITHSCORES", "a #1 b #2 c #3");
    }
}

OPEN_TEST(test_claimed_again_after_a_takeover)
{
    ask("enqueue a b c d");
    ask("claim 1 3");
    ask("settle 1 0 0 b g1:A:#2");
    ask("publish 2 7 open 3 -1 0 0 #2 keep -");
    expect("claim 2 1 2", "2 1 [a #1]");
    ask("publish 2 7 open 3 -1 0 0 #2 1 3");
    expect("claim 2 9 3", "0 3 [a #1 c #3 d #4]");
    expect("HGET $meta returned", "0"); /* nobody had left */
}

QUEUE_TEST(test_moves_of_an_empty_redis)
{
    expect("publish 1 7 open 3 -1 0 0 #0 1 3", "!LOST");
    expect("DBSIZE", "0");
    expect("publish 1 7 open 3 -1 0 0 #0 1 0", "!LOST");
}

OPEN_TEST(test_expire_and_publish)
{
    static const char *const keys[] = {"$meta", "$queue", "$users"};
    ask("enqueue a b c");
    ask("claim 1 2");
    ask("settle 1 0 0 a g1:A:#1");
    expect("expire 1 500", "1");
    for (size_t i = 0; i < LENGTH(keys); i++)
        assert_string_equal(ask("TTL %s", keys[i]), "500");
    ask("publish 1 7 open 3 -1 0 0 #0 keep");
    for (size_t i = 0; i < LENGTH(keys); i++)
        assert_string_equal(ask("TTL %s", keys[i]), "-1");
}

/* What somebody else wrote into the keys of a campaign: members that are no user ids, scores that are no tickets, states that
 * nobody can parse. One of them never stops a campaign. */
#include "tests/functions/queue.h"

#include <stdlib.h>
#include <string.h>

/* Members that nobody can decode leave the queue where they are met; the answer ends with them, and the others do not
 * notice. */
static void test_claim_sets_aside(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue a b c d e f");
    ask("ZADD $queue 1 no/id inf f -5 e 1.5 d 9e15 c");
    assert_string_equal(ask("claim 1 9 0"), "0 a #1 b #2 [e no/id d c f]");
    assert_string_equal(ask("HMGET $users a c e no/id"),
                        "- rundecodable:0 rundecodable:0 -"); /* no/id was never accepted */
    assert_string_equal(ask("HMGET $meta admitted refused moves watermark"), "6 4 1 #2");
    assert_string_equal(ask("ZRANGE $claimed 0 -1"), "a b");
    assert_string_equal(ask("claim 1 9 1"), "0");
    assert_string_equal(ask("enqueue g"), "n#7:1");
}

static void test_claim_of_nothing_decodable(void **state)
{
    (void)state;
    ask(OPEN);
    ask("ZADD $queue 1 no/id inf other");
    assert_string_equal(ask("claim 1 1 0"), "1 [no/id]");
    assert_string_equal(ask("claim 1 1 1"), "0 [other]");
    assert_string_equal(ask("HMGET $meta admitted refused moves watermark"), "0 1 2 #0");
}

static void test_claimed_sets_aside(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue a b c");
    ask("claim 1 3");
    ask("ZADD $claimed 0.5 no/id 1e300 c");
    assert_string_equal(ask("claimed 1 1"), "[no/id]");
    assert_string_equal(ask("claimed 1 9"), "a #1 b #2 [c]");
    assert_string_equal(ask("claimed 1 9"), "a #1 b #2");
    assert_string_equal(ask("HMGET $meta admitted refused moves"), "3 1 3");
    assert_string_equal(ask("reclaim 1 9"), "2");
}

static void test_revive_sets_aside(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue a b");
    ask("claim 1 2");
    ask("settle 1 a s#1 b s#2");
    ask("HSET $users a sold");
    assert_string_equal(ask("revive 1 0 10"), "0 1 [a]");
    assert_string_equal(ask("HMGET $users a b"), "rundecodable:0 -");
    assert_string_equal(ask("HMGET $meta admitted sold_out refused"), "2 0 1");
    assert_string_equal(ask("claim 1 9"), "0 b #2");
}

/* What Lua takes for a number, and nobody else does: it would have become q1e3. */
static void test_revive_wants_digits(void **state)
{
    (void)state;
    static const char *const odd[] = {"s1e3", "s0x10", "s1.0", "s+7", "s07", "s"};
    ask(OPEN);
    ask("enqueue a b");
    ask("claim 1 2");
    for (size_t i = 0; i < LENGTH(odd); i++) {
        ask("settle 1 a s#1");
        ask("HSET $users a %s", odd[i]);
        if (strcmp(ask("revive 1 0 10"), "0 0 [a]") != 0)
            fail_msg("%s is taken", odd[i]);
        assert_string_equal(ask("HGET $users a"), "rundecodable:0");
        assert_string_equal(ask("HMGET $meta admitted sold_out refused"), "2 0 1");
    }
}

/* A counter that is no number: every call fails, and nothing has been changed. */
static void test_meta_without_numbers(void **state)
{
    (void)state;
    static const char *const fields[] = {"watermark", "last_ticket", "moves",  "admitted",
                                         "granted",   "sold_out",    "refused"};
    static const char *const calls[] = {"claim 1 1",   "settle 1 a g1:A:#1", "drain 1 z #9",
                                        "claimed 1 9", "reclaim 1 9",        "revive 1 0 10"};
    static const char *const values[] = {"x", "1.5", "007", "12345678901234567"};
    ask(OPEN);
    ask("enqueue a b c");
    ask("claim 1 1");
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
    assert_string_equal(ask("ZRANGE $queue 0 -1"), "b c");
    assert_string_equal(ask("ZRANGE $claimed 0 -1"), "a");
    assert_string_equal(ask("EXISTS $users"), "0");
    assert_string_equal(ask("HMGET $meta admitted granted moves watermark"), "3 0 1 #1");
}

static void test_enqueue_without_a_count(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue a");
    ask("HSET $meta admitted x");
    assert_int_equal(ask("enqueue b")[0], '!');
    assert_string_equal(ask("ZRANGE $queue 0 -1"), "a");
}

/* Whatever stands in `users`, the decision of the scheduler replaces it, unless that is a coupon. */
static void test_settle_over_what_nobody_can_read(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue a b");
    ask("claim 1 2");
    ask("HSET $users a what b qwhat");
    assert_string_equal(ask("enqueue a"), "what");
    assert_string_equal(ask("settle 1 a g1:A:#1 b s#2"), "2");
    assert_string_equal(ask("HMGET $users a b"), "g1:A:#1 s#2");
    assert_string_equal(ask("HMGET $meta admitted granted sold_out refused"), "2 1 1 0");
}

/* Somebody puts one who is decided back into the queue: the decision stays, and the next one about this user takes him out. */
static void test_decided_and_in_the_queue(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue a b");
    ask("claim 1 2");
    ask("settle 1 a g1:A:#1 b s#2");
    ask("ZADD $queue #1 a #2 b");
    assert_string_equal(ask("enqueue a b"), "g1:A:#1 s#2");
    assert_string_equal(ask("claim 1 9"), "0 a #1 b #2");
    assert_string_equal(ask("settle 1 a g1:A:#1 b s#2"), "0");
    assert_string_equal(ask("EXISTS $queue $claimed"), "0");
    ask("ZADD $queue -5 a inf b");
    assert_string_equal(ask("claim 1 9"), "0 [a b]");
    assert_string_equal(ask("HMGET $users a b"), "g1:A:#1 rundecodable:0");
    assert_string_equal(ask("HMGET $meta admitted granted sold_out refused"), "2 1 0 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(test_claim_sets_aside),
        QUEUE_TEST(test_claim_of_nothing_decodable),
        QUEUE_TEST(test_claimed_sets_aside),
        QUEUE_TEST(test_revive_sets_aside),
        QUEUE_TEST(test_revive_wants_digits),
        QUEUE_TEST(test_meta_without_numbers),
        QUEUE_TEST(test_enqueue_without_a_count),
        QUEUE_TEST(test_settle_over_what_nobody_can_read),
        QUEUE_TEST(test_decided_and_in_the_queue),
    };
    return QUEUE_GROUP(tests);
}

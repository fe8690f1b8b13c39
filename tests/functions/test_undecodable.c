/* What somebody else wrote into the keys of a campaign: members that are no user ids, scores that are no tickets, states that
 * nobody can parse. One of them never stops a campaign. */
#include "tests/functions/queue.h"

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
                        "q#1 rundecodable:0 rundecodable:0 -"); /* a stranger was never accepted */
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
    assert_string_equal(ask("HMGET $meta admitted refused moves watermark"), "0 0 2 #0");
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
    assert_string_equal(ask("HMGET $users a b"), "rundecodable:0 q#2");
    assert_string_equal(ask("HMGET $meta admitted sold_out refused"), "2 0 1");
    assert_string_equal(ask("claim 1 9"), "0 b #2");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(test_claim_sets_aside),
        QUEUE_TEST(test_claim_of_nothing_decodable),
        QUEUE_TEST(test_claimed_sets_aside),
        QUEUE_TEST(test_revive_sets_aside),
        QUEUE_TEST(test_settle_over_what_nobody_can_read),
    };
    return QUEUE_GROUP(tests);
}

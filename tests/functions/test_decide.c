/* onrush_claim and onrush_settle: the way of a decision. */
#include "tests/functions/queue.h"

#include <stdio.h>
#include <stdlib.h>

static void test_claim_pops_in_ticket_order(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue zoe bob ann cid");
    assert_string_equal(ask("claim 1 3"), "1 zoe #1 bob #2 ann #3");
    assert_string_equal(ask("ZRANGE $claimed 0 -1 WITHSCORES"), "zoe #1 bob #2 ann #3");
    assert_string_equal(ask("ZRANGE $queue 0 -1 WITHSCORES"), "cid #4");
    assert_string_equal(ask("HGET $meta watermark"), "#3");
    assert_string_equal(ask("claim 1 3"), "0 cid #4");
    assert_string_equal(ask("HGET $meta watermark"), "#4");
    assert_string_equal(ask("claim 1 3"), "0");
}

static void test_claimed_reads_in_ticket_order(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue zoe bob ann");
    ask("claim 1 3");
    assert_string_equal(ask("claimed 1 2"), "zoe #1 bob #2");
    assert_string_equal(ask("claimed 1 9"), "zoe #1 bob #2 ann #3");
    assert_string_equal(ask("ZCARD $claimed"), "3");
}

/* The watermark does not fall when old tickets, given back by a reclaim, are claimed again. */
static void test_watermark_does_not_fall(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue a b c");
    ask("claim 1 3");
    ask("reclaim 1 3");
    assert_string_equal(ask("claim 1 1"), "2 a #1");
    assert_string_equal(ask("HGET $meta watermark"), "#3");
}

static void test_settle_moves_the_claimed(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue a b c d");
    ask("claim 1 4");
    assert_string_equal(ask("settle 1 a g1:AAAA:#1 b s#2 c rrow-refused:#3"), "3");
    assert_string_equal(ask("ZRANGE $claimed 0 -1"), "d");
    assert_string_equal(ask("HMGET $users a b c d"), "g1:AAAA:#1 s#2 rrow-refused:#3 -");
    assert_string_equal(ask("HMGET $meta admitted granted sold_out refused"), "4 1 1 1");
}

static void test_settle_is_idempotent(void **state)
{
    (void)state;
    static const char settle[] = "settle 1 a g1:AAAA:#1 b s#2";
    ask(OPEN);
    ask("enqueue a b");
    ask("claim 1 2");
    assert_string_equal(ask(settle), "2");
    assert_string_equal(ask(settle), "0");
    assert_string_equal(ask("HMGET $meta admitted granted sold_out refused"), "2 1 1 0");
    assert_string_equal(ask("settle 1"), "0");
}

static void test_a_grant_stays_a_grant(void **state)
{
    (void)state;
    static const char *const attempts[] = {"s#1", "rwhy:#1", "g2:BBBB:#1"};
    ask(OPEN);
    ask("enqueue a");
    ask("claim 1 1");
    ask("settle 1 a g1:AAAA:#1");
    for (size_t i = 0; i < LENGTH(attempts); i++) {
        assert_string_equal(ask("settle 1 a %s", attempts[i]), "0");
        assert_string_equal(ask("HGET $users a"), "g1:AAAA:#1");
        assert_string_equal(ask("HMGET $meta admitted granted sold_out refused"), "1 1 0 0");
    }
    assert_string_equal(ask("settle 1 a g2:BBBB:#1"), "0");
    assert_string_equal(ask("HGET $users a"), "g1:AAAA:#1");
}

static void test_other_decisions_may_change(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue a b");
    ask("claim 1 2");
    ask("settle 1 a s#1 b rwhy:#2");
    assert_string_equal(ask("settle 1 a rwhy:#1 b s#2"), "2");
    assert_string_equal(ask("HMGET $meta granted sold_out refused"), "0 1 1");
    assert_string_equal(ask("settle 1 a g1:A:#1 b g2:B:#2"), "2");
    assert_string_equal(ask("HMGET $meta admitted granted sold_out refused"), "2 2 0 0");
}

static void test_settle_an_unknown_user(void **state)
{
    (void)state;
    ask(OPEN);
    assert_string_equal(ask("settle 1 ghost g1:A:#1"), "1");
    assert_string_equal(ask("HMGET $meta admitted granted"), "1 1");
    assert_string_equal(ask("enqueue ghost"), "g1:A:#1");
}

static void test_a_user_twice_in_one_settle(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue a b c");
    ask("claim 1 3");
    ask("settle 1 a g1:A:#1 a g1:A:#1 b s#2 b g2:B:#2 c g3:C:#3 c s#3");
    assert_string_equal(ask("HMGET $users a b c"), "g1:A:#1 g2:B:#2 g3:C:#3");
    assert_string_equal(ask("HMGET $meta admitted granted sold_out refused"), "3 3 0 0");
}

static void test_settle_thousands(void **state)
{
    (void)state;
    enum { USERS = 5000 };
    char *line = NULL, *enqueue = users_line("enqueue", USERS);
    size_t size;
    FILE *out = open_memstream(&line, &size);
    fputs("settle 1", out);
    for (int i = 1; i <= USERS; i++)
        fprintf(out, " u%d g%d:CODE:#%d", i, i, i);
    fclose(out);
    ask(OPEN);
    freeReplyObject(ask_reply(enqueue));
    freeReplyObject(ask_reply("claim 1 5000"));
    assert_string_equal(ask("ZCARD $claimed"), "5000");
    assert_string_equal(ask("%s", line), "5000");
    assert_string_equal(ask("ZCARD $claimed"), "0");
    assert_string_equal(ask("HMGET $meta admitted granted"), "5000 5000");
    assert_string_equal(ask("%s one-more g1:X:#1", line), "!BADARGS");
    free(line);
    free(enqueue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(test_claim_pops_in_ticket_order), QUEUE_TEST(test_claimed_reads_in_ticket_order),
        QUEUE_TEST(test_watermark_does_not_fall),    QUEUE_TEST(test_settle_moves_the_claimed),
        QUEUE_TEST(test_settle_is_idempotent),       QUEUE_TEST(test_a_grant_stays_a_grant),
        QUEUE_TEST(test_other_decisions_may_change), QUEUE_TEST(test_settle_an_unknown_user),
        QUEUE_TEST(test_a_user_twice_in_one_settle), QUEUE_TEST(test_settle_thousands),
    };
    return QUEUE_GROUP(tests);
}

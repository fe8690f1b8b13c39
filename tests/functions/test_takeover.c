/* What a scheduler does when it takes over, or when the quota was raised: reclaim, settle anew,
 * revive; and the fence that keeps the one before it out. */
#include "tests/functions/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each with the arguments behind the epoch. */
static const struct {
    const char *function, *rest;
} fenced[] = {
    {"claim", " 1"},     {"settle", " a g1:A:#1"}, {"settle", ""},    {"reclaim", " 1"},
    {"revive", " 0 10"}, {"expire", " 60"},        {"claimed", " 1"},
};

static void test_wrong_epoch_changes_nothing(void **state)
{
    (void)state;
    ask("publish 10 7 open 3 -1 0 0 #0 1");
    ask("enqueue a b c");
    ask("claim 10 2");
    ask("settle 10 b s#2");
    char *before = strdup(ask("HGETALL $users")), *head = strdup(ask("HGETALL $meta"));
    for (size_t i = 0; i < LENGTH(fenced); i++) {
        for (int epoch = 9; epoch <= 11; epoch += 2) {
            const char *answer = ask("%s %d%s", fenced[i].function, epoch, fenced[i].rest);
            assert_string_equal(answer, "!STALE");
        }
    }
    assert_string_equal(ask("HGETALL $users"), before);
    assert_string_equal(ask("HGETALL $meta"), head);
    assert_string_equal(ask("ZRANGE $queue 0 -1"), "c");
    assert_string_equal(ask("ZRANGE $claimed 0 -1"), "a");
    assert_string_equal(ask("TTL $users"), "-1");
    free(before);
    free(head);
}

static void test_fenced_without_meta(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(fenced); i++) {
        const char *answer = ask("%s 1%s", fenced[i].function, fenced[i].rest);
        assert_string_equal(answer, "!NOCAMPAIGN");
    }
    assert_string_equal(ask("DBSIZE"), "0");
}

static void test_reclaim_in_chunks(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue a b c d e f");
    ask("claim 1 5");
    ask("publish 2 7 open 3 -1 0 0 0 keep");
    assert_string_equal(ask("reclaim 2 2"), "2");
    assert_string_equal(ask("ZRANGE $queue 0 -1 WITHSCORES"), "a #1 b #2 f #6");
    assert_string_equal(ask("reclaim 2 2"), "2");
    assert_string_equal(ask("reclaim 2 2"), "1");
    assert_string_equal(ask("reclaim 2 2"), "0");
    assert_string_equal(ask("ZRANGE $queue 0 -1 WITHSCORES"), "a #1 b #2 c #3 d #4 e #5 f #6");
    assert_string_equal(ask("claim 2 6"), "0 a #1 b #2 c #3 d #4 e #5 f #6");
}

/* Grants that Redis may have lost are settled anew: over whatever it knows of the user. */
static void test_settle_over_every_state(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue granted lost refused claimed waiting");
    ask("claim 1 4");
    ask("settle 1 granted g1:A:#1 lost s#2 refused rwhy:#3");
    assert_string_equal(ask("settle 1 granted g1:A:#1 lost g2:B:#2 refused g3:C:#3 claimed g4:D:#4 "
                            "waiting g5:E:#5 missing g6:F:#6"),
                        "5");
    assert_string_equal(ask("HMGET $users granted lost refused claimed waiting missing"),
                        "g1:A:#1 g2:B:#2 g3:C:#3 g4:D:#4 g5:E:#5 g6:F:#6");
    assert_string_equal(ask("HMGET $meta admitted granted sold_out refused"), "6 6 0 0");
    assert_string_equal(ask("EXISTS $queue $claimed"), "0");
    assert_string_equal(ask("settle 1 granted g1:A:#1 missing g6:F:#6"), "0");
}

/* A Redis that came back empty: the watermark of MariaDB keeps new tickets above old grants. */
static void test_empty_redis_is_rebuilt(void **state)
{
    (void)state;
    ask("publish 3 7 open 3 -1 0 0 #80 0");
    assert_string_equal(ask("enqueue new"), "!NOCAMPAIGN");
    ask("settle 3 a g1:A:#79 b g2:B:#80");
    ask("publish 3 7 open 3 -1 0 0 #80 1");
    assert_string_equal(ask("enqueue b new"), "g2:B:#80 n#81:1");
    assert_string_equal(ask("HMGET $meta admitted granted"), "3 2");
}

/* sell_out: admits `users` and settles all of them as sold out but the first. */
static void sell_out(int users)
{
    char *enqueue = users_line("enqueue", users), *line = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);
    fputs("settle 1 u1 g1:A:#1", out);
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

/* revive_all: turns the pages until the cursor is 0 again; gives how many came back. */
static int revive_all(int page, int *pages)
{
    int sum = 0;
    char cursor[32] = "0";
    *pages = 0;
    do {
        int n;
        assert_int_equal(sscanf(ask("revive 1 %s %d", cursor, page), "%31s %d", cursor, &n), 2);
        sum += n;
        (*pages)++;
    } while (strcmp(cursor, "0") != 0);
    return sum;
}

static void test_revive_over_many_pages(void **state)
{
    (void)state;
    int pages;
    sell_out(4000);
    assert_string_equal(ask("HMGET $meta admitted granted sold_out"), "4000 1 3999");
    assert_int_equal(revive_all(100, &pages), 3999);
    assert_true(pages > 10);
    assert_string_equal(ask("HMGET $meta admitted granted sold_out"), "4000 1 0");
    assert_string_equal(ask("ZCARD $queue"), "3999");
    assert_string_equal(ask("HGETALL $users"), "u1 g1:A:#1");
    assert_string_equal(ask("claim 1 3"), "3996 u2 #2 u3 #3 u4 #4");
    assert_int_equal(revive_all(5000, &pages), 0);
}

static void test_revive_leaves_others_alone(void **state)
{
    (void)state;
    ask(OPEN);
    ask("enqueue granted lost refused claimed waiting");
    ask("claim 1 4");
    ask("settle 1 granted g1:A:#1 lost s#2 refused rwhy:#3");
    assert_string_equal(ask("revive 1 0 10"), "0 1");
    assert_string_equal(ask("HMGET $users granted lost refused claimed waiting"),
                        "g1:A:#1 - rwhy:#3 - -");
    assert_string_equal(ask("ZRANGE $queue 0 -1 WITHSCORES"), "lost #2 waiting #5");
    assert_string_equal(ask("ZRANGE $claimed 0 -1"), "claimed");
}

/* Claims that pop something, settles, reclaims and revives are counted; with the count that it
 * expects, a scheduler notices a Redis that went back in time. */
static void test_moves_are_counted(void **state)
{
    (void)state;
    ask(OPEN);
    assert_string_equal(ask("claim 1 1 0"), "0");
    assert_string_equal(ask("HGET $meta moves"), "0");
    ask("enqueue a b c");
    assert_string_equal(ask("claim 1 1 0"), "2 a #1");
    assert_string_equal(ask("claim 1 1 0"), "!LOST");
    assert_string_equal(ask("ZCARD $queue"), "2");
    ask("settle 1 a g1:A:#1");
    assert_string_equal(ask("claim 1 1 2"), "1 b #2");
    ask("reclaim 1 9");
    ask("revive 1 0 10");
    assert_string_equal(ask("HGET $meta moves"), "5");
    assert_string_equal(ask("publish 2 7 open 3 -1 0 0 #0 1 4"), "!LOST");
    assert_string_equal(ask("HGET $meta epoch"), "1");
    assert_string_equal(ask("publish 2 7 open 3 -1 0 0 #0 1 5"), "!LOST");
    ask("publish 2 7 open 3 -1 0 0 #0 keep");
    ask("publish 2 7 open 4 -1 0 0 #0 1 5");
    assert_string_equal(ask("HMGET $meta epoch quota"), "2 4");
}

/* onrush_drain: by arrival, above the watermark, never a ticket that is in use, and nobody twice.
 */
static void test_drain(void **state)
{
    (void)state;
    ask("publish 1 7 open 3 3 0 0 #10 1");
    ask("enqueue a b c");
    assert_string_equal(ask("enqueue full"), "f");
    ask("claim 1 1 0");
    assert_string_equal(ask("HGET $meta watermark"), "#11");
    assert_string_equal(ask("drain 1 early #5 b #6 late #12 early #13 later #40"), "3");
    assert_string_equal(ask("ZRANGE $queue 0 -1 WITHSCORES"),
                        "b #12 c #13 early #14 late #15 later #40");
    assert_string_equal(ask("HMGET $meta admitted last_ticket moves"), "6 #40 2");
    assert_string_equal(ask("EXISTS $users"), "0");
    assert_string_equal(ask("drain 1 early #5 late #12"), "0");
    assert_string_equal(ask("drain 1"), "0");
    assert_string_equal(ask("drain 1 x"), "!BADARGS");
    assert_string_equal(ask("drain 1 x soon"), "!BADARGS");
    assert_string_equal(ask("drain 2 x #50"), "!STALE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(test_wrong_epoch_changes_nothing),
        QUEUE_TEST(test_fenced_without_meta),
        QUEUE_TEST(test_reclaim_in_chunks),
        QUEUE_TEST(test_settle_over_every_state),
        QUEUE_TEST(test_empty_redis_is_rebuilt),
        QUEUE_TEST(test_revive_over_many_pages),
        QUEUE_TEST(test_revive_leaves_others_alone),
        QUEUE_TEST(test_moves_are_counted),
        QUEUE_TEST(test_drain),
    };
    return QUEUE_GROUP(tests);
}

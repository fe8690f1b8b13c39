/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and forms of calls: thousands of users, wrong arguments, memory. */
#include "tests/functions/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* check_order: the reply and the queue have one run of n from the first ticket and position. */
static void check_order(const redisReply *reply, size_t n)
{
    struct request_state s;
    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    assert_int_equal(reply->elements, 1);
    assert_int_equal(request_state_parse(reply->element[0]->str, reply->element[0]->len, &s), 0);
    assert_int_equal(s.run, n);
    assert_int_equal(s.ticket, TICKETS_FROM + 1);
    assert_int_equal(s.position, 1);
    for (size_t i = 1; i <= n; i = 2 * i + 1) {
        assert_string_equal(ask("ZRANGE $queue %zu %zu WITHSCORES", i - 1, i - 1),
                            textf("u%zu #%zu", i, i));
    }
}

QUEUE_TEST(test_thousands_in_one_call)
{
    static const int sizes[] = {1, 999, 1000, 1001, 1999, 2000, 2001, 5000};
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        char *enqueue = users_line("enqueue", sizes[i]), *status = users_line("status", sizes[i]);
        queue_open();
        redisReply *reply = ask_reply(enqueue);
        check_order(reply, (size_t)sizes[i]);
        freeReplyObject(reply);
        reply = ask_reply(status);
        assert_int_equal(reply->elements, sizes[i] + 1);
        freeReplyObject(reply);
        expect("ZCARD $queue", textf("%d", sizes[i]));
        free(enqueue);
        free(status);
    }
}

OPEN_TEST(test_one_too_many)
{
    char *enqueue = users_line("enqueue", 5001), *status = users_line("status", 5001);
    expect(enqueue, "!BADARGS");
    expect(status, "!BADARGS");
    expect("EXISTS $queue $users", "0");
    free(enqueue);
    free(status);
}

static const char *const wrong[] = {
    "publish",
    "publish 1 7 open 3 -1 0 0 #0",
    "publish 1 7 open 3 -1 0 0 #0 1 x",
    "publish 1 7 open 3 -1 0 0 #0 1 0 0 0",
    "publish 1 7 open 3 -1 0 0 #0 1 - x",
    "publish 1 7 open 3 -1 0 0 #0 1 - -1",
    "publish one 7 open 3 -1 0 0 #0 1",
    "publish 2 7 open three -1 0 0 #0 1",
    "publish 2 7 open 3 none 0 0 #0 1",
    "publish 2 7 open 3 -1 soon 0 #0 1",
    "publish 2 7 open 3 -1 0 never #0 1",
    "publish 2 7 open 3 -1 0 0 high 1",
    "publish 2 7 open 3 -1 0 0 #0 yes",
    "publish 2 7 ajar 3 -1 0 0 #0 1",
    "claim",
    "claim 1",
    "claim 1 many",
    "claim 1 -1",
    "claim 1 1.5",
    "claim 1 1 x",
    "claim 1 1 0 0",
    "set_aside",
    "settle",
    "settle 1",
    "settle 1 0",
    "settle 1 0 0",
    "settle 1 0 0 a",
    "settle 1 0 0 a q#1",
    "settle 1 0 0 a g1:A:#1 b",
    "settle 1 0 0 a x",
    "settle 1 0 0 a g1:A:#1 b x",
    "settle 1 a g1:A:#1",
    "settle 1 first #2 a g1:A:#1",
    "settle 1 #1 last a g1:A:#1",
    "settle 1 -1 #2 a g1:A:#1",
    "settle 1 #1 +inf a g1:A:#1",
    "settle 1 (1 #2 a g1:A:#1",
    "drain",
    "drain 1",
    "drain 1 high",
    "drain 1 -1",
    "drain 1 0 x",
    "drain 1 0 x soon",
    "drain 1 0 x -5",
    "drain 1 0 x #1 y",
    "drain 1 x #1",
    "revive",
    "revive 1",
    "revive 1 0",
    "revive 1 0 many",
    "revive 1 x 10",
    "revive 1 0 0",
    "expire",
    "expire 1",
    "expire 1 soon",
    "expire 1 0",
    "expire 1 -1",
};

OPEN_TEST(test_wrong_arguments)
{
    ask("enqueue a b");
    char *meta = strdup(ask("HGETALL $meta")), *users = strdup(ask("HGETALL $users"));
    size_t bad = 0;
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        const char *answer = ask("%s", wrong[i]);
        if (strcmp(answer, "!BADARGS") != 0) {
            print_error("%s: %s\n", wrong[i], answer);
            bad++;
        }
    }
    assert_int_equal(bad, 0);
    expect("HGETALL $meta", meta);
    expect("HGETALL $users", users);
    expect("ZCARD $queue", "2");
    free(meta);
    free(users);
}

static void enqueue_many(int n)
{
    enum { BATCH = 1000 };
    for (int from = 0; from < n; from += BATCH) {
        char *line = NULL;
        size_t size;
        FILE *out = open_memstream(&line, &size);
        fputs("enqueue", out);
        for (int i = from; i < from + BATCH; i++)
            fprintf(out, " user-%07d", i);
        fclose(out);
        freeReplyObject(ask_reply(line));
        free(line);
    }
}

QUEUE_TEST(test_memory_of_a_waiting_user)
{
    enum { USERS = 100000, BYTES = 150 };
    ask("publish 1 7 open 3 -1 0 0 0 1");
    enqueue_many(USERS);
    expect("ZCARD $queue", "100000");
    long bytes = atol(ask("MEMORY USAGE $queue SAMPLES 0"));
    bytes += atol(ask("MEMORY USAGE $meta SAMPLES 0"));
    print_message("%.1f bytes a waiting user\n", (double)bytes / USERS);
    assert_in_range(bytes, USERS * 50, USERS * BYTES);
}

/* A key of the wrong type fails a call before it changes anything: nobody is lost, and no move is
 * counted. */
QUEUE_TEST(test_wrong_type_changes_nothing)
{
    static const char *const keys[] = {"$queue", "$users"};
    static const char *const calls[] = {"claim 1 1",
                                        "settle 1 0 0 a g1:C:#1",
                                        "settle 1 #1 #1 a g1:C:#1",
                                        "set_aside 1 no/id",
                                        "revive 1 0 10",
                                        "drain 1 0 z #9",
                                        "enqueue z",
                                        "status z"};
    for (size_t i = 0; i < LENGTH(keys); i++) {
        queue_open();
        ask("enqueue a b c");
        ask("claim 1 2");
        ask("settle 1 0 0 a s#1");
        const char *before = textf("%s", ask("HGETALL $meta"));
        ask("RENAME %s kept", keys[i]);
        ask("SET %s broken", keys[i]);
        for (size_t j = 0; j < LENGTH(calls); j++) {
            if (strcmp(ask("%s", calls[j]), "!WRONGTYPE") != 0)
                fail_msg("%s, with a broken %s", calls[j], keys[i]);
        }
        ask("RENAME kept %s", keys[i]);
        expect("HGETALL $meta", before);
        expect("ZRANGE $queue 0 -1 WITHSCORES", "b #2 c #3");
        expect("HGETALL $users", "a s#1");
    }
}

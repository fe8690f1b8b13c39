/* SPDX-License-Identifier: Apache-2.0 */
/* onrush_enqueue: tickets, repeated users, closed states, the admission limit. */
#include "tests/functions/queue.h"

#include "shared/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

OPEN_TEST(test_tickets_grow_in_order_of_arrival)
{
    expect("enqueue ann bob cid", "n#1:1 n#2:2 n#3:3");
    expect("enqueue dan", "n#4:4");
    expect("ZRANGE $queue 0 -1 WITHSCORES", "ann #1 bob #2 cid #3 dan #4");
    expect("EXISTS $users", "0");
    expect("HMGET $meta admitted last_ticket", "4 #4");
}

OPEN_TEST(test_no_users)
{
    expect("enqueue", "");
    expect("HGET $meta admitted", "0");
}

/* A burst by the real clock: one millisecond gets many calls, and some microseconds more than one.
 * */
QUEUE_TEST(test_burst_by_the_real_clock)
{
    enum { CALLS = 500, USERS = 10 };
    uint64_t last = (uint64_t)clock_wall_us() - 1000000;
    ask("publish 1 7 open 3 -1 0 0 0 1");
    for (int call = 0; call < CALLS; call++) {
        char line[256];
        int n = snprintf(line, sizeof line, "enqueue");
        for (int u = 0; u < USERS; u++)
            n += snprintf(line + n, sizeof line - (size_t)n, " c%d-%d", call, u);
        redisReply *reply = ask_reply(line);
        struct request_state s;
        assert_int_equal(reply->elements, 1);
        assert_int_equal(request_state_parse(reply->element[0]->str, reply->element[0]->len, &s),
                         0);
        assert_true(s.ticket > last);
        assert_int_equal(s.run, USERS);
        assert_int_equal(s.position, call * USERS + 1);
        last = s.ticket + USERS - 1;
        freeReplyObject(reply);
    }
    assert_true(last <= (uint64_t)clock_wall_us() + 1000000);
}

OPEN_TEST(test_repeated_user_keeps_the_ticket)
{
    expect("enqueue ann bob ann ann", "n#1:1 n#2:2 q#1:1 q#1:1");
    expect("enqueue bob cid ann", "q#2:2 n#3:3 q#1:1");
    expect("HMGET $meta admitted last_ticket", "3 #3");
}

OPEN_TEST(test_decided_user_keeps_the_state)
{
    ask("enqueue ann bob cid dan");
    ask("claim 1 4");
    expect("enqueue ann", "q#1:0");
    ask("settle 1 0 0 ann g1:C:#1 bob s#2 cid rrow-refused:#3");
    expect("enqueue ann bob cid dan", "g1:C:#1 s#2 rrow-refused:#3 q#4:0");
    expect("HMGET $meta admitted last_ticket", "4 #4");
}

struct gate_case {
    const char *name, *publish, *answer;
};

static const struct gate_case gates[] = {
    {"open", "publish 1 7 open 3 -1 0 0 #0 1", "n#1:1"},
    {"scheduled, but the time has come", "publish 1 7 scheduled 3 -1 0 0 #0 1", "n#1:1"},
    {"opens with this very ticket", "publish 1 7 scheduled 3 -1 #1 0 #0 1", "n#1:1"},
    {"opens one microsecond later", "publish 1 7 scheduled 3 -1 #2 0 #0 1", "o#2"},
    {"has opened, and the clock went back", "publish 1 7 open 3 -1 #2 0 #0 1", "n#1:1"},
    {"closes one microsecond later", "publish 1 7 open 3 -1 0 #2 #0 1", "n#1:1"},
    {"closes with this very ticket", "publish 1 7 open 3 -1 0 #1 #0 1", "c"},
    {"closed", "publish 1 7 closed 3 -1 0 0 #0 1", "c"},
    {"closed before it opened", "publish 1 7 closed 3 -1 #9 0 #0 1", "c"},
    {"paused", "publish 1 7 paused 3 -1 0 0 #0 1", "p"},
    {"paused, and its time is over", "publish 1 7 paused 3 -1 0 #1 #0 1", "c"},
    {"paused before it opened", "publish 1 7 paused 3 -1 #9 0 #0 1", "p"},
    {"no room", "publish 1 7 open 3 0 0 0 #0 1", "f"},
    {"closed, no room", "publish 1 7 closed 3 0 0 0 #0 1", "c"},
    {"not ready", "publish 1 7 open 3 -1 0 0 #0 0", "!NOCAMPAIGN"},
};

QUEUE_TEST(test_gate)
{
    for (size_t i = 0; i < LENGTH(gates); i++) {
        queue_reset();
        ask("%s", gates[i].publish);
        const char *answer = ask("enqueue ann");
        if (strcmp(answer, gates[i].answer) != 0)
            fail_msg("%s: %s instead of %s", gates[i].name, answer, gates[i].answer);
        bool in = gates[i].answer[0] == 'n';
        expect("EXISTS $queue $users", in ? "1" : "0");
    }
}

QUEUE_TEST(test_gate_by_the_real_clock)
{
    int64_t now = clock_wall_us(), hour = (int64_t)3600 * 1000000;
    ask("publish 1 7 scheduled 3 -1 %" PRId64 " 0 0 1", now + hour);
    expect("enqueue ann", textf("o%" PRId64, now + hour));
    ask("publish 1 7 open 3 -1 0 %" PRId64 " 0 1", now - 1);
    expect("enqueue ann", "c");
    ask("publish 1 7 open 3 -1 %" PRId64 " %" PRId64 " 0 1", now - 1, now + hour);
    assert_int_equal(ask("enqueue ann")[0], 'n');
}

QUEUE_TEST(test_no_meta)
{
    expect("enqueue ann", "!NOCAMPAIGN");
    expect("DBSIZE", "0");
}

QUEUE_TEST(test_admission_is_bounded)
{
    ask("publish 1 7 open 3 5 0 0 #0 1");
    expect("enqueue a b c d", "n#1:1 n#2:2 n#3:3 n#4:4");
    expect("enqueue e f a g", "n#5:5 f q#1:1 f");
    expect("enqueue f", "f");
    expect("HMGET $meta admitted last_ticket", "5 #5");
    expect("ZRANGE $queue 0 -1", "a b c d e");
    ask("publish 1 7 open 3 6 0 0 #0 keep");
    expect("enqueue f g", "n#6:6 f");
    ask("publish 1 7 open 3 -1 0 0 #0 keep");
    expect("enqueue g h", "n#7:7 n#8:8");
}

/* A decision frees no place: the limit counts everybody ever admitted. */
QUEUE_TEST(test_room_does_not_come_back)
{
    ask("publish 1 7 open 1 2 0 0 #0 1");
    ask("enqueue a b");
    ask("claim 1 2");
    ask("settle 1 0 0 a g1:C:#1 b s#2");
    expect("enqueue c", "f");
}

QUEUE_TEST(test_batch_that_mixes_everything)
{
    ask("publish 1 7 open 3 6 0 0 #0 1");
    ask("enqueue granted lost refused claimed waiting");
    ask("claim 1 4");
    ask("settle 1 0 0 granted g1:C:#1 lost s#2 refused rrow-refused:#3");
    expect("enqueue new granted full new lost refused claimed full waiting",
           "n#6:2 g1:C:#1 f q#6:2 s#2 rrow-refused:#3 q#4:0 f q#5:1");
    ask("publish 1 7 paused 3 -1 0 0 #0 keep any");
    expect("enqueue other granted lost refused claimed waiting new",
           "p g1:C:#1 s#2 rrow-refused:#3 q#4:0 q#5:1 q#6:2");
    ask("publish 1 7 closed 3 -1 0 0 #0 keep any");
    expect("enqueue other granted waiting", "c g1:C:#1 q#5:1");
}

/* Each run of newly queued users has one answer; a known user ends a run. */
OPEN_TEST(test_runs)
{
    static const char *const want[] = {":1:2", ":1", ":3:1", ":2", ":4:2"};
    redisReply *reply = ask_reply("enqueue a b a c b d e");
    assert_int_equal(reply->elements, LENGTH(want));
    for (size_t i = 0; i < LENGTH(want); i++) {
        const char *text = reply->element[i]->str;
        assert_int_equal(text[0], i % 2 == 0 ? 'n' : 'q');
        assert_string_equal(strchr(text, ':'), want[i]);
    }
    freeReplyObject(reply);
}

/* When the clock steps back, last_ticket lies in the future. */
QUEUE_TEST(test_clock_steps_backwards)
{
    ask("publish 1 7 open 3 -1 0 0 0 1");
    ask("enqueue early");
    ask("HSET $meta last_ticket #50");
    expect("enqueue a b", "n#51:2 n#52:3");
    ask("HSET $meta last_ticket #40");
    expect("claim 1 9", "0 3 [early now a #51 b #52]");
    expect("enqueue c", "n#53:1"); /* still above the mark */
}

OPEN_TEST(test_nobody_enters_at_or_below_the_watermark)
{
    ask("enqueue a b c");
    ask("claim 1 3");
    ask("publish 2 7 open 3 -1 0 0 #90 keep");
    expect("enqueue e", "!NOCAMPAIGN"); /* Redis knew less than MariaDB */
    ask("publish 2 7 open 3 -1 0 0 #90 1");
    expect("enqueue e", "n#91:4");
    ask("publish 3 7 open 3 -1 0 0 #80 keep");
    expect("enqueue f", "n#92:5");
}

/* They would be passed over, even if somebody set the mark by hand to no valid ticket. */
OPEN_TEST(test_nobody_enters_at_or_below_the_mark)
{
    ask("enqueue a b");
    ask("claim 1 2");
    expect("enqueue c", "n#3:1");
    ask("ZADD $queue #50 stranger");
    expect("claim 1 9", "0 4 [c #3 stranger #50]");
    expect("enqueue d e", "n#51:1 n#52:2");
    expect("claim 1 9", "0 6 [d #51 e #52]");
}

/* The position counts from the mark; at or below it, it is 0. */
OPEN_TEST(test_positions_begin_above_the_mark)
{
    ask("enqueue a b c d e");
    ask("claim 1 2");
    expect("enqueue a b c d e", "q#1:0 q#2:0 q#3:1 q#4:2 q#5:3");
    ask("settle 1 0 0 b g1:A:#2"); /* a hole below the mark moves nobody */
    expect("enqueue a c e f", "q#1:0 q#3:1 q#5:3 n#6:4");
    ask("claim 1 1");
    expect("enqueue c d f g h", "q#3:0 q#4:1 q#6:3 n#7:4 n#8:5");
    ask("publish 2 7 open 3 -1 0 0 0 keep"); /* takeover: all wait again */
    expect("enqueue a c h", "q#1:1 q#3:2 q#8:7");
}

OPEN_TEST(test_strange_user_ids)
{
    expect("enqueue 7 07 -1 Ann ann a:b=c|d~e+f@g", "n#1:1 n#2:2 n#3:3 n#4:4 n#5:5 n#6:6");
    expect("enqueue a:b=c|d~e+f@g 07 7", "q#6:6 q#2:2 q#1:1");
}

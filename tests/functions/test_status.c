/* SPDX-License-Identifier: Apache-2.0 */
/* onrush_status: reads the head and the users, and changes nothing. */
#include "tests/functions/queue.h"

#include <stdlib.h>
#include <string.h>

/* HEAD: `ends` is moves, instant_wait_ms, returned. */
#define HEAD(rest, ends) "[1 open 3 -1 0 0 1 " rest " now " ends "]"

QUEUE_TEST(test_head_alone)
{
    ask("publish 1 7 open 3 -1 #3 #9 #0 1");
    expect("status", "[1 open 3 -1 #3 #9 1 0 0 0 0 #0 7 0 0 now 0 0 0]");
}

OPEN_TEST(test_every_state)
{
    ask("enqueue granted lost refused claimed first second");
    ask("claim 1 4");
    ask("settle 1 0 0 granted g1:A:#1 lost s#2 refused rwhy:#3");
    expect("status granted lost refused claimed first second nobody first",
           HEAD("6 1 1 1 #4 7 2 1", "2 0 0") " g1:A:#1 s#2 rwhy:#3 q#4:0 q#5:1 q#6:2 u q#5:1");
}

OPEN_TEST(test_positions_follow_the_queue)
{
    ask("enqueue a b c d");
    ask("claim 1 2");
    expect("status c d", HEAD("4 0 0 0 #2 7 2 2", "1 0 0") " q#3:1 q#4:2");
    ask("publish 1 7 open 3 -1 0 0 0 keep"); /* the next scheduler resets the mark */
    expect("status a c d", HEAD("4 0 0 0 #0 7 4 0", "1 0 0") " q#1:1 q#3:3 q#4:4");
}

/* The head's watermark is the highest ticket that may be decided: MariaDB's watermark or the mark.
 * */
QUEUE_TEST(test_watermark_in_the_head)
{
    ask("publish 1 7 open 3 -1 0 0 #5 1");
    ask("drain 1 0 early ^9");
    ask("enqueue a b");
    expect("status", HEAD("3 0 0 0 #5 7 3 0", "1 0 0"));
    ask("claim 1 1");
    expect("status early", HEAD("3 0 0 0 #6 7 2 1", "2 0 0") " q#6:0");
    ask("claim 1 1");
    expect("status b", HEAD("3 0 0 0 #7 7 1 2", "3 0 0") " q#8:1");
}

QUEUE_TEST(test_full)
{
    ask("publish 1 7 open 1 2 0 0 #0 1");
    ask("enqueue a");
    expect("status x", "[1 open 1 2 0 0 1 1 0 0 0 #0 7 1 0 now 0 0 0] u");
    ask("enqueue b");
    expect("status a x", "[1 open 1 2 0 0 1 2 0 0 0 #0 7 2 0 now 0 0 0] q#1:1 f");
}

OPEN_TEST(test_closed_and_paused_still_answer)
{
    ask("enqueue a");
    ask("publish 1 7 paused 3 -1 0 0 #0 keep");
    expect("status a b", "[1 paused 3 -1 0 0 1 1 0 0 0 #0 7 1 0 now 0 0 0] q#1:1 u");
    ask("publish 1 7 closed 3 -1 0 0 #0 keep");
    expect("status a b", "[1 closed 3 -1 0 0 1 1 0 0 0 #0 7 1 0 now 0 0 0] q#1:1 u");
}

QUEUE_TEST(test_no_campaign)
{
    expect("status", "!NOCAMPAIGN");
    expect("status a", "!NOCAMPAIGN");
    ask("publish 1 7 open 3 -1 0 0 #0 0");
    expect("status a", "!NOCAMPAIGN");
    expect("EXISTS $users $queue", "0");
}

/* FCALL_RO accepts read-only functions and rejects those that write. */
OPEN_TEST(test_read_only)
{
    static const char keys[] = "3 $meta $queue $users";
    ask("enqueue a b");
    ask("claim 1 1");
    assert_string_equal(ask("FCALL_RO onrush_status %s a b", keys),
                        HEAD("2 0 0 0 #1 7 1 1", "1 0 0") " q#1:0 q#2:1");
    assert_int_equal(atoi(ask("FCALL_RO onrush_version 0")), redis_functions_version());
    assert_int_equal(atoi(ask("FCALL onrush_probe 0")), redis_functions_version());
    expect("FCALL_RO onrush_probe 0", "!ERR");
    assert_string_equal(ask("FCALL_RO onrush_enqueue %s c", keys), "!ERR");
    assert_string_equal(ask("FCALL_RO onrush_claim %s 1 1", keys), "!ERR");
    expect("HGET $meta admitted", "2");
}

QUEUE_TEST(test_head_parses)
{
    struct campaign_head h;
    ask("publish 12 7 paused 3 5 11 22 33 1");
    ask("HSET $meta admitted 4 granted 1 sold_out 2 refused 1 moves 23");
    redisReply *reply = ask_reply("status");
    assert_int_equal(redis_head_parse(reply->element[0], &h), 0);
    assert_true(h.ready);
    assert_int_equal(h.state, CAMPAIGN_PAUSED);
    const int64_t got[] = {h.epoch,     h.id,        h.quota,    h.admit_limit, h.opens_us,
                           h.closes_us, h.watermark, h.admitted, h.granted,     h.sold_out,
                           h.refused,   h.queued,    h.claimed};
    const int64_t expected[] = {12, 7, 3, 5, 11, 22, 33, 4, 1, 2, 1, 0, 0};
    assert_memory_equal(got, expected, sizeof expected);
    freeReplyObject(reply);
}

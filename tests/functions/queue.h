/* SPDX-License-Identifier: Apache-2.0 */
/* A language for tests of shared/store/functions.lua: one campaign in a real redis-server;
 * questions and answers are lines of words.
 *
 *   assert_string_equal(ask("enqueue ann bob ann"), "n#1:1 n#2:2 q#1:1");
 *
 * The first word of a question is a function without its prefix, or a Redis command in capitals, in
 * which $meta, $queue, $users stand for the keys. "#7" is a ticket: 7 µs after TICKETS_FROM, far in
 * the future; a campaign that is published with the watermark #0 gives #1, #2, #3 ... "^7" is a
 * ticket, too: 7 µs after PAST_FROM, long ago; requests of the journal arrived then.
 *
 * In answers: arrays are words, arrays within them stand in [ ], nil is -, an error is ! and its
 * first word, a time near the present is "now". */
#ifndef ONRUSH_TESTS_QUEUE_H
#define ONRUSH_TESTS_QUEUE_H

#include "shared/store/redis.h"
#include "tests/support/private_redis.h"
#include "tests/support/test.h"

#define TICKETS_FROM 5000000000000000
#define PAST_FROM    1000000000000000

/* OPEN: epoch 1, id 7, a quota of 3, no limit of admission. */
#define OPEN "publish 1 7 open 3 -1 0 0 #0 1"

/* queue_start, queue_reset: set-up of a group (one server) and of each test (an empty one). */
int queue_start(void **state);
int queue_reset(void **state);

/* queue_redis: the server; queue_connection: a connection to it. */
struct private_redis *queue_redis(void);
redisContext *queue_connection(void);

/* ask: the answer; it is overwritten by the next call. */
const char *ask(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ask_reply: the answer as it came; the caller frees it. */
redisReply *ask_reply(const char *line);

/* QUEUE_GROUP: runs `tests`, each in an empty Redis. */
#define QUEUE_TEST(function) cmocka_unit_test_setup(function, queue_reset)
#define QUEUE_GROUP(tests)   cmocka_run_group_tests(tests, queue_start, NULL)

/* users_line: "<start> u1 u2 ... u<n>"; the caller frees it. */
char *users_line(const char *start, int n);

#endif

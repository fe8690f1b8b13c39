/* SPDX-License-Identifier: Apache-2.0 */
/* A language for tests of shared/store/functions.lua: one campaign in a real redis-server;
 * questions and answers are lines of words.
 *
 *   expect("enqueue ann bob ann", "n#1:1 n#2:2 q#1:1");
 *
 * A question begins with a function without its prefix, or with a Redis command in capitals, where
 * $meta, $queue and $users are the keys. "#7" is a ticket 7 µs after TICKETS_FROM, far in the
 * future; a campaign published with the watermark #0 issues #1, #2, #3 ... "^7" is a ticket 7 µs
 * after PAST_FROM, long ago, where journalled requests arrived.
 *
 * In answers an array is written as its words, a nested array stands in [ ], nil is -, an error is
 * ! and its first word, and a time near the present is "now". */
#ifndef ONRUSH_TESTS_QUEUE_H
#define ONRUSH_TESTS_QUEUE_H

#include "shared/store/redis.h"
#include "tests/support/private_redis.h"
#include "tests/support/test.h"

#define TICKETS_FROM 5000000000000000
#define PAST_FROM    1000000000000000

/* OPEN: epoch 1, id 7, a quota of 3, no admission limit. */
#define OPEN "publish 1 7 open 3 -1 0 0 #0 1"

/* QUEUE_TEST: a TEST that begins with an empty server; OPEN_TEST: with the campaign OPEN. The
 * library's main() runs all of them. queue_reset: empties the server; queue_open: also publishes
 * OPEN. */
#define QUEUE_TEST(name) TEST_WITH(name, queue_reset, NULL)
#define OPEN_TEST(name)  TEST_WITH(name, queue_open, NULL)
void queue_reset(void);
void queue_open(void);

/* queue_redis: the server; queue_connection: a connection to it. */
struct private_redis *queue_redis(void);
redisContext *queue_connection(void);

/* ask: returns the answer; the next call overwrites it. */
const char *ask(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* expect: asks; fails if the answer differs, and prints the question. */
#define expect(question, answer) expect_at(__FILE__, __LINE__, question, answer)
void expect_at(const char *file, int line, const char *question, const char *answer);

/* ask_reply: returns the raw reply; the caller frees it. */
redisReply *ask_reply(const char *line);

/* users_line: returns "<start> u1 u2 ... u<n>"; the caller frees it. */
char *users_line(const char *start, int n);

#endif

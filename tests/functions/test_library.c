/* SPDX-License-Identifier: Apache-2.0 */
/* Loading the library: a missing or older one is replaced, a newer one is kept. */
#include "tests/functions/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* load_fake: loads a library of the same name that only has a version. */
static void load_fake(int version)
{
    redisReply *r = redisCommand(queue_connection(), "FUNCTION LOAD REPLACE %s",
                                 textf("#!lua name=onrush\n"
                                       "redis.register_function{function_name='onrush_version', "
                                       "callback=function() return %d end, flags={'no-writes'}}",
                                       version));
    assert_non_null(r);
    assert_int_equal(r->type, REDIS_REPLY_STRING);
    freeReplyObject(r);
}

static void open_once(void)
{
    redisFree(private_redis_open(queue_redis()));
}

static void check_ours(void)
{
    expect("FCALL_RO onrush_version 0", textf("%d", redis_functions_version()));
    expect(OPEN, "- - - - - - - - - - - - - 0 0 now - - -");
}

QUEUE_TEST(test_missing)
{
    ask("FUNCTION FLUSH");
    open_once();
    check_ours();
}

QUEUE_TEST(test_older)
{
    load_fake(redis_functions_version() - 1);
    open_once();
    check_ours();
}

QUEUE_TEST(test_newer_stays)
{
    load_fake(redis_functions_version() + 1);
    open_once();
    assert_int_equal(atoi(ask("FCALL_RO onrush_version 0")), redis_functions_version() + 1);
    expect("status", "!ERR");
    ask("FUNCTION FLUSH");
    open_once();
}

QUEUE_TEST(test_same_is_not_loaded_again)
{
    ask("CONFIG RESETSTAT");
    open_once();
    assert_null(strstr(ask("INFO commandstats"), "cmdstat_function|load"));
}

QUEUE_TEST(test_text_says_its_version)
{
    assert_non_null(
        strstr(redis_functions_text(), textf("local VERSION = %d\n", redis_functions_version())));
    assert_memory_equal(redis_functions_text(), "#!lua name=onrush\n", 18);
}

QUEUE_TEST(test_unreachable)
{
    struct redis_config config = queue_redis()->config;
    redisContext *c = NULL;
    char error[REDIS_ERROR_SIZE] = "";
    strcat(config.socket, "-not");
    assert_true(redis_open(&c, &config, error) < 0);
    assert_null(c);
    assert_string_not_equal(error, "");
    strcpy(config.password_file, "/nonexistent/secret");
    config.socket[strlen(config.socket) - 4] = '\0';
    assert_true(redis_open(&c, &config, error) < 0);
    assert_string_equal(error, "the password file /nonexistent/secret cannot be read");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* shared/store/redis_link against a real redis-server, and against misbehaving servers. A
 * misbehaving server lives in the test's own loop:
 *
 *     redis_link ──► unix socket ──► struct fake: answers each command with the next line of its
 *                                    script; after the last line it is silent or closes
 * */
#include "tests/support/test.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/store/redis_link.h"
#include "tests/support/child.h"
#include "tests/support/file.h"
#include "tests/support/private_redis.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define PATIENCE_MS 10000

static struct event_base *base;

/* What the link reported to its owner. */
static struct {
    int ups, downs;
    int answers, nulls; /* of calls */
    int64_t last_us;
    char text[128]; /* of the last answer */
} seen;

static void on_state(void *arg, bool up)
{
    assert_string_equal(arg, "owner");
    *(up ? &seen.ups : &seen.downs) += 1;
}

static void on_answer(void *arg, const redisReply *r)
{
    int *times = arg;
    (*times)++;
    seen.answers += r != NULL;
    seen.nulls += r == NULL;
    seen.last_us = clock_mono_us();
    snprintf(seen.text, sizeof seen.text, "%s",
             r == NULL                      ? ""
             : r->type == REDIS_REPLY_ARRAY ? r->element[0]->str
                                            : r->str);
}

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    *(bool *)arg = true;
}

static void run_until(const int *value, int least)
{
    bool over = false;
    struct event *patience = evtimer_new(base, on_patience, &over);
    event_add(patience, &(struct timeval){.tv_sec = PATIENCE_MS / 1000});
    while (*value < least && !over)
        event_base_loop(base, EVLOOP_ONCE);
    event_free(patience);
    assert_false(over);
}

static void run_for(int64_t ms)
{
    bool over = false;
    struct event *end = evtimer_new(base, on_patience, &over);
    event_add(end, &(struct timeval){.tv_usec = ms * 1000});
    while (!over)
        event_base_loop(base, EVLOOP_ONCE);
    event_free(end);
}

/* run_until_down: runs the loop until the link is down with this reason. */
static void run_until_down(struct redis_link *link, const char *reason)
{
    int64_t until_us = clock_mono_us() + PATIENCE_MS * 1000;
    while (strcmp(redis_link_reason(link), reason) != 0 && clock_mono_us() < until_us)
        event_base_loop(base, EVLOOP_ONCE);
    assert_string_equal(redis_link_reason(link), reason);
    assert_int_equal(redis_link_state(link), LINK_DOWN);
}

static struct redis_link *start_link(const struct redis_config *config)
{
    struct redis_link *link;
    assert_int_equal(redis_link_new(&link, base, config, on_state, "owner"), 0);
    return link;
}

static int call(struct redis_link *link, const char *function, const char *user, int *times)
{
    struct campaign_keys keys;
    campaign_keys_make(&keys, "noon");
    return redis_link_call(link, function, &keys, 1, &user, (size_t[]){strlen(user)}, on_answer,
                           times);
}

static void set_up(void)
{
    memset(&seen, 0, sizeof seen);
    base = event_base_new();
    assert_non_null(base);
}

static void tear_down(void)
{
    event_base_free(base);
}

/* --- a misbehaving server --- */

struct fake {
    const char *const *script; /* replies to the first command, the second, ...; NULL-terminated */
    bool closes;               /* closes after the script; otherwise silent */
    struct evconnlistener *listener;
    struct bufferevent *client;
    size_t said;
    int accepted;
    struct redis_config config; /* how to connect */
};

static void fake_end_of_script(struct fake *fake)
{
    if (fake->closes && fake->script[fake->said] == NULL && fake->client != NULL) {
        bufferevent_free(fake->client);
        fake->client = NULL;
    }
}

static void fake_on_read(struct bufferevent *client, void *arg)
{
    struct fake *fake = arg;
    struct evbuffer *in = bufferevent_get_input(client);
    evbuffer_drain(in, evbuffer_get_length(in));
    if (fake->script[fake->said] != NULL) {
        const char *line = fake->script[fake->said++];
        bufferevent_write(client, line, strlen(line));
        bufferevent_flush(client, EV_WRITE, BEV_FLUSH);
    } else {
        fake_end_of_script(fake);
    }
}

static void fake_on_event(struct bufferevent *client, short what, void *arg)
{
    struct fake *fake = arg;
    (void)what;
    bufferevent_free(client);
    fake->client = NULL;
}

static void fake_on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                           struct sockaddr *from, int len, void *arg)
{
    struct fake *fake = arg;
    (void)listener;
    (void)from;
    (void)len;
    if (fake->client != NULL)
        bufferevent_free(fake->client);
    fake->accepted++;
    fake->said = 0;
    fake->client = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(fake->client, fake_on_read, NULL, fake_on_event, fake);
    bufferevent_enable(fake->client, EV_READ | EV_WRITE);
    if (fake->script[0] == NULL)
        fake_end_of_script(fake);
}

static struct fake fake;

static void fake_start(const char *const *script, bool closes)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    fake = (struct fake){.script = script,
                         .closes = closes,
                         .config = {.connect_timeout_ms = 500, .command_timeout_ms = 150}};
    snprintf(fake.config.socket, sizeof fake.config.socket, "%s/fake.sock", tempdir_make());
    strcpy(where.sun_path, fake.config.socket);
    fake.listener = evconnlistener_new_bind(base, fake_on_accept, &fake, LEV_OPT_CLOSE_ON_FREE, 16,
                                            (struct sockaddr *)&where, sizeof where);
    assert_non_null(fake.listener);
}

/* fake_stop: also frees the link. */
static void fake_stop(struct redis_link *link)
{
    assert_null(redis_link_free(link));
    evconnlistener_free(fake.listener);
    if (fake.client != NULL)
        bufferevent_free(fake.client);
}

/* fake_up: starts a server with this script, and a link that is up. */
static struct redis_link *fake_up(const char *const *script, bool closes)
{
    fake_start(script, closes);
    struct redis_link *link = start_link(&fake.config);
    run_until(&seen.ups, 1);
    return link;
}

#define KNOWN  ":999\r\n" /* version of the functions */
#define DENIED "redis wants a password, or denies this user the functions"
#define NOT_DURABLE                                                                                \
    "redis does not sync each write: set appendonly yes and appendfsync always, or "               \
    "redis.require_durable = false"
#define OLD_SERVER "-ERR unknown command `FCALL_RO`\r\n"

static const struct {
    const char *name, *script[4];
    bool closes, durable;
    const char *reason;
} misbehaviours[] = {
    {"silent", {NULL}, false, false, "redis does not answer"},
    {"closes at once", {NULL}, true, false, "redis closed the connection"},
    {"loading",
     {"-LOADING Redis is loading the dataset in memory\r\n"},
     false,
     false,
     "redis is still loading its data"},
    {"wants a password", {"-NOAUTH Authentication required.\r\n"}, false, false, DENIED},
    {"denies", {"-NOPERM this user has no permissions\r\n"}, false, false, DENIED},
    {"too old",
     {OLD_SERVER, "-ERR unknown command `FUNCTION`\r\n"},
     false,
     false,
     "redis does not take the functions; it must be 7.0 or newer"},
    {"silent while it loads the functions", {OLD_SERVER}, false, false, "redis does not answer"},
    {"closes while it loads the functions",
     {OLD_SERVER},
     true,
     false,
     "redis closed the connection"},
    {"silent about its durability", {KNOWN}, false, true, "redis does not answer"},
    {"not durable",
     {KNOWN, "*4\r\n$10\r\nappendonly\r\n$2\r\nno\r\n$11\r\nappendfsync\r\n$6\r\nalways\r\n"},
     false,
     true,
     NOT_DURABLE},
    {"hides its durability", {KNOWN, "*0\r\n"}, false, true, NOT_DURABLE},
    {"may not be asked", {KNOWN, "-NOPERM no CONFIG\r\n"}, false, true, NOT_DURABLE},
    {"says nonsense", {"hello\r\n"}, false, false, "redis closed the connection"},
};

#define LINK_TEST(name) TEST_WITH(name, set_up, tear_down)

LINK_TEST(test_misbehaviour)
{
    for (size_t i = 0; i < LENGTH(misbehaviours); i++) {
        int times = 0;
        print_message("%s\n", misbehaviours[i].name);
        fake_start(misbehaviours[i].script, misbehaviours[i].closes);
        fake.config.require_durable = misbehaviours[i].durable;
        struct redis_link *link = start_link(&fake.config);
        assert_int_equal(call(link, "onrush_enqueue", "ann", &times), -ENOTCONN);
        run_until_down(link, misbehaviours[i].reason);
        run_until(&fake.accepted, 3); /* keeps retrying */
        assert_int_equal(call(link, "onrush_enqueue", "ann", &times), -ENOTCONN);
        fake_stop(link);
        assert_int_equal(times, 0);
        assert_int_equal(seen.ups, 0);
        assert_int_equal(seen.downs, i + 1); /* one per first attempt */
    }
}

LINK_TEST(test_nobody_listens)
{
    struct redis_config config = {
        .socket = "/nonexistent/redis.sock", .connect_timeout_ms = 100, .command_timeout_ms = 100};
    struct redis_link *link = start_link(&config);
    run_until_down(link, "redis cannot be reached");
    redis_link_free(link);
}

LINK_TEST(test_no_password_file)
{
    fake_start((const char *const[]){NULL}, false);
    strcpy(fake.config.password_file, "/nonexistent/secret");
    struct redis_link *link = start_link(&fake.config);
    run_until_down(link, "the password file of redis cannot be read");
    fake_stop(link);
}

/* Every pending call gets NULL exactly once, within its deadline; then the link recovers. */
LINK_TEST(test_server_falls_silent)
{
    enum { CALLS = 100 };
    int times[CALLS] = {0};
    struct redis_link *link = fake_up((const char *const[]){KNOWN, NULL}, false);
    int64_t sent_us = clock_mono_us();
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(call(link, "onrush_enqueue", "ann", &times[i]), 0);
    run_until(&seen.nulls, CALLS);
    assert_in_range(seen.last_us - sent_us, 140000, 1500000);
    run_until(&seen.ups, 2);
    assert_int_equal(seen.downs, 1);
    assert_int_equal(seen.answers, 0);
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(times[i], 1);
    fake_stop(link);
}

/* The deadline belongs to the oldest call: answers to earlier calls do not postpone it. */
LINK_TEST(test_deadline_is_of_the_oldest)
{
    int first = 0, second = 0;
    struct redis_link *link = fake_up((const char *const[]){KNOWN, "+one\r\n", NULL}, false);
    call(link, "onrush_enqueue", "ann", &first);
    run_until(&seen.answers, 1);
    assert_string_equal(seen.text, "one");
    run_for(60); /* the first call's timer still runs when the second is sent */
    int64_t sent_us = clock_mono_us();
    call(link, "onrush_enqueue", "bob", &second);
    run_until(&seen.nulls, 1);
    assert_in_range(seen.last_us - sent_us, 140000, 1500000);
    assert_int_equal(first + second, 2);
    fake_stop(link);
}

LINK_TEST(test_server_closes_under_a_call)
{
    int times[2] = {0};
    struct redis_link *link = fake_up((const char *const[]){KNOWN, NULL}, true);
    call(link, "onrush_enqueue", "ann", &times[0]);
    call(link, "onrush_enqueue", "bob", &times[1]);
    run_until(&seen.nulls, 2);
    run_until(&seen.downs, 1);
    run_until(&seen.ups, 2);
    assert_int_equal(times[0], 1);
    assert_int_equal(times[1], 1);
    fake_stop(link);
}

LINK_TEST(test_free_answers_what_is_under_way)
{
    int times[3] = {0};
    struct redis_link *link = fake_up((const char *const[]){KNOWN, NULL}, false);
    for (int i = 0; i < 3; i++)
        call(link, "onrush_enqueue", "ann", &times[i]);
    redis_link_free(link);
    assert_int_equal(seen.nulls, 3);
    assert_int_equal(times[0] + times[1] + times[2], 3);
    assert_int_equal(seen.downs, 0);
    assert_null(redis_link_free(NULL));
    fake_stop(NULL);
}

/* The waits between attempts grow, so a second has only a few attempts. */
LINK_TEST(test_backoff)
{
    fake_start((const char *const[]){NULL}, true);
    struct redis_link *link = start_link(&fake.config);
    int64_t began_us = clock_mono_us();
    run_until(&fake.accepted, 5);
    assert_in_range(clock_mono_us() - began_us, (10 + 20 + 40 + 80) * 1000, 2000000);
    fake_stop(link);
}

/* --- a real redis-server --- */

static const char *const durable[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};

static void publish(const struct private_redis *redis)
{
    redisContext *c = private_redis_open((struct private_redis *)(uintptr_t)redis);
    struct campaign_keys k;
    campaign_keys_make(&k, "noon");
    redisReply *r = redisCommand(
        c, "FCALL onrush_publish " CAMPAIGN_KEYS_TEXT " %s %s %s 1 7 open 3 -1 0 0 0 1",
        k.text[KEY_META], k.text[KEY_QUEUE], k.text[KEY_USERS]);
    assert_int_equal(r->type, REDIS_REPLY_ARRAY);
    freeReplyObject(r);
    redisFree(c);
}

LINK_TEST(test_real_server)
{
    struct private_redis redis;
    int times[3] = {0};
    private_redis_start(&redis, durable);
    redis.config.require_durable = true;
    struct redis_link *link = start_link(&redis.config);
    run_until(&seen.ups, 1); /* it loaded the functions itself */
    assert_int_equal(redis_link_state(link), LINK_UP);
    assert_string_equal(redis_link_reason(link), "");
    publish(&redis);
    call(link, "onrush_enqueue", "ann", &times[0]);
    call(link, "onrush_enqueue", "bob", &times[1]);
    run_until(&seen.answers, 2);
    assert_int_equal(seen.text[0], 'n');
    assert_string_equal(strchr(seen.text, ':'), ":2:1");
    private_redis_stop(&redis);
    call(link, "onrush_enqueue", "cid", &times[2]); /* accepted or refused, never lost */
    run_until(&seen.downs, 1);
    assert_int_equal(call(link, "onrush_enqueue", "dan", &times[2]), -ENOTCONN);
    private_redis_restart(&redis);
    run_until(&seen.ups, 2);
    assert_int_equal(call(link, "onrush_enqueue", "ann", &times[0]), 0);
    run_until(&seen.answers, 3);
    assert_int_equal(seen.text[0], 'q'); /* it survived the crash */
    redis_link_free(link);
    assert_int_equal(times[0], 2);
    assert_int_equal(times[1], 1);
    private_redis_stop(&redis);
}

LINK_TEST(test_real_server_that_is_not_durable)
{
    struct private_redis redis;
    private_redis_start(&redis, NULL);
    redis.config.require_durable = true;
    struct redis_link *link = start_link(&redis.config);
    run_until_down(link, NOT_DURABLE);
    redis.config.require_durable = false;
    run_until(&seen.ups, 1);
    redis_link_free(link);
    private_redis_stop(&redis);
}

LINK_TEST(test_passwords)
{
    static const char *const options[] = {"--appendonly", "no", "--user", "worker", "on",
                                          ">pass2",       "~*", "+@all",  NULL};
    static const struct {
        const char *user, *secret;
        bool up;
    } cases[] = {{"worker", "pass2", true},
                 {"worker", "pass1", false},
                 {"nobody", "pass2", false},
                 {"", "pass2", false}};
    struct private_redis redis;
    private_redis_start(&redis, options);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        memset(&seen, 0, sizeof seen);
        strcpy(redis.config.user, cases[i].user);
        strcpy(redis.config.password_file, file_make("secret", "%s\n", cases[i].secret));
        struct redis_link *link = start_link(&redis.config);
        if (cases[i].up)
            run_until(&seen.ups, 1);
        else
            run_until_down(link, "redis does not accept the password");
        redis_link_free(link);
    }
    private_redis_stop(&redis);
}

BEFORE_ALL(prepare)
{
    /* As the daemons do: hiredis writes to sockets that the peer has closed. */
    signal(SIGPIPE, SIG_IGN);
    log_configure(LOG_LEVEL_ERROR, LOG_LOGFMT, LOG_PRIORITIES_AUTO);
}

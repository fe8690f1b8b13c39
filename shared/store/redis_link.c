/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/store/redis_link.h"

#include "shared/base/backoff.h"
#include "shared/base/clock.h"
#include "shared/base/config.h"
#include "shared/base/log.h"
#include "shared/base/resolver.h"
#include "shared/store/redis_events.h"

#include <assert.h>
#include <errno.h>
#include <event2/event_struct.h>
#include <hiredis/async.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define PROBE      "FCALL onrush_probe 0"
#define PROBE_S    1
#define FIXED_ARGS (3 + CAMPAIGN_KEYS) /* FCALL, the function, the number of keys, the keys */

/* A command under way. */
struct call {
    STAILQ_ENTRY(call) next;
    struct redis_link *link;
    redis_link_fn *fn;
    void *arg;
    int64_t sent_us, deadline_us;
    bool aside; /* see redis_link_aside() */
};

STAILQ_HEAD(call_list, call);

struct redis_link {
    struct event_base *base;
    const struct redis_config *config;
    redis_link_state_fn *on_state;
    void *arg;
    _Atomic int state;
    bool known;
    _Atomic(const char *) reason;
    const char *said;      /* the reason that was logged last */
    redisAsyncContext *ac; /* NULL while down */
    struct event timer;    /* down: when to connect; otherwise the oldest deadline */
    struct event probe;    /* up: when to probe */
    int64_t up_us;         /* when it came up; 0: not up */
    bool loading;          /* the functions are being loaded again */
    int64_t loaded_us;     /* when they were last loaded again */
    struct resolver *resolver;
    struct backoff backoff;
    struct metric_histogram *times;                     /* may be NULL */
    struct call_list calls;                             /* under way, oldest first */
    const char *argv[FIXED_ARGS + REDIS_LINK_ARGS_MAX]; /* scratch space of redis_link_call() */
    size_t argvlen[FIXED_ARGS + REDIS_LINK_ARGS_MAX];
};

static void link_connect(struct redis_link *link);
static void link_check(struct redis_link *link);
static void link_look(struct redis_link *link, const redisReply *reply);
static void ask(struct redis_link *link, redis_link_fn *fn, const char *format, ...);

static void arm_timer(struct redis_link *link, int64_t us)
{
    if (us < 0)
        us = 0;
    struct timeval tv = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    event_add(&link->timer, &tv);
}

/* link_down: ends the connection, in any state, and answers every command under way with NULL. */
static void link_down(struct redis_link *link, const char *reason)
{
    redisAsyncContext *ac = link->ac;
    bool news = link->state == LINK_UP || !link->known, had_been_up = link->up_us != 0;
    if (link->state == LINK_DOWN)
        return;
    link->known = true;
    link->state = LINK_DOWN;
    link->reason = reason;
    link->ac = NULL;
    link->loading = false;
    event_del(&link->probe);
    if (ac != NULL)
        redisAsyncFree(ac);
    if (link->up_us != 0 && clock_mono_us() - link->up_us > link->backoff.most_ms * 1000)
        backoff_reset(&link->backoff); /* not if it was up only for a moment */
    link->up_us = 0;
    int64_t wait_ms = backoff_next(&link->backoff);
    if (backoff_is_news(&link->backoff) || reason != link->said || had_been_up)
        log_warning("redis is away", "reason=\"%s\" retry_ms=%d", reason, (int)wait_ms);
    link->said = reason;
    arm_timer(link, wait_ms * 1000);
    if (news)
        link->on_state(link->arg, false);
}

/* link_close: Redis answers, but takes no writes. Commands under way get their replies; then the
 * link reconnects, because another Redis may have taken over the address. */
static void link_close(struct redis_link *link, const char *reason)
{
    link->state = LINK_CLOSED;
    link->reason = reason;
    event_del(&link->probe);
    if (STAILQ_EMPTY(&link->calls))
        event_active(&link->timer, EV_TIMEOUT, 0);
    link->on_state(link->arg, false);
}

/* next_step: the timer fired without a call under way. */
static void next_step(struct redis_link *link)
{
    if (link->state == LINK_DOWN)
        link_connect(link);
    else if (link->state == LINK_CONNECTING)
        link_down(link, link->ac != NULL ? "redis does not take the connection"
                                         : "the name in redis.host is not resolved in time");
    else if (link->state == LINK_CHECKING)
        link_check(link);
    else if (link->state == LINK_CLOSED)
        link_down(link, link->reason);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct redis_link *link = arg;
    const struct call *oldest = STAILQ_FIRST(&link->calls);
    (void)fd;
    (void)what;
    if (oldest == NULL) {
        next_step(link);
        return;
    }
    int64_t left_us = oldest->deadline_us - clock_mono_us();
    if (left_us > 0)
        arm_timer(link, left_us);
    else
        link_down(link, "redis does not answer");
}

/* on_reply: passes the reply on. hiredis calls it with NULL when the connection is lost. */
static void on_reply(redisAsyncContext *ac, void *reply, void *arg)
{
    struct call *call = arg;
    struct redis_link *link = call->link;
    (void)ac;
    if (link->times != NULL)
        metric_observe(link->times, clock_mono_us() - call->sent_us);
    STAILQ_REMOVE(&link->calls, call, call, next);
    if (link->state == LINK_UP && !call->aside)
        link_look(link, reply);
    else if (link->state == LINK_CLOSED && STAILQ_EMPTY(&link->calls))
        event_active(&link->timer, EV_TIMEOUT, 0);
    call->fn(call->arg, reply);
    free(call);
}

static struct call *call_new(struct redis_link *link, redis_link_fn *fn, void *arg)
{
    struct call *call = malloc(sizeof *call);
    int64_t now_us = clock_mono_us();
    if (call != NULL)
        *call = (struct call){.link = link,
                              .fn = fn,
                              .arg = arg,
                              .sent_us = now_us,
                              .deadline_us = now_us + link->config->command_timeout_ms * 1000};
    return call;
}

/* enroll: records a call after hiredis took its command, or frees it; `status` is the result of
 * that. */
static int enroll(struct redis_link *link, struct call *call, int status)
{
    if (status != REDIS_OK) {
        free(call);
        return -ENOTCONN;
    }
    STAILQ_INSERT_TAIL(&link->calls, call, next);
    if (!event_pending(&link->timer, EV_TIMEOUT, NULL))
        arm_timer(link, call->deadline_us - clock_mono_us());
    return 0;
}

/* --- LINK_CHECKING: each step starts the next one; an error ends the connection --- */

static void checked(struct redis_link *link)
{
    link->state = LINK_UP;
    link->known = true;
    link->reason = "";
    link->up_us = clock_mono_us();
    event_del(&link->timer); /* the connect timeout may be longer than that of a command */
    event_add(&link->probe, &(struct timeval){.tv_sec = PROBE_S});
    log_info("redis is up", "functions=%d", redis_functions_version());
    link->on_state(link->arg, true);
}

/* configured_as: true if the reply to CONFIG GET has `key` with `value`. */
static bool configured_as(const redisReply *r, const char *key, const char *value)
{
    for (size_t i = 0; r->type == REDIS_REPLY_ARRAY && i + 1 < r->elements; i += 2) {
        if (strcmp(r->element[i]->str, key) == 0)
            return strcmp(r->element[i + 1]->str, value) == 0;
    }
    return false;
}

static void on_durability(void *arg, const redisReply *r)
{
    struct redis_link *link = arg;
    if (r == NULL)
        link_down(link, "redis closed the connection");
    else if (configured_as(r, "appendonly", "yes") && configured_as(r, "appendfsync", "always"))
        checked(link);
    else
        link_down(link, "redis does not sync each write: set appendonly yes and appendfsync "
                        "always, or redis.require_durable = false");
}

static void check_durability(struct redis_link *link)
{
    if (link->config->require_durable)
        ask(link, on_durability, "CONFIG GET append*");
    else
        checked(link);
}

static void ask_load(struct redis_link *link, redis_link_fn *fn)
{
    ask(link, fn, "FUNCTION LOAD REPLACE %b", redis_functions_text(),
        strlen(redis_functions_text()));
}

/* not_loaded: the reason, in one line. */
static const char *not_loaded(const redisReply *r)
{
    char quoted[256];
    const char *reason = "redis does not take the functions; it must be 7.0 or newer";
    if (redis_refusal_of(r, &reason) == REDIS_TAKEN)
        log_error("redis does not take the functions", "error=%s",
                  log_quote(r->str, quoted, sizeof quoted));
    return reason;
}

static void on_loaded(void *arg, const redisReply *r)
{
    struct redis_link *link = arg;
    if (r == NULL)
        link_down(link, "redis closed the connection");
    else if (r->type == REDIS_REPLY_ERROR)
        link_down(link, not_loaded(r));
    else
        check_durability(link);
}

static void on_probed(void *arg, const redisReply *r)
{
    struct redis_link *link = arg;
    const char *reason;
    if (r == NULL)
        link_down(link, "redis closed the connection");
    else if (redis_refusal_of(r, &reason) == REDIS_CLOSED)
        link_down(link, reason);
    else if (r->type == REDIS_REPLY_INTEGER && r->integer >= redis_functions_version())
        check_durability(link);
    else
        ask_load(link, on_loaded);
}

static void on_login(void *arg, const redisReply *r)
{
    struct redis_link *link = arg;
    if (r == NULL || r->type == REDIS_REPLY_ERROR)
        link_down(link, "redis does not accept the password");
    else
        ask(link, on_probed, PROBE);
}

static void link_check(struct redis_link *link)
{
    const struct redis_config *config = link->config;
    char password[256];
    if (config_read_secret(config->password_file, password, sizeof password) < 0)
        link_down(link, "the password file of redis cannot be read");
    else if (password[0] == '\0')
        ask(link, on_probed, PROBE);
    else if (config->user[0] != '\0')
        ask(link, on_login, "AUTH %s %s", config->user, password);
    else
        ask(link, on_login, "AUTH %s", password);
    explicit_bzero(password, sizeof password);
}

/* ask: sends a command of the link itself. */
static void ask(struct redis_link *link, redis_link_fn *fn, const char *format, ...)
{
    struct call *call = call_new(link, fn, link);
    if (call == NULL) {
        link_down(link, "out of memory");
        return;
    }
    va_list args;
    va_start(args, format);
    int status = redisvAsyncCommand(link->ac, on_reply, call, format, args);
    va_end(args);
    if (enroll(link, call, status) < 0)
        link_down(link, "redis closed the connection");
}

/* --- LINK_UP: is it still up? --- */

static void on_reloaded(void *arg, const redisReply *r)
{
    struct redis_link *link = arg;
    link->loading = false;
    if (r == NULL || link->state != LINK_UP)
        return;
    if (r->type == REDIS_REPLY_ERROR)
        link_close(link, not_loaded(r));
    else
        log_warning("the functions were gone from redis, or older, and are loaded again",
                    "functions=%d", redis_functions_version());
}

/* reload: loads on the same connection, so every later command finds the functions. If they vanish
 * again at once, loading does not help. */
static void reload(struct redis_link *link)
{
    if (link->loading)
        return;
    if (clock_mono_us() - link->loaded_us < PROBE_S * 1000000) {
        link_close(link, "redis loses the functions again and again: who flushes them?");
        return;
    }
    link->loading = true;
    link->loaded_us = clock_mono_us();
    ask_load(link, on_reloaded);
}

/* link_look: checks what the reply to any command says about Redis itself. */
static void link_look(struct redis_link *link, const redisReply *reply)
{
    const char *reason;
    enum redis_refusal refusal = redis_refusal_of(reply, &reason);
    if (refusal == REDIS_CLOSED)
        link_close(link, reason);
    else if (refusal == REDIS_FORGOTTEN)
        reload(link);
}

static void on_look(void *arg, const redisReply *r)
{
    struct redis_link *link = arg;
    if (link->state != LINK_UP)
        return;
    if (r != NULL && r->type == REDIS_REPLY_INTEGER && r->integer < redis_functions_version())
        reload(link);
    event_add(&link->probe, &(struct timeval){.tv_sec = PROBE_S});
}

static void on_probe(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    ask(arg, on_look, PROBE);
}

/* --- LINK_CONNECTING --- */

static void on_connect(const redisAsyncContext *ac, int status)
{
    struct redis_link *link = ac->data;
    if (link->ac != ac)
        return;
    if (status != REDIS_OK) {
        link->ac = NULL; /* hiredis frees it after this callback */
        link_down(link, "redis cannot be reached");
        return;
    }
    /* The timer starts the check, because hiredis 0.14 does not survive it when a connection is
     * freed in this callback. */
    link->state = LINK_CHECKING;
    event_active(&link->timer, EV_TIMEOUT, 0);
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    struct redis_link *link = ac->data;
    (void)status;
    if (link->ac != ac)
        return; /* we closed it */
    link->ac = NULL;
    link_down(link, "redis closed the connection");
}

/* open_connection: ignores `address` for a unix socket. */
static void open_connection(struct redis_link *link, const char *address)
{
    const struct redis_config *config = link->config;
    redisAsyncContext *ac = config->socket[0] != '\0'
                                ? redisAsyncConnectUnix(config->socket)
                                : redisAsyncConnect(address, (int)config->port);
    link->ac = ac;
    if (ac == NULL || ac->err != 0) {
        link_down(link, "redis cannot be reached");
        return;
    }
    ac->data = link;
    if (redis_events_attach(ac, link->base) < 0) {
        link_down(link, "out of memory");
        return;
    }
    redisAsyncSetConnectCallback(ac, on_connect);
    redisAsyncSetDisconnectCallback(ac, on_disconnect);
}

/* on_resolved: a late answer to an earlier lookup serves this attempt, too. */
static void on_resolved(void *arg, const char *address)
{
    struct redis_link *link = arg;
    if (link->state != LINK_CONNECTING || link->ac != NULL)
        return;
    if (address == NULL)
        link_down(link, "the name in redis.host is not known");
    else
        open_connection(link, address);
}

/* link_connect: the connect timeout includes resolving the name. */
static void link_connect(struct redis_link *link)
{
    const struct redis_config *config = link->config;
    link->state = LINK_CONNECTING;
    arm_timer(link, config->connect_timeout_ms * 1000);
    if (config->socket[0] != '\0' || resolver_is_address(config->host))
        open_connection(link, config->host);
    else if (resolver_ask(link->resolver, config->host) < 0)
        link_down(link, "out of memory");
}

/* --- the interface --- */

static void put_arg(struct redis_link *link, size_t i, const char *text, size_t len)
{
    link->argv[i] = text;
    link->argvlen[i] = len;
}

static int command(struct redis_link *link, bool aside, size_t n, const char **words,
                   const size_t *lengths, redis_link_fn *fn, void *arg)
{
    if (link->state != LINK_UP)
        return -ENOTCONN;
    struct call *call = call_new(link, fn, arg);
    if (call == NULL)
        return -ENOMEM;
    call->aside = aside;
    return enroll(link, call,
                  redisAsyncCommandArgv(link->ac, on_reply, call, (int)n, words, lengths));
}

int redis_link_call(struct redis_link *link, const char *function, const struct campaign_keys *keys,
                    size_t n, const char *const *args, const size_t *lengths, redis_link_fn *fn,
                    void *arg)
{
    assert(n <= REDIS_LINK_ARGS_MAX);
    put_arg(link, 0, "FCALL", strlen("FCALL"));
    put_arg(link, 1, function, strlen(function));
    put_arg(link, 2, CAMPAIGN_KEYS_TEXT, strlen(CAMPAIGN_KEYS_TEXT));
    for (size_t i = 0; i < CAMPAIGN_KEYS; i++)
        put_arg(link, 3 + i, keys->text[i], keys->len[i]);
    for (size_t i = 0; i < n; i++)
        put_arg(link, FIXED_ARGS + i, args[i], lengths[i]);
    return command(link, false, FIXED_ARGS + n, link->argv, link->argvlen, fn, arg);
}

int redis_link_command(struct redis_link *link, size_t n, const char **words, const size_t *lengths,
                       redis_link_fn *fn, void *arg)
{
    return command(link, false, n, words, lengths, fn, arg);
}

int redis_link_aside(struct redis_link *link, size_t n, const char **words, const size_t *lengths,
                     redis_link_fn *fn, void *arg)
{
    return command(link, true, n, words, lengths, fn, arg);
}

int redis_link_new(struct redis_link **out, struct event_base *base,
                   const struct redis_config *config, redis_link_state_fn *on_state, void *arg)
{
    struct redis_link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return -ENOMEM;
    link->base = base;
    link->config = config;
    link->on_state = on_state;
    link->arg = arg;
    link->backoff = (struct backoff){.first_ms = 20, .most_ms = 1000};
    link->reason = "redis is not connected yet";
    STAILQ_INIT(&link->calls);
    evtimer_assign(&link->timer, base, on_timer, link);
    evtimer_assign(&link->probe, base, on_probe, link);
    link->resolver = resolver_new(base, on_resolved, link);
    if (link->resolver == NULL) {
        redis_link_free(link);
        return -ENOMEM;
    }
    arm_timer(link, 0);
    *out = link;
    return 0;
}

static void on_state_ignored(void *arg, bool up)
{
    (void)arg;
    (void)up;
}

struct redis_link *redis_link_free(struct redis_link *link)
{
    if (link == NULL)
        return NULL;
    redisAsyncContext *ac = link->ac;
    link->on_state = on_state_ignored;
    link->state = LINK_DOWN;
    link->ac = NULL;
    if (ac != NULL)
        redisAsyncFree(ac);
    resolver_free(link->resolver);
    event_del(&link->timer);
    event_del(&link->probe);
    free(link);
    return NULL;
}

void redis_link_measure(struct redis_link *link, struct metric_histogram *histogram)
{
    link->times = histogram;
}

enum redis_link_state redis_link_state(const struct redis_link *link)
{
    return (enum redis_link_state)link->state;
}

bool redis_link_known(const struct redis_link *link)
{
    return link->known;
}

const char *redis_link_reason(const struct redis_link *link)
{
    return link->reason;
}

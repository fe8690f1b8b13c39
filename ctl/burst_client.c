/* SPDX-License-Identifier: Apache-2.0 */
/* The load client. One thread; everything below belongs to it.
 *
 *     slot ─┐                        a slot is one request at a time on one easy handle
 *     slot ─┼─ shard ─┐              a shard is a curl multi handle with a few slots
 *     slot ─┘         ├─ client ─ event loop
 *     ...   ── shard ─┘
 *
 * Shards, because a multi handle searches one list for an idle connection: with a thousand busy
 * connections, each request would pass all of them. */
#include "ctl/burst_client.h"

#include "shared/base/clock.h"
#include "shared/load/schedule.h"

#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>

#define BODY_MAX      1024 /* bytes of an answer that are kept */
#define SHARD_SLOTS   16
#define ROUNDS_A_TURN 64
#define TICK_MS       10
#define RATE_TICK_US  100 /* the largest delay of a request on an idle machine */
#define PROGRESS_MS   200
#define SPARE_FDS     64

struct client;

struct shard {
    struct client *client;
    CURLM *multi;
    int64_t due_us; /* when to call curl; -1: never */
};

struct slot {
    struct shard *shard;
    CURL *easy;
    uint64_t user;
    int64_t started_us; /* when it was due */
    int64_t sent_us;    /* when curl got it; with a rate, perhaps later */
    char request[64];
    char body[BODY_MAX];
    size_t body_len;
    STAILQ_ENTRY(slot) next;
};

enum { EVENT_INT, EVENT_TERM, EVENT_TICK, EVENT_PROGRESS, EVENTS };

struct client {
    const struct burst_settings *settings;
    struct burst_report *report;
    struct event_base *base;
    struct shard *shards;
    struct slot *slots;
    size_t n_shards, n_slots;
    STAILQ_HEAD(, slot) idle;
    struct curl_slist *headers;
    struct event *events[EVENTS];
    struct schedule schedule; /* a signal ends it early */
};

/* --- one request --- */

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct slot *slot = arg;
    size_t room = sizeof slot->body - slot->body_len, len = size * n;
    memcpy(slot->body + slot->body_len, data, len < room ? len : room);
    slot->body_len += len < room ? len : room;
    return len;
}

/* start: starts the next request on this slot, or marks the slot idle. */
static void start(struct slot *slot)
{
    struct client *client = slot->shard->client;
    if (!schedule_ready(&client->schedule)) {
        STAILQ_INSERT_TAIL(&client->idle, slot, next);
        return;
    }
    const struct burst_settings *s = client->settings;
    slot->started_us = schedule_due_us(&client->schedule);
    slot->sent_us = s->rate == 0 ? slot->started_us : clock_mono_us();
    slot->user = s->first_user + s->users[client->schedule.begun++];
    slot->body_len = 0;
    int len = snprintf(slot->request, sizeof slot->request, "{\"user_id\":\"u-%llu\"}",
                       (unsigned long long)slot->user);
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE, (long)len);
    curl_multi_add_handle(slot->shard->multi, slot->easy);
}

static void finish(struct slot *slot, CURLcode result)
{
    long status = 0;
    struct burst_answer answer = {
        .user = slot->user, .sent_us = slot->sent_us, .ended_us = clock_mono_us()};
    answer.latency_us = answer.ended_us - slot->started_us;
    if (result == CURLE_OK)
        curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
    answer.status = (unsigned)status;
    if (status != 0)
        burst_report_read(&answer, slot->body, slot->body_len);
    else
        strcpy(answer.outcome, result == CURLE_OPERATION_TIMEDOUT ? "timeout"
                               : result == CURLE_COULDNT_CONNECT  ? "connect"
                                                                  : "connection");
    burst_report_add(slot->shard->client->report, &answer);
    curl_multi_remove_handle(slot->shard->multi, slot->easy);
}

/* reap: removes finished requests from the shard and starts the next ones. */
static void reap(struct shard *shard)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(shard->multi, &left)) != NULL;) {
        struct slot *slot;
        CURLcode result = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &slot);
        finish(slot, result);
        start(slot);
    }
}

/* --- events --- */

/* turn: runs curl until nothing is due, for a few rounds at most; the tick does the rest. */
static void turn(struct shard *shard)
{
    int running;
    struct client *client = shard->client;
    reap(shard);
    for (int i = 0; i < ROUNDS_A_TURN; i++) {
        if (shard->due_us < 0 || (shard->due_us > 0 && shard->due_us > clock_mono_us()))
            break;
        shard->due_us = -1;
        curl_multi_socket_action(shard->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        reap(shard);
    }
    if (client->report->done == (uint64_t)client->schedule.total)
        event_base_loopbreak(client->base);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct shard *shard = arg;
    int running;
    int flags = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(shard->multi, fd, flags, &running);
    turn(shard);
}

/* on_curl_socket: `watch` is what curl_multi_assign() set for this socket. */
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *watch)
{
    struct shard *shard = arg;
    struct event *event = NULL;
    int events = (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0);
    (void)easy;
    if (watch != NULL)
        event_free(watch);
    if (events != 0)
        event = event_new(shard->client->base, fd, (short)(events | EV_PERSIST), on_ready, shard);
    curl_multi_assign(shard->multi, fd, event);
    return events == 0 || (event != NULL && event_add(event, NULL) == 0) ? 0 : -1;
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct shard *shard = arg;
    (void)multi;
    shard->due_us = timeout_ms < 0    ? -1
                    : timeout_ms == 0 ? 0
                                      : clock_mono_us() + (int64_t)timeout_ms * 1000;
    return 0;
}

/* wake: starts due requests on idle slots. */
static void wake(struct client *client)
{
    struct slot *slot;
    while (schedule_ready(&client->schedule) && (slot = STAILQ_FIRST(&client->idle)) != NULL) {
        STAILQ_REMOVE_HEAD(&client->idle, next);
        start(slot);
    }
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct client *client = arg;
    (void)fd, (void)what;
    wake(client);
    for (size_t i = 0; i < client->n_shards; i++)
        turn(&client->shards[i]);
}

static void on_progress(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    burst_report_progress(((struct client *)arg)->report);
}

/* on_signal: starts no more requests; a second signal ends the program at once. */
static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    struct client *client = arg;
    (void)fd, (void)what;
    client->schedule.total = client->schedule.begun;
    event_del(client->events[EVENT_INT]);
    event_del(client->events[EVENT_TERM]);
}

/* --- start and end --- */

static int open_slot(struct client *client, struct slot *slot, struct shard *shard)
{
    const struct burst_settings *s = client->settings;
    CURL *e = slot->easy = curl_easy_init();
    slot->shard = shard;
    if (e == NULL)
        return -ENOMEM;
    curl_easy_setopt(e, CURLOPT_URL, s->target->url);
    curl_easy_setopt(e, CURLOPT_PRIVATE, slot);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, slot->request);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, slot);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)s->timeout_ms);
    curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 4096L);
    STAILQ_INSERT_TAIL(&client->idle, slot, next);
    return 0;
}

static int open_shard(struct client *client, struct shard *shard)
{
    CURLM *m = shard->multi = curl_multi_init();
    shard->client = client;
    shard->due_us = -1;
    if (m == NULL)
        return -ENOMEM;
    curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(m, CURLMOPT_SOCKETDATA, shard);
    curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(m, CURLMOPT_TIMERDATA, shard);
    curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, (long)SHARD_SLOTS);
    curl_multi_setopt(m, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    return 0;
}

static int open_headers(struct client *client)
{
    const char *host = client->settings->target->host;
    const char *const lines[] = {"Content-Type: application/json",
                                 "Expect:", "Accept:", host[0] != '\0' ? host : NULL};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0] && lines[i] != NULL; i++) {
        struct curl_slist *longer = curl_slist_append(client->headers, lines[i]);
        if (longer == NULL)
            return -ENOMEM;
        client->headers = longer;
    }
    return 0;
}

/* raise_limit: allows descriptors for every connection, and for those that curl opens (two per
 * shard). */
static int raise_limit(struct client *client)
{
    struct rlimit limit;
    rlim_t need = client->n_slots + 3 * client->n_shards + SPARE_FDS;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    if (limit.rlim_cur < need) {
        limit.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur < need ? -EMFILE : 0;
}

static int open_handles(struct client *client)
{
    int r = open_headers(client);
    for (size_t i = 0; r == 0 && i < client->n_shards; i++)
        r = open_shard(client, &client->shards[i]);
    for (size_t i = 0; r == 0 && i < client->n_slots; i++)
        r = open_slot(client, &client->slots[i], &client->shards[i % client->n_shards]);
    return r;
}

/* add_event: `number` is -1, or a signal. */
static int add_event(struct client *client, int i, int number, event_callback_fn fn, long every_us)
{
    const struct timeval every = {.tv_usec = every_us};
    short what = (short)(number >= 0 ? EV_SIGNAL | EV_PERSIST : EV_PERSIST);
    client->events[i] = event_new(client->base, number, what, fn, client);
    if (client->events[i] == NULL)
        return -ENOMEM;
    return event_add(client->events[i], every_us > 0 ? &every : NULL) == 0 ? 0 : -ENOMEM;
}

static int open_events(struct client *client)
{
    long tick_us = client->settings->rate > 0 ? RATE_TICK_US : TICK_MS * 1000;
    int r = add_event(client, EVENT_INT, SIGINT, on_signal, 0);
    if (r == 0)
        r = add_event(client, EVENT_TERM, SIGTERM, on_signal, 0);
    if (r == 0)
        r = add_event(client, EVENT_TICK, -1, on_tick, tick_us);
    return r == 0 ? add_event(client, EVENT_PROGRESS, -1, on_progress, PROGRESS_MS * 1000) : r;
}

/* open_base: a loop with fewer epoll_ctl; `precise`: with timers below 1 ms. */
static struct event_base *open_base(bool precise)
{
    struct event_config *config = event_config_new();
    if (config == NULL)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    if (precise)
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static int open_client(struct client *client)
{
    STAILQ_INIT(&client->idle);
    client->n_slots = client->settings->concurrency;
    client->n_shards = (client->n_slots + SHARD_SLOTS - 1) / SHARD_SLOTS;
    int r = raise_limit(client);
    if (r < 0)
        return r;
    client->base = open_base(client->settings->rate > 0);
    client->slots = calloc(client->n_slots, sizeof *client->slots);
    client->shards = calloc(client->n_shards, sizeof *client->shards);
    if (client->base == NULL || client->slots == NULL || client->shards == NULL)
        return -ENOMEM;
    r = open_handles(client);
    return r < 0 ? r : open_events(client);
}

static void close_client(struct client *client)
{
    for (size_t i = 0; client->slots != NULL && i < client->n_slots; i++)
        curl_easy_cleanup(client->slots[i].easy);
    for (size_t i = 0; client->shards != NULL && i < client->n_shards; i++)
        curl_multi_cleanup(client->shards[i].multi);
    for (int i = 0; i < EVENTS; i++) {
        if (client->events[i] != NULL)
            event_free(client->events[i]);
    }
    if (client->base != NULL)
        event_base_free(client->base);
    curl_slist_free_all(client->headers);
    free(client->slots);
    free(client->shards);
}

static int64_t cpu_us(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (int64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000 + use.ru_utime.tv_usec +
           use.ru_stime.tv_usec;
}

int burst_client_run(const struct burst_settings *settings, struct burst_report *report)
{
    struct client client = {.settings = settings,
                            .report = report,
                            .schedule = {.rate = settings->rate, .total = (int64_t)settings->n}};
    int r = open_client(&client);
    if (r == 0) {
        int64_t cpu_before_us = cpu_us();
        report->wanted = settings->n;
        report->started_wall_us = clock_wall_us();
        report->started_us = client.schedule.began_us = clock_mono_us();
        on_tick(-1, 0, &client);
        if (report->done < report->wanted)
            event_base_dispatch(client.base);
        report->ended_us = clock_mono_us();
        report->cpu_us = cpu_us() - cpu_before_us;
        burst_report_progress(report);
    }
    close_client(&client);
    return r;
}

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
#include "ctl/burst_open.h"

#include "shared/base/clock.h"

#include <assert.h>
#include <curl/curl.h>
#include <event2/event.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ROUNDS_A_TURN 64

static void turn(struct shard *shard);

static void on_ready(void *owner, curl_socket_t fd, int flags)
{
    struct shard *shard = owner;
    int running;
    curl_multi_socket_action(shard->multi, fd, flags, &running);
    turn(shard);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    struct shard *shard = arg;
    (void)easy, (void)unused;
    return burst_watches_set(&shard->client->watches, fd, what, shard);
}

static int on_close_socket(void *arg, curl_socket_t fd)
{
    struct client *client = arg;
    burst_watches_forget(&client->watches, fd);
    return close(fd);
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

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct slot *slot = arg;
    size_t room = sizeof slot->body - slot->body_len, len = size * n;
    assert(slot->magic == SLOT_MAGIC);
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
    slot->user = s->first_user + s->plan->users[client->schedule.begun++];
    slot->body_len = 0;
    int len = snprintf(slot->request, sizeof slot->request, "{\"user_id\":\"u-%llu\"}",
                       (unsigned long long)slot->user);
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE, (long)len);
    curl_multi_add_handle(slot->shard->multi, slot->easy);
}

/* outcome_of: the outcome of a request without an answer. */
static const char *outcome_of(CURLcode result)
{
    switch (result) {
    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";
    case CURLE_COULDNT_CONNECT:
        return "connect";
    default:
        return "connection";
    }
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
        strcpy(answer.outcome, outcome_of(result));
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
        assert(slot->magic == SLOT_MAGIC && slot->easy == m->easy_handle);
        finish(slot, result);
        start(slot);
    }
}

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
    for (size_t i = 0; i < 2; i++)
        event_del(client->signals[i]);
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
    static const struct burst_hooks hooks = {on_ready,        on_curl_socket, on_curl_timer,
                                             on_close_socket, on_body,        on_tick,
                                             on_progress,     on_signal};
    struct client client = {
        .settings = settings,
        .report = report,
        .schedule = {.rate = settings->rate, .total = (int64_t)settings->plan->n}};
    int r = burst_open(&client, &hooks);
    if (r == 0) {
        int64_t cpu_before_us = cpu_us();
        report->wanted = settings->plan->n;
        report->started_wall_us = clock_wall_us();
        report->started_us = client.schedule.began_us = clock_mono_us();
        on_tick(-1, 0, &client);
        if (report->done < report->wanted)
            event_base_dispatch(client.base);
        report->ended_us = clock_mono_us();
        report->cpu_us = cpu_us() - cpu_before_us;
        burst_report_progress(report);
    }
    burst_close(&client);
    return r;
}

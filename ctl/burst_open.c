/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/burst_open.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#define SHARD_SLOTS  16
#define TICK_MS      10
#define RATE_TICK_US 100 /* the largest delay of a request on an idle machine */
#define PROGRESS_MS  200
#define SPARE_FDS    64

static int open_slot(struct client *client, const struct burst_hooks *hooks, struct slot *slot,
                     struct shard *shard)
{
    const struct burst_settings *s = client->settings;
    CURL *e = slot->easy = curl_easy_init();
    slot->magic = SLOT_MAGIC;
    slot->shard = shard;
    if (e == NULL)
        return -ENOMEM;
    curl_easy_setopt(e, CURLOPT_URL, s->target->url);
    curl_easy_setopt(e, CURLOPT_PRIVATE, slot);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, slot->request);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, hooks->body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, slot);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, hooks->close_socket);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, client);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)s->timeout_ms);
    curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 4096L);
    STAILQ_INSERT_TAIL(&client->idle, slot, next);
    return 0;
}

static int open_shard(struct client *client, const struct burst_hooks *hooks, struct shard *shard)
{
    CURLM *m = shard->multi = curl_multi_init();
    shard->client = client;
    shard->due_us = -1;
    if (m == NULL)
        return -ENOMEM;
    curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, hooks->curl_socket);
    curl_multi_setopt(m, CURLMOPT_SOCKETDATA, shard);
    curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, hooks->curl_timer);
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
    if (limit.rlim_cur < need)
        return -EMFILE;
    client->n_files = limit.rlim_cur < 2 * need ? limit.rlim_cur : 2 * need;
    return 0;
}

static int open_handles(struct client *client, const struct burst_hooks *hooks)
{
    int r = open_headers(client);
    for (size_t i = 0; r == 0 && i < client->n_shards; i++)
        r = open_shard(client, hooks, &client->shards[i]);
    for (size_t i = 0; r == 0 && i < client->n_slots; i++)
        r = open_slot(client, hooks, &client->slots[i], &client->shards[i % client->n_shards]);
    return r;
}

static int open_events(struct client *client, const struct burst_hooks *hooks)
{
    int64_t tick_us = client->settings->rate > 0 ? RATE_TICK_US : TICK_MS * 1000;
    client->tick = event_new(client->base, -1, EV_PERSIST, hooks->tick, client);
    client->progress = event_new(client->base, -1, EV_PERSIST, hooks->progress, client);
    client->signals[0] = evsignal_new(client->base, SIGINT, hooks->signal, client);
    client->signals[1] = evsignal_new(client->base, SIGTERM, hooks->signal, client);
    if (client->tick == NULL || client->progress == NULL || client->signals[0] == NULL ||
        client->signals[1] == NULL)
        return -ENOMEM;
    event_add(client->tick, &(struct timeval){.tv_usec = tick_us});
    event_add(client->progress, &(struct timeval){.tv_usec = PROGRESS_MS * 1000});
    event_add(client->signals[0], NULL);
    event_add(client->signals[1], NULL);
    return 0;
}

/* open_base: a loop without locks and with fewer epoll_ctl; `precise`: with timers below 1 ms. */
static struct event_base *open_base(bool precise)
{
    struct event_config *config = event_config_new();
    if (config == NULL)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    if (precise)
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

int burst_open(struct client *client, const struct burst_hooks *hooks)
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
    r = burst_watches_open(&client->watches, client->base, client->n_files, hooks->ready);
    if (r == 0)
        r = open_handles(client, hooks);
    return r < 0 ? r : open_events(client, hooks);
}

static void close_event(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

void burst_close(struct client *client)
{
    for (size_t i = 0; client->slots != NULL && i < client->n_slots; i++) {
        struct slot *slot = &client->slots[i];
        if (slot->easy != NULL)
            curl_easy_cleanup(slot->easy);
    }
    for (size_t i = 0; client->shards != NULL && i < client->n_shards; i++)
        curl_multi_cleanup(client->shards[i].multi);
    burst_watches_close(&client->watches);
    close_event(client->tick);
    close_event(client->progress);
    close_event(client->signals[0]);
    close_event(client->signals[1]);
    if (client->base != NULL)
        event_base_free(client->base);
    curl_slist_free_all(client->headers);
    free(client->slots);
    free(client->shards);
}

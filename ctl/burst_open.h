/* SPDX-License-Identifier: Apache-2.0 */
/* Internals of the load client, shared by burst_client.c, which runs it, and burst_open.c, which
 * sets it up. */
#ifndef ONRUSH_CTL_BURST_OPEN_H
#define ONRUSH_CTL_BURST_OPEN_H

#include "ctl/burst_client.h"
#include "ctl/burst_watch.h"
#include "shared/load/schedule.h"

#include <sys/queue.h>

#define BODY_MAX   1024 /* bytes of an answer that are kept */
#define SLOT_MAGIC 0x51075107u

struct client;

struct shard {
    struct client *client;
    CURLM *multi;
    int64_t due_us; /* when to call curl; -1: never */
};

struct slot {
    unsigned magic;
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

struct client {
    const struct burst_settings *settings;
    struct burst_report *report;
    struct event_base *base;
    struct shard *shards;
    struct slot *slots;
    size_t n_shards, n_slots;
    size_t n_files; /* the largest number of descriptors */
    struct burst_watches watches;
    STAILQ_HEAD(, slot) idle;
    struct curl_slist *headers;
    struct event *tick, *progress, *signals[2];
    struct schedule schedule; /* a signal ends it early */
};

/* The callbacks, in burst_client.c. */
struct burst_hooks {
    burst_ready_fn *ready;
    int (*curl_socket)(CURL *easy, curl_socket_t fd, int what, void *shard, void *unused);
    int (*curl_timer)(CURLM *multi, long timeout_ms, void *shard);
    int (*close_socket)(void *client, curl_socket_t fd);
    size_t (*body)(char *data, size_t size, size_t n, void *slot);
    event_callback_fn tick, progress, signal;
};

/* burst_open: sets up everything but the first request, after `settings` and `report` were set.
 * Returns 0 or a negative errno; call burst_close() in any case. */
int burst_open(struct client *client, const struct burst_hooks *hooks);

void burst_close(struct client *client);

#endif

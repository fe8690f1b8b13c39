/* SPDX-License-Identifier: Apache-2.0 */
/* open: sends requests on schedule, whatever the answers do (shared/load/schedule.h). It shares the
 * machine with what it measures, so it is light: one thread, ready-made requests, and it reads only
 * an answer's length. The connection that was idle longest sends next, so that all connections and
 * ports are used. "@C" in the path is a number from 0001 to `campaigns`, taken in turn. With
 * fresh=1 each request has a new connection; one that ends without an answer counts as lost, and
 * the run continues.
 *
 *   due ──(a connection is free)──► sent ──► answered: now - due */
#include "loadtests/bench/connect.h"
#include "shared/load/histogram.h"
#include "shared/load/schedule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define CAMPAIGN "@C"
#define TICK_NS  100000 /* precision of the schedule */
#define GRACE_US 5000000
#define EVENTS   256
#define ROOM     2048 /* longest answer */
#define PORTS    16

struct client {
    int fd;
    uint16_t port;
    bool connecting;  /* the request is sent once connected */
    long long number; /* number of the current request */
    int64_t due_us;
    size_t got;
    STAILQ_ENTRY(client) next;
    char answer[ROOM + 1];
};

struct run {
    struct in_addr from;
    uint16_t ports[PORTS];
    size_t n_ports;
    bool get, fresh;
    const char *path, *path_end; /* the path before and after "@C" */
    int epoll_fd, timer_fd;
    struct client *clients;
    STAILQ_HEAD(, client) free;
    struct schedule schedule;
    struct histogram latency;
    int64_t campaigns, lost, good, bad;
    unsigned seed;
};

static int write_one(struct run *run, struct client *c)
{
    char body[64], request[512], campaign[24] = "", content[96] = "";
    int len = 0;
    if (run->path_end != NULL)
        snprintf(campaign, sizeof campaign, "%04lld", c->number % run->campaigns + 1);
    if (!run->get) {
        len = snprintf(body, sizeof body, "{\"user_id\":\"o%u-%lld\"}", run->seed, c->number);
        snprintf(content, sizeof content,
                 "Content-Type: application/json\r\nContent-Length: %d\r\n", len);
    }
    int n =
        snprintf(request, sizeof request, "%s %.*s%s%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n%.*s",
                 run->get ? "GET" : "POST",
                 run->path_end != NULL ? (int)(run->path_end - run->path) : -1, run->path, campaign,
                 run->path_end != NULL ? run->path_end + strlen(CAMPAIGN) : "", content, len, body);
    c->connecting = false;
    return send(c->fd, request, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -EIO;
}

static int open_one(struct run *run, struct client *c)
{
    struct epoll_event event = {.events = run->fresh ? EPOLLIN | EPOLLOUT | EPOLLET : EPOLLIN,
                                .data.ptr = c};
    c->fd = bench_connect(run->from, 0, c->port, !run->fresh);
    if (c->fd < 0)
        return c->fd;
    c->connecting = run->fresh;
    return epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
}

static int send_one(struct run *run, struct client *c)
{
    c->due_us = schedule_due_us(&run->schedule);
    c->number = run->schedule.begun++;
    c->got = 0;
    return run->fresh ? open_one(run, c) : write_one(run, c);
}

/* send_due: sends as many due requests as there are free connections. */
static int send_due(struct run *run)
{
    while (!STAILQ_EMPTY(&run->free) && schedule_ready(&run->schedule)) {
        struct client *c = STAILQ_FIRST(&run->free);
        STAILQ_REMOVE_HEAD(&run->free, next);
        if (send_one(run, c) < 0)
            return -EIO;
    }
    return 0;
}

/* complete: true if the whole answer has arrived. Returns -EPROTO if it is malformed or too long.
 * */
static int complete(const struct client *c)
{
    const char *end = strstr(c->answer, "\r\n\r\n"), *length;
    if (end == NULL)
        return c->got < ROOM ? 0 : -EPROTO;
    length = strcasestr(c->answer, "\r\nContent-Length: ");
    if (length == NULL || length > end)
        return -EPROTO;
    return c->got >= (size_t)(end + 4 - c->answer) + strtoul(length + 18, NULL, 10);
}

/* release: lets the next request use this connection, or its slot. */
static void release(struct run *run, struct client *c)
{
    if (run->fresh)
        close(c->fd);
    STAILQ_INSERT_TAIL(&run->free, c, next);
}

static int take(struct run *run, struct client *c)
{
    ssize_t n = recv(c->fd, c->answer + c->got, ROOM - c->got, MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 && errno == EAGAIN ? 0 : -EPIPE;
    c->got += (size_t)n;
    c->answer[c->got] = '\0';
    int r = complete(c);
    if (r <= 0)
        return r;
    histogram_add(&run->latency, clock_mono_us() - c->due_us);
    bool good = strncmp(c->answer, run->get ? "HTTP/1.1 200 " : "HTTP/1.1 202 ", 13) == 0;
    run->good += good;
    if (!good && run->bad++ == 0)
        bench_fail("an answer is wrong", c->answer);
    release(run, c);
    return 0;
}

/* go_on: handles the socket's events. A fresh connection that fails is one lost request. */
static int go_on(struct run *run, struct client *c, uint32_t events)
{
    int r = 0;
    if (c->connecting && (events & EPOLLOUT))
        r = write_one(run, c);
    if (r == 0 && (events & ~(uint32_t)EPOLLOUT))
        r = take(run, c);
    if (r == 0 || !run->fresh)
        return r;
    if (run->lost++ == 0)
        bench_fail("a request was lost", c->connecting ? "before it was sent" : strerror(errno));
    release(run, c);
    return 0;
}

static int open_clients(struct run *run, int64_t n)
{
    run->clients = calloc((size_t)n, sizeof *run->clients);
    for (int64_t i = 0; run->clients != NULL && i < n; i++) {
        struct client *c = &run->clients[i];
        c->port = run->ports[(size_t)i % run->n_ports];
        int r = run->fresh ? 0 : open_one(run, c);
        if (r < 0)
            return r;
        STAILQ_INSERT_TAIL(&run->free, c, next);
    }
    return run->clients != NULL ? 0 : -ENOMEM;
}

static int start_clock(struct run *run)
{
    struct epoll_event tick = {.events = EPOLLIN, .data.ptr = NULL};
    struct itimerspec every = {{.tv_nsec = TICK_NS}, {.tv_nsec = TICK_NS}};
    run->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    timerfd_settime(run->timer_fd, 0, &every, NULL);
    return run->timer_fd >= 0 ? epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, run->timer_fd, &tick)
                              : -errno;
}

static int turn(struct run *run)
{
    struct epoll_event events[EVENTS];
    uint64_t ticks;
    int n = epoll_wait(run->epoll_fd, events, EVENTS, 1000);
    for (int i = 0; i < n; i++) {
        int r = 0;
        if (events[i].data.ptr != NULL)
            r = go_on(run, events[i].data.ptr, events[i].events);
        else if (read(run->timer_fd, &ticks, sizeof ticks) < 0 && errno != EAGAIN)
            r = -errno;
        if (r < 0)
            return r;
    }
    return send_due(run);
}

static int report(const struct run *run, int64_t took_us)
{
    const struct histogram *h = &run->latency;
    printf("{\"requests\":%lld,\"answered\":%lld,\"accepted\":%lld,\"rate\":%.1f,\"p50_us\":%lld,"
           "\"p99_us\":%lld,\"max_us\":%lld}\n",
           (long long)run->schedule.total, (long long)h->n, (long long)run->good,
           (double)h->n * 1e6 / (double)took_us, (long long)histogram_percentile(h, 50),
           (long long)histogram_percentile(h, 99), (long long)h->max);
    return run->good == run->schedule.total ? BENCH_OK : BENCH_FAILED;
}

/* ports_of: parses PORT[,PORT]...; returns their number. */
static size_t ports_of(const char *text, uint16_t *ports)
{
    size_t n = 0;
    for (char *end; n < PORTS && *text != '\0'; text = *end == ',' ? end + 1 : end) {
        ports[n++] = (uint16_t)strtoul(text, &end, 10);
        if (end == text || (*end != ',' && *end != '\0'))
            return 0;
    }
    return n;
}

int bench_open(const struct bench_args *args)
{
    struct run run = {.path = bench_text(args, "path", NULL),
                      .campaigns = bench_number(args, "campaigns", 1),
                      .free = STAILQ_HEAD_INITIALIZER(run.free),
                      .schedule.rate = bench_number(args, "rate", -1),
                      .seed = (unsigned)getpid(),
                      .from = bench_from(args),
                      .get = bench_number(args, "get", 0) > 0,
                      .fresh = bench_number(args, "fresh", 0) > 0,
                      .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    run.n_ports = ports_of(bench_text(args, "port", NULL), run.ports);
    run.path_end = strstr(run.path, CAMPAIGN);
    struct schedule *s = &run.schedule;
    s->total = s->rate * bench_number(args, "seconds", -1);
    int r = s->total > 0 && run.campaigns > 0 && run.n_ports > 0 ? 0 : -EINVAL;
    if (r == 0)
        r = open_clients(&run, bench_number(args, "connections", 256));
    if (r == 0)
        r = start_clock(&run);
    s->began_us = clock_mono_us();
    int64_t until_us = s->began_us + bench_number(args, "seconds", -1) * 1000000 + GRACE_US;
    while (r == 0 && (int64_t)run.latency.n + run.lost < s->total && clock_mono_us() < until_us)
        r = turn(&run);
    if (r < 0 || run.latency.n == 0)
        return bench_fail("the open model", strerror(-r));
    return report(&run, clock_mono_us() - s->began_us);
}

/* open: requests at their own times, whatever the answers do (shared/load/schedule.h). As light as
 * a client can be, for it shares the machine with what it measures: one thread, ready-made
 * requests, an answer is read as far as its length. The connection that has been free for longest
 * is the next: all of them are in use. "@C" in the path is a number from 0001 to `campaigns`, the
 * requests go to them in turns.
 *
 *   due ──(a connection is free)──► sent ──► answered: now - due */
#include "loadtests/bench/bench.h"
#include "shared/load/histogram.h"
#include "shared/load/schedule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
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
#define TICK_NS  100000 /* how exactly a request keeps its time */
#define GRACE_US 5000000
#define EVENTS   256
#define ROOM     2048 /* the longest answer */

struct client {
    int fd;
    int64_t due_us; /* of the request that is under way */
    size_t got;
    STAILQ_ENTRY(client) next;
    char answer[ROOM + 1];
};

struct run {
    struct sockaddr_in address;
    const char *path, *path_end; /* before "@C" and behind it */
    int epoll_fd, timer_fd;
    struct client *clients;
    STAILQ_HEAD(, client) free;
    struct schedule schedule;
    struct histogram latency;
    int64_t campaigns, good;
    unsigned seed;
};

static int send_one(struct run *run, struct client *c)
{
    char body[64], request[512], campaign[24] = "";
    long long i = run->schedule.begun;
    if (run->path_end != NULL)
        snprintf(campaign, sizeof campaign, "%04lld", i % run->campaigns + 1);
    int len = snprintf(body, sizeof body, "{\"user_id\":\"o%u-%lld\"}", run->seed, i);
    int n =
        snprintf(request, sizeof request,
                 "POST %.*s%s%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 "Content-Length: %d\r\n\r\n%s",
                 run->path_end != NULL ? (int)(run->path_end - run->path) : -1, run->path, campaign,
                 run->path_end != NULL ? run->path_end + strlen(CAMPAIGN) : "", len, body);
    c->due_us = schedule_due_us(&run->schedule);
    run->schedule.begun++;
    c->got = 0;
    return send(c->fd, request, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -EIO;
}

/* send_due: as many as are due and find a free connection. */
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

/* complete: is the whole answer there? -EPROTO when it is none, or too long. */
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
    run->good += strncmp(c->answer, "HTTP/1.1 202 ", 13) == 0;
    STAILQ_INSERT_TAIL(&run->free, c, next);
    return 0;
}

static int open_clients(struct run *run, int64_t n)
{
    run->clients = calloc((size_t)n, sizeof *run->clients);
    for (int64_t i = 0; run->clients != NULL && i < n; i++) {
        struct client *c = &run->clients[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0 ||
            connect(c->fd, (const struct sockaddr *)&run->address, sizeof run->address) < 0)
            return -errno;
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
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
            r = take(run, events[i].data.ptr);
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

int bench_open(const struct bench_args *args)
{
    struct run run = {.path = bench_text(args, "path", NULL),
                      .campaigns = bench_number(args, "campaigns", 1),
                      .free = STAILQ_HEAD_INITIALIZER(run.free),
                      .schedule.rate = bench_number(args, "rate", -1),
                      .seed = (unsigned)getpid(),
                      .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    run.address = (struct sockaddr_in){.sin_family = AF_INET,
                                       .sin_port = htons((uint16_t)bench_number(args, "port", -1)),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    run.path_end = strstr(run.path, CAMPAIGN);
    struct schedule *s = &run.schedule;
    s->total = s->rate * bench_number(args, "seconds", -1);
    int r = s->total > 0 && run.campaigns > 0 ? 0 : -EINVAL;
    if (r == 0)
        r = open_clients(&run, bench_number(args, "connections", 256));
    if (r == 0)
        r = start_clock(&run);
    s->began_us = clock_mono_us();
    int64_t until_us = s->began_us + bench_number(args, "seconds", -1) * 1000000 + GRACE_US;
    while (r == 0 && run.latency.n < (uint64_t)s->total && clock_mono_us() < until_us)
        r = turn(&run);
    if (r < 0 || run.latency.n == 0)
        return bench_fail("the open model", strerror(-r));
    return report(&run, clock_mono_us() - s->began_us);
}

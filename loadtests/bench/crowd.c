/* SPDX-License-Identifier: Apache-2.0 */
/* crowd: n connections of one address that behave according to their kind, until SIGTERM or for
 * LIFE_S. It prints a line of JSON when all of them stand, and another at the end:
 *
 *   served     a GET, its answer, then idle                 stands when answered
 *   waiting    a long-poll; once answered, another one      stands when it has asked
 *   leaving    long-polls; when all have asked, all leave and stay away
 *   returning  the same, but they come again after a second, and again
 *   silent     sends nothing                                stands when connected
 *   flooding   pipelines as much as it can, never reads     stands when the socket is full
 *   dribbling  one byte of a head every 100 ms              stands when connected
 *
 * The last two kinds reconnect after a disconnect. "@U" in the path is a user of `fill`, a
 * different one for each connection. */
#include "loadtests/bench/connect.h"

#include "shared/base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define USER         "@U"
#define LIFE_S       600
#define EVENTS       512
#define OPENS_A_TURN 256 /* between two looks at the sockets' events */
#define TICK_US      100000
#define RETURN_US    1000000
#define REQUEST_MAX  512
#define PORTS_FROM   2000
#define PORTS        63000
#define PORT_TRIES   100
#define FLOOD        64 /* requests in one send */

enum kind { SERVED, WAITING, LEAVING, RETURNING, SILENT, FLOODING, DRIBBLING, KINDS };

static const char *const kinds[] = {"served", "waiting",  "leaving",  "returning",
                                    "silent", "flooding", "dribbling"};

struct member {
    int fd;     /* -1: not open */
    bool asked; /* has sent its request, if its kind has one */
    bool stood;
    size_t at; /* offset in a request sent in parts */
};

struct crowd {
    enum kind kind;
    struct in_addr from;
    uint16_t port;
    const char *path, *path_end; /* the path before and after "@U"; path_end NULL: no "@U" */
    int epoll_fd;
    struct member *members;
    int64_t n, opened, stand, spread_us, first;
    int64_t begin_us, tick_us, again_us; /* when those that left come again; 0: they are here */
    uint32_t opens;                      /* each from the next port */
    int64_t answers, failed, closed, rounds;
};

static volatile sig_atomic_t stop;

static void on_term(int signal)
{
    (void)signal;
    stop = 1;
}

static size_t request_of(const struct crowd *crowd, const struct member *m, char *out)
{
    char user[24] = "";
    if (crowd->path_end != NULL)
        snprintf(user, sizeof user, "u-%016" PRIx64, crowd->first + (m - crowd->members));
    return (size_t)snprintf(out, REQUEST_MAX, "GET %.*s%s%s HTTP/1.1\r\nHost: localhost\r\n\r\n",
                            crowd->path_end != NULL ? (int)(crowd->path_end - crowd->path) : -1,
                            crowd->path, user,
                            crowd->path_end != NULL ? crowd->path_end + strlen(USER) : "");
}

static int open_one(struct crowd *crowd, struct member *m)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = m};
    bool stood = m->stood;
    int fd = -EADDRINUSE;
    for (int i = 0; i < PORT_TRIES && (fd == -EADDRINUSE || fd == -EADDRNOTAVAIL); i++)
        fd = bench_connect(crowd->from, (uint16_t)(PORTS_FROM + crowd->opens++ % PORTS),
                           crowd->port, false);
    *m = (struct member){.fd = fd, .stood = stood};
    return fd < 0 ? fd : epoll_ctl(crowd->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void close_one(struct member *m)
{
    if (m->fd >= 0)
        close(m->fd);
    m->fd = -1;
}

static void say_standing(struct crowd *crowd)
{
    if (crowd->rounds++ > 0)
        return;
    printf("{\"standing\":%" PRId64 ",\"us\":%" PRId64 "}\n", crowd->n,
           clock_mono_us() - crowd->begin_us);
    fflush(stdout);
}

static void stands(struct crowd *crowd, struct member *m)
{
    if (m->stood)
        return;
    m->stood = true;
    if (++crowd->stand == crowd->n)
        say_standing(crowd);
}

static void ask(struct crowd *crowd, struct member *m)
{
    char request[REQUEST_MAX];
    size_t len = request_of(crowd, m, request);
    if (send(m->fd, request, len, MSG_NOSIGNAL) != (ssize_t)len)
        crowd->failed++;
}

/* flood: sends until the socket is full; continues where the last send ended, within a request. */
static void flood(struct crowd *crowd, struct member *m)
{
    static char bytes[FLOOD * REQUEST_MAX];
    size_t len = request_of(crowd, m, bytes);
    for (size_t i = 1; i < FLOOD; i++)
        memcpy(bytes + i * len, bytes, len);
    for (ssize_t n; (n = send(m->fd, bytes + m->at, FLOOD * len - m->at, MSG_NOSIGNAL)) > 0;)
        m->at = (m->at + (size_t)n) % len;
}

static void dribble(struct member *m)
{
    static const char head[] = "GET / HTTP/1.1\r\nX-Slow: ";
    send(m->fd, m->at < sizeof head - 1 ? &head[m->at] : "a", 1, MSG_NOSIGNAL);
    m->at++;
}

static void on_writable(struct crowd *crowd, struct member *m)
{
    if (crowd->kind == FLOODING)
        flood(crowd, m);
    else if (!m->asked && crowd->kind <= RETURNING)
        ask(crowd, m);
    m->asked = true;
    if (crowd->kind != SERVED)
        stands(crowd, m);
}

static void on_answer(struct crowd *crowd, struct member *m, const char *answer, size_t len)
{
    if (crowd->kind == SILENT || crowd->kind == DRIBBLING)
        return; /* a timeout or "no room" is expected */
    crowd->answers++;
    if (len < 12 || memcmp(answer, "HTTP/1.1 200", 12) != 0)
        crowd->failed++;
    else if (crowd->kind == SERVED)
        stands(crowd, m);
    else if (crowd->kind == WAITING)
        ask(crowd, m);
}

static void on_readable(struct crowd *crowd, struct member *m)
{
    char answer[4096];
    ssize_t n;
    while (crowd->kind != FLOODING && (n = recv(m->fd, answer, sizeof answer, 0)) != 0) {
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            break;
        on_answer(crowd, m, answer, (size_t)n);
    }
    crowd->closed++;
    close_one(m);
}

static void on_event(struct crowd *crowd, struct member *m, uint32_t events)
{
    if (events & EPOLLOUT)
        on_writable(crowd, m);
    if (events & (crowd->kind == FLOODING ? EPOLLRDHUP | EPOLLHUP | EPOLLERR : ~(uint32_t)EPOLLOUT))
        on_readable(crowd, m);
}

/* leave: all have asked: closes every connection. */
static void leave(struct crowd *crowd)
{
    for (int64_t i = 0; i < crowd->n; i++) {
        close_one(&crowd->members[i]);
        crowd->members[i].stood = false;
    }
    crowd->stand = crowd->opened = 0;
    crowd->again_us = crowd->kind == LEAVING ? INT64_MAX : clock_mono_us() + RETURN_US;
}

static void tick(struct crowd *crowd)
{
    for (int64_t i = 0; i < crowd->opened; i++) {
        struct member *m = &crowd->members[i];
        if (m->fd < 0)
            open_one(crowd, m);
        else if (m->asked && crowd->kind == DRIBBLING)
            dribble(m);
    }
}

static int open_due(struct crowd *crowd, int64_t now_us)
{
    int64_t due = crowd->n, passed_us = now_us - crowd->begin_us;
    if (now_us < crowd->again_us)
        return 0;
    if (passed_us < crowd->spread_us)
        due = crowd->n * passed_us / crowd->spread_us;
    for (int i = 0; i < OPENS_A_TURN && crowd->opened < due; i++) {
        int r = open_one(crowd, &crowd->members[crowd->opened++]);
        if (r < 0)
            return r;
    }
    return 0;
}

static int turn(struct crowd *crowd)
{
    static struct epoll_event events[EVENTS];
    int64_t now_us = clock_mono_us();
    int r = open_due(crowd, now_us);
    int n = epoll_wait(crowd->epoll_fd, events, EVENTS, crowd->opened < crowd->n ? 1 : 100);
    for (int i = 0; i < n; i++)
        on_event(crowd, events[i].data.ptr, events[i].events);
    if ((crowd->kind == LEAVING || crowd->kind == RETURNING) && crowd->stand == crowd->n)
        leave(crowd);
    if (crowd->kind >= FLOODING && now_us >= crowd->tick_us) {
        tick(crowd);
        crowd->tick_us = now_us + TICK_US;
    }
    return r;
}

static enum kind kind_of(const struct bench_args *args)
{
    const char *name = bench_text(args, "kind", NULL);
    for (int i = 0; i < KINDS; i++)
        if (strcmp(name, kinds[i]) == 0)
            return (enum kind)i;
    exit(BENCH_USAGE | bench_fail("there is no such kind", name));
}

int bench_crowd(const struct bench_args *args)
{
    struct crowd crowd = {.kind = kind_of(args),
                          .from = bench_from(args),
                          .port = (uint16_t)bench_number(args, "port", -1),
                          .path = bench_text(args, "path", "/"),
                          .n = bench_number(args, "n", -1),
                          .first = bench_number(args, "first", 1),
                          .spread_us = bench_number(args, "spread-s", 0) * 1000000,
                          .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
                          .begin_us = clock_mono_us()};
    const struct sigaction term = {.sa_handler = on_term};
    crowd.path_end = strstr(crowd.path, USER);
    crowd.members = calloc((size_t)crowd.n + 1, sizeof *crowd.members);
    if (crowd.members == NULL || crowd.epoll_fd < 0)
        return bench_fail("the crowd", "no memory, or no descriptors");
    sigaction(SIGTERM, &term, NULL);
    int r = 0;
    while (r == 0 && !stop && clock_mono_us() < crowd.begin_us + LIFE_S * 1000000LL)
        r = turn(&crowd);
    printf("{\"answers\":%" PRId64 ",\"failed\":%" PRId64 ",\"closed\":%" PRId64
           ",\"rounds\":%" PRId64 "}\n",
           crowd.answers, crowd.failed, crowd.closed, crowd.rounds);
    free(crowd.members);
    return r == 0 ? BENCH_OK : bench_fail("the crowd", strerror(-r));
}

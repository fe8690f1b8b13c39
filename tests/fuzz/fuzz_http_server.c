/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the server. The input is a script: bytes that a client sends, and between them other
 * events, each written as 0xff and a letter (the table `steps`). So every input of the parser's
 * corpus is a script, too. The server is the real one of shared/http over kernel sockets. Its
 * handler answers at once, later, or in pieces (tests/fuzz/talk.h); only the clock is simulated.
 *
 * From the bytes alone, the judge (talk_judge.c) knows which answers must come, in which order and
 * with which bodies, whatever happens in between. Two more rules hold: when no more bytes come,
 * every complete request is answered; when the clients have closed their side, every connection,
 * buffer and place of the server is free. */
#include "tests/fuzz/talk.h"

#include "shared/base/clock.h"
#include "shared/http/conn.h"
#include "tests/support/must.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STEP        0xff
#define LATER_US    61000000 /* longer than each deadline */
#define KERNEL_ROOM 8192     /* holds the answers of one turn, except big ones */
#define OF_NETWORK  2        /* connections allowed at once */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The world survives an input; only spare memory may remain from one input to the next. */
static struct talk talks[TALKS];
static struct talk *now; /* the client that sends now */
static struct event_base *base;
static struct http_client_limit *clients;
static struct http_server *server;
static struct http_limits limits;
static int64_t now_us = 1;

int64_t clock_mono_us(void)
{
    return now_us;
}

/* --- the world --- */

static void begin_server(void)
{
    const int64_t minute_us = 60000000;
    struct http_hooks hooks = talk_hooks(talks);
    struct http_config config = {.max_head_bytes = 1024,
                                 .max_body_bytes = 64,
                                 .max_stream_bytes = 4096,
                                 .max_connections = TALKS - 1,
                                 .max_connections_per_address = OF_NETWORK,
                                 .clients = clients,
                                 .deadlines = {minute_us, minute_us, minute_us, minute_us}};
    must(http_server_new(&server, base, &config, &hooks) == 0);
    limits = server->limits;
    limits.max_body_bytes = (uint32_t)config.max_body_bytes;
}

static void begin(void)
{
    if (base == NULL) {
        base = event_base_new();
        clients = http_client_limit_new(TALKS);
        must(base != NULL && clients != NULL);
    }
    if (server == NULL)
        begin_server();
    for (size_t i = 0; i < TALKS; i++) {
        struct talk *t = &talks[i];
        size_t after = offsetof(struct talk, n_in);
        char *out = t->out;
        size_t room = t->out_room;
        t->fd = -1;
        memset((char *)t + after, 0, offsetof(struct talk, later_bytes) - after);
        t->n_requests = 0;
        t->out = out;
        t->out_room = room;
    }
}

static void disturb(void)
{
    for (size_t i = 0; i < TALKS; i++)
        talks[i].disturbed = true;
}

/* crowded: might this newcomer be refused, or displace another? May be true without need. */
static bool crowded(const struct talk *t)
{
    size_t n = 0;
    for (const struct talk *other = talks; other < talks + TALKS - 1; other++)
        n += other->fd >= 0 || other->killed;
    return http_server_census(server).all >= TALKS - 1 ||
           (t < talks + TALKS - 1 && n >= OF_NETWORK);
}

/* open_talk: above the limit a newcomer displaces another or is refused. */
static void open_talk(struct talk *t)
{
    struct sockaddr_in6 from = talk_address((size_t)(t - talks));
    int fds[2], room = KERNEL_ROOM;
    if (t->fd >= 0 || t->killed || server == NULL)
        return;
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (crowded(t))
        disturb();
    t->fd = fds[0];
    http_server_add(server, fds[1], (struct sockaddr *)&from);
}

/* --- the clients' side --- */

/* push: sends what the kernel accepts; returns false if it accepts nothing. */
static bool push(struct talk *t)
{
    if (t->fd < 0 || t->n_sent == t->n_in)
        return false;
    ssize_t n = send(t->fd, t->in + t->n_sent, t->n_in - t->n_sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN)
        return false;
    t->n_sent = n > 0 ? t->n_sent + (size_t)n : t->n_in; /* the server has closed */
    return true;
}

static void make_room(struct talk *t)
{
    if (t->out_room - t->n_out >= 4096)
        return;
    t->out_room = 2 * t->out_room + 8192;
    t->out = realloc(t->out, t->out_room);
    must(t->out != NULL);
}

/* drain: reads answers; returns false if there is nothing new. */
static bool drain(struct talk *t)
{
    bool more = false;
    while (t->fd >= 0 && !t->ended) {
        make_room(t);
        ssize_t n = recv(t->fd, t->out + t->n_out, t->out_room - t->n_out, 0);
        if (n < 0 && errno == EAGAIN)
            break;
        more = true;
        t->n_out += n > 0 ? (size_t)n : 0;
        t->ended = n <= 0;
        t->reset = n < 0;
    }
    return more;
}

/* turn: runs the loop until nothing moves. */
static void turn(void)
{
    bool more = true;
    while (more) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        more = false;
        for (size_t i = 0; i < TALKS; i++)
            more = (!talks[i].deaf && drain(&talks[i])) || more;
    }
}

/* --- the steps --- */

static void step_turn(void)
{
    push(now);
    turn();
}

static void step_push(void)
{
    push(now);
}

static void step_answer(void)
{
    talk_answer(now);
}

static void step_write(void)
{
    talk_write(now);
}

static void step_give_up(void)
{
    talk_give_up(now);
}

/* The client cannot send what the kernel has not accepted before. */
static void half_close(struct talk *t)
{
    if (t->fd < 0 || t->half_closed)
        return;
    push(t);
    t->n_in = t->n_sent;
    t->half_closed = true;
    shutdown(t->fd, SHUT_WR);
}

static void step_half_close(void)
{
    half_close(now);
}

static void step_kill(void)
{
    if (now->fd < 0)
        return;
    push(now);
    now->killed = true;
    close(now->fd);
    now->fd = -1;
}

static void step_read(void)
{
    drain(now);
}

static void step_listen(void)
{
    now->deaf = !now->deaf;
}

static void step_time(void)
{
    now_us += LATER_US;
    disturb();
    event_active(server->tick, EV_TIMEOUT, 0);
    turn();
}

static void step_quiesce(void)
{
    disturb();
    http_server_quiesce(server, false);
}

static const struct {
    char letter;
    void (*run)(void);
} steps[] = {
    {'.', step_turn},       /* the server runs */
    {'p', step_push},       /* bytes arrive, but the server does not run yet */
    {'a', step_answer},     /* the handler answers, or ends its stream */
    {'w', step_write},      /* the handler writes a piece */
    {'x', step_give_up},    /* the handler aborts its stream */
    {'h', step_half_close}, /* the client closes its sending side */
    {'k', step_kill},       /* the client disconnects */
    {'l', step_listen},     /* the client stops or resumes reading on its own */
    {'r', step_read},       /* the client reads, but the server does not run yet */
    {'t', step_time},       /* a minute passes */
    {'q', step_quiesce},    /* the server stops */
};

/* step: returns false for an unknown letter; a digit switches to another client. */
static bool step(char letter)
{
    if (letter >= '0' && letter < '0' + TALKS) {
        now = &talks[letter - '0'];
        open_talk(now);
        return true;
    }
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].letter != letter)
            continue;
        steps[i].run();
        return true;
    }
    return false;
}

static void put_byte(char byte)
{
    if (now->fd >= 0 && !now->half_closed)
        now->in[now->n_in++] = byte;
}

static void run(const uint8_t *data, size_t n)
{
    now = &talks[0];
    open_talk(now);
    for (size_t i = 0; i < n; i++) {
        if (data[i] == STEP && i + 1 < n && step((char)data[i + 1]))
            i++;
        else
            put_byte((char)data[i]);
    }
}

/* --- the end --- */

/* settle: all clients read until they have everything. */
static void settle(void)
{
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < TALKS; i++) {
            talks[i].deaf = false;
            more = push(&talks[i]) || more;
        }
        turn();
        for (size_t i = 0; i < TALKS; i++)
            more = talk_answer(&talks[i]) || more;
    }
    for (size_t i = 0; i < TALKS; i++)
        talks[i].left_first = talks[i].ended;
}

static void part(void)
{
    for (size_t i = 0; i < TALKS; i++) {
        must(talks[i].fd < 0 || talks[i].n_sent == talks[i].n_in);
        if (talks[i].fd >= 0)
            shutdown(talks[i].fd, SHUT_WR);
    }
    turn();
    http_conns_reap(server);
    must(http_server_census(server).all == 0 && server->n[HTTP_CLOSED] == 0);
    must(server->n_excess == 0 && TAILQ_EMPTY(&server->turns.busy) &&
         http_client_limit_size(clients) == 0);
    must(server->buffers.n_lent == 1); /* the shared one */
    if (server->draining)
        server = http_server_free(server);
}

static void judge(struct talk *t)
{
    if (t->fd < 0)
        return;
    must(t->ended);
    talk_judge(t, &limits);
    close(t->fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > TALK_IN_MAX)
        return 0;
    begin();
    run(data, n);
    settle();
    part();
    for (size_t i = 0; i < TALKS; i++)
        judge(&talks[i]);
    return 0;
}

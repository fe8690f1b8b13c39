/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/talk.h"

#include "tests/support/must.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define BIG         36000 /* the kernel accepts about half of it, then part of the rest */
#define REQUEST_MAX 4096  /* longest copy of a request */

/* --- shared by both sides --- */

enum talk_kind talk_kind(const struct http_request *request)
{
    static const char letters[] = "aswbcf";
    static const enum talk_kind kinds[] = {TALK_LATER, TALK_STREAM, TALK_WHOLE,
                                           TALK_BIG,   TALK_LAST,   TALK_FIELDS};
    char letter = '\0';
    if (request->path.len > 1)
        letter = request->path.at[1];
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;
    return found != NULL ? kinds[found - letters] : TALK_AT_ONCE;
}

unsigned talk_status(size_t number)
{
    static const unsigned statuses[] = {200, 202, 404, 299};
    return statuses[number % 4];
}

static char *copy(char *to, struct http_text text)
{
    to = text.len > 0 ? mempcpy(to, text.at, text.len) : to;
    *to++ = ' ';
    return to;
}

size_t talk_body(char *out, size_t number, const struct http_request *r)
{
    must(r->target.len + r->host.len + r->body.len < REQUEST_MAX - 64);
    char *end = out + snprintf(out, 32, "#%zu ", number);
    end = copy(end, r->method_name);
    end = copy(end, r->target);
    end = copy(end, r->host);
    end = copy(end, r->body);
    size_t n = (size_t)(end - out);
    if (talk_kind(r) != TALK_BIG)
        return n;
    memset(out + n, 'a' + (int)(number % 26), BIG);
    return n + BIG;
}

size_t talk_piece(char *out, size_t number, unsigned piece)
{
    memset(out, 'a' + (int)(piece % 26), TALK_PIECE_MAX);
    int n = snprintf(out, 48, "#%zu.%u", number, piece);
    out[n] = ' ';
    return piece % 3 == 0 ? (size_t)n : TALK_PIECE_MAX;
}

/* For the server's limits a network is one client. */
struct sockaddr_in6 talk_address(size_t i)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    address.sin6_addr.s6_addr[0] = 0x20;
    address.sin6_addr.s6_addr[1] = i == TALKS - 1;
    address.sin6_addr.s6_addr[15] = (unsigned char)i;
    return address;
}

static struct talk *talk_of(void *talks, const struct http_conn *c)
{
    return (struct talk *)talks + http_conn_peer(c)->bytes[15];
}

static struct talk_request *last_of(struct talk *t)
{
    must(t->n_requests > 0);
    return &t->requests[t->n_requests - 1];
}

static void send_answer(struct talk *t, struct http_conn *c, struct http_text body)
{
    size_t number = t->n_requests - 1;
    enum talk_kind kind = last_of(t)->kind;
    char text[24];
    http_answer_begin(c, talk_status(number));
    if (kind == TALK_FIELDS) {
        snprintf(text, sizeof text, "%zu", number);
        http_answer_field(c, TALK_FIELD_NAME, text);
        http_answer_lines(c, TALK_LINES, sizeof TALK_LINES - 1);
    }
    if (kind == TALK_LAST)
        http_answer_close(c);
    http_answer_send(c, body.at, body.len);
}

/* write_stream: returns false if the stream is broken. */
static bool write_stream(struct talk *t, const char *bytes, size_t n)
{
    int r = http_stream_write(t->waiting, bytes, n);
    must(r == 0 || r == -EPIPE || (r == -EAGAIN && last_of(t)->pieces > 0));
    must(r != -EPIPE || last_of(t)->gone);
    last_of(t)->pieces += r == 0;
    return r != -EPIPE;
}

static void end_stream(struct talk *t, bool whole)
{
    struct http_conn *c = t->waiting;
    last_of(t)->given_up = !whole;
    t->waiting = NULL;
    http_stream_end(c, whole);
}

static void begin_stream(struct talk *t, struct http_text body)
{
    http_answer_begin(t->waiting, talk_status(t->n_requests - 1));
    http_stream_begin(t->waiting);
    write_stream(t, body.at, body.len);
}

bool talk_answer(struct talk *t)
{
    struct http_conn *c = t->waiting;
    if (c == NULL)
        return false;
    if (last_of(t)->kind != TALK_LATER) {
        end_stream(t, true);
        return true;
    }
    t->waiting = NULL;
    send_answer(t, c, t->later);
    return true;
}

void talk_write(struct talk *t)
{
    char piece[TALK_PIECE_MAX];
    if (t->waiting == NULL || last_of(t)->kind == TALK_LATER ||
        last_of(t)->pieces >= TALK_PIECES_MAX)
        return;
    size_t n = talk_piece(piece, t->n_requests - 1, last_of(t)->pieces);
    if (!write_stream(t, piece, n))
        end_stream(t, false);
}

void talk_give_up(struct talk *t)
{
    if (t->waiting != NULL && last_of(t)->kind != TALK_LATER)
        end_stream(t, false);
}

static void on_request(void *talks, struct http_conn *c, const struct http_request *r)
{
    struct talk *t = talk_of(talks, c);
    must(t->waiting == NULL && http_conn_data(c) == NULL && t->n_requests < TALK_REQUESTS);
    size_t n = talk_body(t->later_bytes, t->n_requests, r);
    t->later = (struct http_text){t->later_bytes, n};
    t->requests[t->n_requests++] = (struct talk_request){.kind = talk_kind(r)};
    http_conn_set_data(c, t);
    switch (last_of(t)->kind) {
    case TALK_LATER:
        t->waiting = c;
        break;
    case TALK_STREAM:
        t->waiting = c;
        begin_stream(t, t->later);
        break;
    case TALK_WHOLE:
        t->waiting = c;
        begin_stream(t, t->later);
        talk_write(t);
        talk_answer(t);
        break;
    default:
        send_answer(t, c, t->later);
    }
}

static void on_refused(void *talks, struct http_conn *c, enum http_refusal why, unsigned status,
                       const struct http_request *r)
{
    struct talk *t = talk_of(talks, c);
    must(t->waiting == NULL && (r == NULL || r->method_name.len > 0));
    must(why == HTTP_MALFORMED || t->disturbed);
    http_answer_begin(c, status);
    http_answer_send(c, TALK_REFUSAL, sizeof TALK_REFUSAL - 1);
}

/* Called once per unanswered request. */
static void on_gone(void *talks, struct http_conn *c)
{
    struct talk *t = talk_of(talks, c);
    must(http_conn_data(c) == t && t->waiting == c && !last_of(t)->gone);
    must(t->half_closed || t->killed || t->disturbed);
    last_of(t)->gone = true;
}

static void on_drained(void *talks, struct http_conn *c)
{
    struct talk *t = talk_of(talks, c);
    must(t->waiting == c && last_of(t)->kind != TALK_LATER);
}

struct http_hooks talk_hooks(struct talk talks[TALKS])
{
    return (struct http_hooks){.arg = talks,
                               .request = on_request,
                               .refused = on_refused,
                               .gone = on_gone,
                               .drained = on_drained};
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/talk.h"

#include "tests/fuzz/answer_reader.h"
#include "tests/support/feed.h"
#include "tests/support/must.h"

#include <string.h>

#define ROOM (TALK_BODY_MAX + TALK_PIECES_MAX * TALK_PIECE_MAX)

struct judging {
    const struct talk *talk;
    size_t at;      /* position in talk->out */
    size_t number;  /* number of the next request */
    bool over;      /* nothing may follow */
    bool by_client; /* because of the client or of an incomplete answer */
};

static char want[ROOM], got[ROOM]; /* bodies */

static size_t left(const struct judging *j)
{
    return j->talk->n_out - j->at;
}

static struct answer read_next(struct judging *j, bool head)
{
    struct answer answer = {.body = got, .body_room = sizeof got};
    answer_read(&answer, j->talk->out + j->at, left(j), head);
    j->at += answer.bytes;
    return answer;
}

/* --- the server's own answers --- */

/* refusal: a refusal that ends the connection, possibly late or for overload. An answer to HEAD has
 * no body. */
static bool refusal(const struct judging *j, unsigned status)
{
    const char *at = j->talk->out + j->at;
    struct answer answer = {.body = got, .body_room = sizeof got};
    answer_read(&answer, at, left(j), true);
    size_t body = left(j) - answer.bytes;
    bool own = answer.status == status ||
               (j->talk->disturbed && (answer.status == 408 || answer.status == 503));
    if (answer.cut || !own)
        return false;
    must(answer.close && answer.framing == ANSWER_OF_LENGTH && answer.n_others == 0);
    must(answer.content_length == sizeof TALK_REFUSAL - 1);
    must(body == 0 || body == answer.content_length || j->talk->disturbed);
    must(memcmp(at + answer.bytes, TALK_REFUSAL, body) == 0);
    return true;
}

static bool ends_early(struct judging *j)
{
    if (!j->talk->disturbed)
        return false;
    bool own = refusal(j, 0);
    if (own)
        j->at = j->talk->n_out;
    return own || left(j) == 0;
}

/* --- the handler's answers --- */

/* whole_body: the handler's body for the request; returns its length. */
static size_t whole_body(const struct judging *j, const struct http_request *r)
{
    const struct talk_request *asked = &j->talk->requests[j->number];
    size_t n = talk_body(want, j->number, r);
    for (unsigned piece = 1; piece < asked->pieces; piece++)
        n += talk_piece(want + n, j->number, piece);
    return n;
}

static bool is_stream(enum talk_kind kind)
{
    return kind == TALK_STREAM || kind == TALK_WHOLE;
}

static void judge_body(const struct judging *j, const struct http_request *r,
                       const struct answer *a)
{
    const struct talk_request *asked = &j->talk->requests[j->number];
    bool part = a->cut || asked->given_up || j->talk->disturbed;
    size_t n = whole_body(j, r);
    must(a->body_n <= n && memcmp(got, want, a->body_n) == 0);
    if (a->framing == ANSWER_OF_LENGTH && a->bytes > 0)
        must(a->content_length == n || a->cut);
    if (r->method != HTTP_METHOD_HEAD)
        must(a->body_n == n || part);
}

static void judge_fields(const struct judging *j, const struct http_request *r,
                         const struct answer *a, bool last)
{
    enum talk_kind kind = j->talk->requests[j->number].kind;
    bool stream = is_stream(kind);
    must(a->status == talk_status(j->number));
    must(a->n_others == (kind == TALK_FIELDS ? TALK_N_FIELDS : 0));
    must((a->framing == ANSWER_CHUNKED) == (stream && r->minor_version > 0));
    must((a->framing == ANSWER_UNTIL_THE_END) == (stream && r->minor_version == 0));
    must(a->close == last || j->talk->disturbed);
    must(a->keep_alive == (!a->close && r->minor_version == 0));
}

/* judge_request: judges the next complete request; a feed_request_fn. */
static void judge_request(void *arg, const struct http_request *r, size_t end)
{
    struct judging *j = arg;
    const struct talk *t = j->talk;
    (void)end;
    if (j->over)
        return;
    size_t interim = answer_skip_continue(t->out + j->at, left(j));
    must(interim == 0 || r->expect_continue);
    j->at += interim;
    j->over = ends_early(j);
    if (j->over)
        return;
    must(j->number < t->n_requests);
    struct answer answer = read_next(j, r->method == HTTP_METHOD_HEAD);
    const struct talk_request *asked = &t->requests[j->number];
    bool last = !r->keep_alive || asked->kind == TALK_LAST ||
                (is_stream(asked->kind) && r->minor_version == 0);
    must(asked->kind == talk_kind(r) && (!asked->given_up || !answer.cut || t->ended));
    must(!answer.cut || asked->given_up || t->disturbed);
    judge_body(j, r, &answer);
    if (!answer.cut)
        judge_fields(j, r, &answer, last);
    j->by_client = !r->keep_alive || asked->given_up;
    j->over = last || answer.cut || asked->given_up || answer.close;
    j->number++;
}

static void judge_rest(struct judging *j, const struct feed_end *end)
{
    const struct talk *t = j->talk;
    if (j->over)
        return;
    j->at += answer_skip_continue(t->out + j->at, left(j));
    if (end->progress == HTTP_REFUSED && left(j) > 0) {
        must(refusal(j, (unsigned)end->status));
        j->at = t->n_out;
        j->over = true;
    }
    must(end->progress != HTTP_REFUSED || j->over || t->disturbed);
    j->over = ends_early(j) || j->over;
}

void talk_judge(const struct talk *t, const struct http_limits *limits)
{
    struct judging j = {.talk = t};
    struct feed_end end = feed(t->in, t->n_in, limits, feed_at_once, NULL, judge_request, &j);
    judge_rest(&j, &end);
    must(j.at == t->n_out);
    must(j.number == t->n_requests || t->disturbed);
    must(t->disturbed || t->half_closed || j.over == t->left_first);
    must(!t->reset || t->disturbed || j.by_client);
}

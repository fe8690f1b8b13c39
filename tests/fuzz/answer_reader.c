/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/answer_reader.h"

#include "tests/support/must.h"

#include <string.h>

#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

/* The bytes to read; `at` is the position. */
struct reading {
    const char *at, *end;
    struct answer *answer;
    unsigned n_dates, n_framings, n_connections;
};

size_t answer_skip_continue(const char *bytes, size_t n)
{
    size_t len = sizeof CONTINUE - 1;
    return n >= len && memcmp(bytes, CONTINUE, len) == 0 ? len : 0;
}

static bool is(struct http_text text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

/* line: returns a line without CR LF; fails if it is incomplete. */
static struct http_text line(struct reading *r)
{
    const char *lf = memchr(r->at, '\n', (size_t)(r->end - r->at));
    if (lf == NULL)
        return (struct http_text){NULL, 0};
    must(lf > r->at && lf[-1] == '\r');
    struct http_text text = {r->at, (size_t)(lf - 1 - r->at)};
    must(memchr(text.at, '\r', text.len) == NULL && memchr(text.at, '\0', text.len) == NULL);
    r->at = lf + 1;
    return text;
}

/* number: parses the whole text, which must be in canonical form. */
static size_t number(struct http_text text, unsigned base)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;
    must(text.len > 0 && text.len < 12 && (text.at[0] != '0' || text.len == 1));
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = strchr(digits, text.at[i]);
        must(text.at[i] != '\0' && digit != NULL && digit < digits + base);
        n = n * base + (size_t)(digit - digits);
    }
    return n;
}

static void read_status(struct answer *a, struct http_text text)
{
    must(text.len >= 13 && memcmp(text.at, "HTTP/1.1 ", 9) == 0 && text.at[12] == ' ');
    a->status = (unsigned)number((struct http_text){text.at + 9, 3}, 10);
    must(a->status >= 200 && a->status <= 599 && a->status != 204 && a->status != 304);
}

static void read_connection(struct reading *r, struct http_text value)
{
    r->n_connections++;
    r->answer->close = is(value, "close");
    r->answer->keep_alive = is(value, "keep-alive");
    must(r->answer->close || r->answer->keep_alive);
}

static void read_field(struct reading *r, struct http_text text)
{
    struct answer *a = r->answer;
    const char *colon = memchr(text.at, ':', text.len);
    must(colon != NULL && colon > text.at);
    struct http_text name = {text.at, (size_t)(colon - text.at)};
    struct http_text value = {colon + 1, text.len - name.len - 1};
    if (value.len > 0 && value.at[0] == ' ')
        value = (struct http_text){value.at + 1, value.len - 1};
    if (is(name, "Content-Length")) {
        r->n_framings++;
        a->framing = ANSWER_OF_LENGTH;
        a->content_length = number(value, 10);
    } else if (is(name, "Transfer-Encoding")) {
        r->n_framings++;
        a->framing = ANSWER_CHUNKED;
        must(is(value, "chunked"));
    } else if (is(name, "Connection")) {
        read_connection(r, value);
    } else if (is(name, "Date")) {
        r->n_dates++;
        must(value.len == sizeof "Sun, 06 Nov 1994 08:49:37 GMT" - 1);
    } else {
        a->n_others++;
    }
}

/* read_head: returns false if it is truncated. */
static bool read_head(struct reading *r)
{
    struct http_text text = line(r);
    if (text.at == NULL)
        return false;
    read_status(r->answer, text);
    r->answer->framing = ANSWER_UNTIL_THE_END;
    for (text = line(r); text.at != NULL && text.len > 0; text = line(r))
        read_field(r, text);
    if (text.at == NULL)
        return false;
    must(r->n_dates == 1 && r->n_framings <= 1 && r->n_connections <= 1);
    must(r->n_framings == 1 || r->answer->close);
    return true;
}

/* take: reads n bytes of the body; returns false if they are truncated. */
static bool take(struct reading *r, size_t n)
{
    struct answer *a = r->answer;
    size_t there = (size_t)(r->end - r->at), got = n < there ? n : there;
    size_t room = a->body_n < a->body_room ? a->body_room - a->body_n : 0;
    memcpy(a->body + a->body_n, r->at, got < room ? got : room);
    a->body_n += got;
    r->at += got;
    return got == n;
}

/* read_chunks: returns false if they are truncated. */
static bool read_chunks(struct reading *r)
{
    for (;;) {
        struct http_text text = line(r);
        if (text.at == NULL)
            return false;
        size_t n = number(text, 16);
        if (n > 0 && !take(r, n))
            return false;
        text = line(r);
        if (text.at == NULL)
            return false;
        must(text.len == 0);
        if (n == 0)
            return true;
    }
}

static bool read_body(struct reading *r)
{
    switch (r->answer->framing) {
    case ANSWER_OF_LENGTH:
        return take(r, r->answer->content_length);
    case ANSWER_CHUNKED:
        return read_chunks(r);
    default:
        return take(r, (size_t)(r->end - r->at));
    }
}

void answer_read(struct answer *a, const char *bytes, size_t n, bool head)
{
    struct reading r = {.at = bytes, .end = bytes + n, .answer = a};
    *a = (struct answer){.body = a->body, .body_room = a->body_room};
    a->cut = !read_head(&r) || (!head && !read_body(&r));
    a->bytes = (size_t)(r.at - bytes);
}

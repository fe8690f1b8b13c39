/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/feed.h"

#include "tests/support/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct feeding {
    struct http_parser parser;
    const struct http_limits *limits;
    char *buffer; /* the current request; NULL: no bytes yet */
    size_t n;
    bool head;
};

size_t feed_at_once(void *arg, size_t left)
{
    (void)arg;
    return left;
}

size_t feed_bytewise(void *arg, size_t left)
{
    (void)arg;
    (void)left;
    return 1;
}

static bool fixed(struct http_text text)
{
    return http_text_is(text, "/") || http_text_is(text, "*");
}

static void check_view(const struct feeding *f, struct http_text text, bool plain)
{
    if (text.at == NULL || fixed(text))
        return;
    must(text.at >= f->buffer && text.len <= f->n);
    must((size_t)(text.at - f->buffer) <= f->n - text.len);
    for (size_t i = 0; plain && i < text.len; i++)
        must((unsigned char)text.at[i] >= ' ' ? text.at[i] != 0x7f : text.at[i] == '\t');
}

static void check_trimmed(struct http_text text)
{
    must(text.len == 0 || (text.at[0] != ' ' && text.at[0] != '\t'));
    must(text.len == 0 || (text.at[text.len - 1] != ' ' && text.at[text.len - 1] != '\t'));
}

static void check_head(const struct feeding *f)
{
    const struct http_request *r = &f->parser.request;
    must(r->bytes == f->buffer && f->parser.head_bytes <= f->n);
    must(f->parser.empty_lines <= HTTP_EMPTY_LINES_MAX);
    must(f->parser.head_bytes - 2u * f->parser.empty_lines <= f->limits->max_head_bytes);
    must(memcmp(f->buffer + f->parser.head_bytes - 4, "\r\n\r\n", 4) == 0);
    must(r->n_fields <= f->limits->max_fields);
    must(r->content_length <= f->limits->max_body_bytes);
    must(!(r->has_length && r->chunked) && (r->has_length || r->content_length == 0));
    must(r->minor_version == 1 || (!r->chunked && !r->expect_continue));
    must(r->minor_version == 0 || r->host.len > 0);
    must(r->method_name.len > 0 && r->target.len > 0 && r->path.len > 0);
    must(r->path.at[0] == '/' || http_text_is(r->path, "*"));
    must(http_field_count(r, "content-length") == r->has_length);
    must(http_field_count(r, "TRANSFER-ENCODING") == r->chunked);
    check_view(f, r->method_name, true);
    check_view(f, r->target, true);
    check_view(f, r->path, true);
    check_view(f, r->query, true);
    check_view(f, r->host, true);
    for (unsigned i = 0; i < r->n_fields; i++) {
        must(http_field_name(r, i).len > 0);
        check_view(f, http_field_name(r, i), true);
        check_view(f, http_field_value(r, i), true);
        check_trimmed(http_field_value(r, i));
    }
}

static void check_complete(const struct feeding *f)
{
    const struct http_request *r = &f->parser.request;
    size_t body = f->parser.consumed - f->parser.head_bytes;
    check_head(f);
    check_view(f, r->body, false);
    must(r->body.at == f->buffer + f->parser.head_bytes);
    must(f->parser.consumed > 0 && f->parser.consumed <= f->n);
    must(f->parser.consumed <= http_limits_most(f->limits));
    must(r->body.len <= f->limits->max_body_bytes && r->body.len <= body);
    must(r->chunked || (body == r->content_length && r->body.len == body));
    must(!r->chunked ||
         (body >= r->body.len + 5 && body - r->body.len <= f->limits->max_framing_bytes));
    must(!r->chunked || memcmp(f->buffer + f->parser.consumed - 2, "\r\n", 2) == 0);
}

static void check_refused(const struct feeding *f)
{
    static const int statuses[] = {400, 413, 414, 417, 431, 501, 505};
    bool known = false;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        known = known || f->parser.status == statuses[i];
    must(known && f->parser.reason != NULL && f->parser.at <= f->n);
}

/* move: copies everything to a new buffer of `n` bytes, including the new bytes. */
static void move(struct feeding *f, const char *bytes, size_t n)
{
    char *buffer = malloc(n > 0 ? n : 1);
    must(buffer != NULL && n >= f->n);
    if (f->n > 0)
        memcpy(buffer, f->buffer, f->n);
    if (n > f->n)
        memcpy(buffer + f->n, bytes + f->n, n - f->n);
    free(f->buffer);
    f->buffer = buffer;
    f->n = n;
}

/* parse: parses twice; both results must be equal. */
static enum http_progress parse(struct feeding *f)
{
    enum http_progress progress = http_parse(&f->parser, f->buffer, f->n);
    if (progress == HTTP_HEAD) {
        must(!f->head);
        f->head = true;
        check_head(f);
        progress = http_parse(&f->parser, f->buffer, f->n);
    }
    must(progress != HTTP_HEAD && http_parse(&f->parser, f->buffer, f->n) == progress);
    must(progress != HTTP_NEEDS_MORE || f->n < http_limits_most(f->limits));
    return progress;
}

static void begin(struct feeding *f)
{
    http_parser_begin(&f->parser, f->limits);
    free(f->buffer);
    f->buffer = NULL;
    f->n = 0;
    f->head = false;
}

struct feed_end feed(const char *bytes, size_t n, const struct http_limits *limits,
                     feed_piece_fn *piece, void *piece_arg, feed_request_fn *tell, void *arg)
{
    struct feeding f = {.limits = limits};
    enum http_progress progress = HTTP_COMPLETE;
    size_t from = 0, came = 0;
    begin(&f);
    while (progress != HTTP_REFUSED && (came < n || (progress == HTTP_COMPLETE && from < came))) {
        if (progress == HTTP_NEEDS_MORE || from == came)
            came += piece(piece_arg, n - came);
        move(&f, bytes + from, came - from);
        progress = parse(&f);
        if (progress != HTTP_COMPLETE)
            continue;
        check_complete(&f);
        move(&f, bytes + from, f.n);
        http_parser_rebase(&f.parser, f.buffer);
        check_complete(&f);
        from += f.parser.consumed;
        tell(arg, &f.parser.request, from);
        begin(&f);
    }
    if (progress == HTTP_REFUSED)
        check_refused(&f);
    struct feed_end end = {
        .progress = progress, .status = f.parser.status, .reason = f.parser.reason};
    free(f.buffer);
    return end;
}

static void put(FILE *out, const char *before, struct http_text text, const char *after)
{
    if (text.at == NULL)
        return;
    fputs(before, out);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c < ' ' || c >= 0x7f || c == '\\')
            fprintf(out, "\\x%02x", c);
        else
            putc_unlocked(c, out);
    }
    fputs(after, out);
}

static void put_request(void *arg, const struct http_request *r, size_t end)
{
    FILE *out = arg;
    (void)end;
    put(out, "", r->method_name, " ");
    put(out, "", r->path, " ");
    put(out, "?", r->query, " ");
    put(out, "@", r->host, " ");
    fprintf(out, "1.%d %s ", r->minor_version, r->keep_alive ? "keep" : "close");
    if (r->has_length)
        fprintf(out, "length=%llu ", (unsigned long long)r->content_length);
    fprintf(out, "%s%s", r->chunked ? "chunked " : "", r->expect_continue ? "continue " : "");
    for (unsigned i = 0; i < r->n_fields; i++) {
        put(out, "[", http_field_name(r, i), ": ");
        put(out, "", http_field_value(r, i), "]");
    }
    put(out, " {", r->body, "}\n");
}

char *feed_text(const char *bytes, size_t n, const struct http_limits *limits, feed_piece_fn *piece,
                void *piece_arg)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    must(out != NULL);
    struct feed_end end = feed(bytes, n, limits, piece, piece_arg, put_request, out);
    if (end.progress == HTTP_REFUSED)
        fprintf(out, "refused %d %s\n", end.status, end.reason);
    else
        fputs(end.progress == HTTP_NEEDS_MORE ? "more\n" : "end\n", out);
    fclose(out);
    return text;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* shared/http/parser: the table of tests/support/http_cases.c with its bytes cut anywhere, exact
 * limits, and what a caller may do with the buffer and the result. */
#include "tests/support/test.h"

#include "tests/support/dice.h"
#include "tests/support/feed.h"
#include "tests/support/http_cases.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUTS 200 /* random ways to cut each row */

static size_t random_piece(void *arg, size_t left)
{
    size_t most = *(size_t *)arg < left ? *(size_t *)arg : left;
    return 1 + dice(most);
}

static void check_row(const struct http_case *row, feed_piece_fn *piece, void *arg, const char *how)
{
    char *text = feed_text(row->bytes, row->n, &http_case_limits, piece, arg);
    if (strcmp(text, row->want) != 0)
        fail_msg("%s, %s:\n%sinstead of\n%s", row->name, how, text, row->want);
    free(text);
}

TEST(test_at_once)
{
    for (size_t i = 0; i < http_cases_n; i++)
        check_row(&http_cases[i], feed_at_once, NULL, "at once");
}

TEST(test_bytewise)
{
    for (size_t i = 0; i < http_cases_n; i++)
        check_row(&http_cases[i], feed_bytewise, NULL, "byte by byte");
}

TEST(test_random_cuts)
{
    for (size_t i = 0; i < http_cases_n; i++) {
        for (int cut = 0; cut < CUTS; cut++) {
            size_t most = 1 + dice(64);
            check_row(&http_cases[i], random_piece, &most, "at random cuts");
        }
    }
}

/* Every row after another request, except rows about the first bytes of a connection. */
TEST(test_behind_a_request)
{
    static const char first[] = "PUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx";
    static const char seen[] = "PUT /1 @h 1.1 keep length=1 [Host: h][Content-Length: 1] {x}\n";
    for (size_t i = 0; i < http_cases_n; i++) {
        const struct http_case *row = &http_cases[i];
        char bytes[4096], want[4096];
        memcpy(bytes, first, sizeof first - 1);
        memcpy(bytes + sizeof first - 1, row->bytes, row->n);
        snprintf(want, sizeof want, "%s%s", seen, row->want);
        struct http_case both = {
            .name = row->name, .bytes = bytes, .n = sizeof first - 1 + row->n, .want = want};
        check_row(&both, feed_at_once, NULL, "behind a request");
        check_row(&both, feed_bytewise, NULL, "behind a request, byte by byte");
    }
}

/* --- limits --- */

/* expect_with: parses the bytes with these limits, at once and byte by byte. */
static void expect_with(const struct http_limits *limits, const char *bytes, const char *want)
{
    char *text = feed_text(bytes, strlen(bytes), limits, feed_at_once, NULL);
    assert_string_equal(text, want);
    free(text);
    text = feed_text(bytes, strlen(bytes), limits, feed_bytewise, NULL);
    assert_string_equal(text, want);
    free(text);
}

#define HEAD  "GET /abc HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n"
#define TEXT  "GET /abc @h 1.1 keep [Host: h][A: b] {}\n"
#define LINE  "GET /abc HTTP/1.1\r\n"
#define BULKY "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
#define BULK  "POST / @h 1.1 keep chunked [Host: h][Transfer-Encoding: chunked]"

/* A head as long as the limit passes; with a limit of one less it is refused, wherever the length
 * is. */
TEST(test_head_limit)
{
    struct http_limits limits = http_case_limits;
    limits.max_head_bytes = sizeof HEAD - 1;
    expect_with(&limits, HEAD, TEXT "end\n");
    expect_with(&limits, "\r\n\r\n" HEAD, TEXT "end\n"); /* empty lines are not counted */
    expect_with(&limits, HEAD HEAD, TEXT TEXT "end\n");
    for (limits.max_head_bytes--; limits.max_head_bytes > 0; limits.max_head_bytes--) {
        bool line = limits.max_head_bytes < sizeof LINE - 1;
        expect_with(&limits, HEAD,
                    line ? "refused 414 the request line is too long\n"
                         : "refused 431 the head is too large\n");
    }
}

/* The longest head within a real configuration, and one byte more in each long part of it. */
TEST(test_long_heads)
{
    static const char *const parts[][2] = {
        {"GET /", " HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: h\r\nCookie: ", "\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: h\r\nX-", ": 1\r\n\r\n"},
        {"", " / HTTP/1.1\r\nHost: h\r\n\r\n"},
    };
    struct http_limits limits = {.max_head_bytes = 8192,
                                 .max_fields = 100,
                                 .max_body_bytes = 4096,
                                 .max_framing_bytes = 4096};
    for (size_t i = 0; i < LENGTH(parts); i++) {
        for (size_t more = 0; more < 2; more++) {
            size_t before = strlen(parts[i][0]), behind = strlen(parts[i][1]);
            char bytes[8194];
            struct http_parser parser;
            memset(bytes, 'a', sizeof bytes);
            memcpy(bytes, parts[i][0], before);
            memcpy(bytes + 8192 + more - behind, parts[i][1], behind);
            http_parser_begin(&parser, &limits);
            enum http_progress progress = http_parse(&parser, bytes, 8192 + more);
            assert_int_equal(progress, more ? HTTP_REFUSED : HTTP_HEAD);
            assert_int_equal(parser.status, more ? 431 : 0);
        }
    }
}

TEST(test_framing_limit)
{
    struct http_limits limits = http_case_limits;
    limits.max_framing_bytes = sizeof "1;a\r\n\r\n0\r\nB: c\r\n\r\n" - 1;
    expect_with(&limits, BULKY "1;a\r\nx\r\n0\r\nB: c\r\n\r\n", BULK " {x}\nend\n");
    limits.max_framing_bytes--;
    expect_with(&limits, BULKY "1;a\r\nx\r\n0\r\nB: c\r\n\r\n",
                "refused 431 trailers are too large\n");
    limits.max_framing_bytes = sizeof "1;a\r\n" - 1;
    expect_with(&limits, BULKY "1;a\r\nx\r\n0\r\nB: c\r\n\r\n",
                "refused 413 chunk lines are too large\n");
    limits.max_framing_bytes = 0;
    expect_with(&limits, BULKY "0\r\n\r\n", "refused 413 chunk lines are too large\n");
    limits.max_body_bytes = 0;
    limits.max_framing_bytes = 5;
    expect_with(&limits, BULKY "0\r\n\r\n", BULK " {}\nend\n");
    expect_with(&limits, BULKY "1\r\n", "refused 413 the body is too large\n");
}

TEST(test_most_bytes)
{
    struct http_limits limits = {.max_head_bytes = sizeof BULKY - 1,
                                 .max_fields = 2,
                                 .max_body_bytes = 1,
                                 .max_framing_bytes = 10};
    static const char bytes[] = "\r\n\r\n\r\n\r\n" BULKY "1\r\nx\r\n0\r\n\r\n";
    assert_int_equal(http_limits_most(&limits), sizeof bytes - 1);
    expect_with(&limits, bytes, BULK " {x}\nend\n");
}

/* --- what a caller may do --- */

TEST(test_results_step_by_step)
{
    char bytes[] =
        "POST /a?b HTTP/1.1\r\nHost: h\r\nA: 1\r\na: 2\r\nContent-Length: 2\r\n\r\nxyGET";
    struct http_parser parser;
    const struct http_request *r = &parser.request;
    http_parser_begin(&parser, &http_case_limits);
    assert_int_equal(http_parse(&parser, bytes, 0), HTTP_NEEDS_MORE);
    assert_int_equal(http_parse(&parser, bytes, 6), HTTP_NEEDS_MORE);
    assert_int_equal(r->method, HTTP_METHOD_POST);
    assert_int_equal(http_parse(&parser, bytes, sizeof bytes - 1), HTTP_HEAD);
    assert_int_equal(parser.head_bytes + r->content_length + 3, sizeof bytes - 1);
    assert_true(http_text_is(r->path, "/a") && http_text_is(r->query, "b"));
    assert_true(http_text_is(r->target, "/a?b") && !http_text_is(r->target, "/a?B"));
    assert_true(http_text_is(http_field(r, "a"), "1"));
    assert_int_equal(http_field_count(r, "a"), 2);
    assert_int_equal(http_field_count(r, "b"), 0);
    assert_null(http_field(r, "b").at);
    assert_false(http_text_is(http_field(r, "b"), "") || http_text_like(http_field(r, "b"), ""));
    assert_int_equal(http_parse(&parser, bytes, sizeof bytes - 1), HTTP_COMPLETE);
    assert_true(http_text_is(r->body, "xy"));
    assert_memory_equal(bytes + parser.consumed, "GET", 3);
    assert_int_equal(http_parse(&parser, bytes, sizeof bytes - 1), HTTP_COMPLETE);
}

/* A refused request is reported as far as it was parsed: an answer to HEAD has no body. */
TEST(test_refused_head)
{
    char bytes[] = "HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 65\r\n\r\n";
    struct http_parser parser;
    http_parser_begin(&parser, &http_case_limits);
    assert_int_equal(http_parse(&parser, bytes, sizeof bytes - 1), HTTP_REFUSED);
    assert_int_equal(parser.request.method, HTTP_METHOD_HEAD);
    assert_int_equal(parser.status, 413);
}

TEST(test_body_limit_lowered_at_the_head)
{
    char with_length[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n";
    char with_chunks[] = BULKY "5\r\n";
    char *both[] = {with_length, with_chunks};
    for (size_t i = 0; i < LENGTH(both); i++) {
        struct http_parser parser;
        http_parser_begin(&parser, &http_case_limits);
        assert_int_equal(http_parse(&parser, both[i], strlen(both[i])), HTTP_HEAD);
        parser.limits.max_body_bytes = 4;
        assert_int_equal(http_parse(&parser, both[i], strlen(both[i])), HTTP_REFUSED);
        assert_int_equal(parser.status, 413);
    }
}

/* A line that was parsed is never read again, so its bytes may change. */
TEST(test_no_line_is_read_twice)
{
    char bytes[] = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n"
                   "3;a=\"b\"\r\nabc\r\n2\r\nde\r\n0\r\nB: c\r\n\r\n";
    const char *body = strstr(bytes, "3;a");
    struct http_parser parser;
    enum http_progress progress = HTTP_NEEDS_MORE;
    http_parser_begin(&parser, &http_case_limits);
    for (size_t n = 1; n < sizeof bytes; n++) {
        progress = http_parse(&parser, bytes, n);
        if (bytes[n - 1] == '\n' && progress == HTTP_NEEDS_MORE)
            memset(bytes + parser.end, '\n', n - parser.end); /* except decoded bytes */
    }
    assert_int_equal(progress, HTTP_COMPLETE);
    assert_true(http_text_is(parser.request.body, "abcde"));
    assert_ptr_equal(parser.request.body.at, body);
}

TEST(test_rebase)
{
    char bytes[] = "GET /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx",
         moved[sizeof bytes];
    struct http_parser parser;
    http_parser_begin(&parser, &http_case_limits);
    assert_int_equal(http_parse(&parser, bytes, sizeof bytes - 1), HTTP_HEAD);
    memcpy(moved, bytes, sizeof bytes);
    memset(bytes, 'Z', sizeof bytes);
    http_parser_rebase(&parser, moved);
    assert_true(http_text_is(parser.request.path, "/a"));
    assert_true(http_text_is(http_field(&parser.request, "host"), "h"));
    assert_int_equal(http_parse(&parser, moved, sizeof moved - 1), HTTP_COMPLETE);
    assert_true(http_text_is(parser.request.body, "x"));
}

/* --- the corpus of the fuzzer --- */

static FILE *open_seed(const char *name, const char *mode)
{
    return fopen(textf("%s/%s", ONRUSH_CORPUS, name), mode);
}

static bool seed_is(const struct http_case *row)
{
    char bytes[4096];
    FILE *file = open_seed(row->name, "rb");
    if (file == NULL)
        return false;
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return n == row->n && memcmp(bytes, row->bytes, n) == 0;
}

static size_t count_seeds(void)
{
    size_t n = 0;
    DIR *dir = opendir(ONRUSH_CORPUS);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

/* The corpus in the tree must equal this table; `unit_http_parser --write-corpus` writes it. */
TEST(test_corpus)
{
    for (size_t i = 0; i < http_cases_n; i++) {
        if (!seed_is(&http_cases[i]))
            fail_msg("%s is not in the corpus: unit_http_parser --write-corpus",
                     http_cases[i].name);
    }
    assert_int_equal(count_seeds(), http_cases_n); /* names are unique */
}

static int write_corpus(void)
{
    for (size_t i = 0; i < http_cases_n; i++) {
        FILE *file = open_seed(http_cases[i].name, "wb");
        if (file == NULL ||
            fwrite(http_cases[i].bytes, 1, http_cases[i].n, file) != http_cases[i].n ||
            fclose(file) != 0) {
            perror(http_cases[i].name);
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--write-corpus") == 0)
        return write_corpus();
    dice_seed();
    return tests_run();
}

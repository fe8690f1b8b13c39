/* SPDX-License-Identifier: Apache-2.0 */
/* differential [INPUTS]: gives the same bytes to our HTTP parser and to two others. If ours accepts
 * a message, both must see the same one: method, target, version, fields in order, body, its end,
 * and whether the connection stays open. Otherwise a proxy beside us could read another request
 * than we do (request smuggling). They may accept what ours refuses, because nobody reads further
 * then.
 *
 * A table below lists the known differences and argues why each is harmless; the test prints how
 * often each came up. */
#include "tests/differential/inputs.h"
#include "tests/differential/message.h"
#include "tests/support/dice.h"
#include "tests/support/feed.h"
#include "tests/support/http_cases.h"
#include "tests/support/test.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define INPUTS 100000

/* Wide, because the others have no such limits. */
static const struct http_limits limits = {
    .max_head_bytes = 8192, .max_fields = 100, .max_body_bytes = 8192, .max_framing_bytes = 8192};

/* A request that ours accepted: our result, a peer's result, and its bytes. */
struct case_seen {
    const struct http_request *request;
    const struct message *ours, *theirs;
    const char *bytes;
    size_t n;
};

static bool same_text(const struct message *a, const struct message *b)
{
    return a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
}

static bool same(const struct message *a, const struct message *b)
{
    return a->complete && b->complete && a->keep_alive == b->keep_alive && a->end == b->end &&
           same_text(a, b);
}

/* --- known differences --- */

static bool refused_for(const struct case_seen *seen, const char *why)
{
    return !seen->theirs->complete && seen->theirs->n == strlen(why) &&
           memcmp(seen->theirs->text, why, strlen(why)) == 0;
}

/* only_connection_differs: the message and its end are equal. */
static bool only_connection_differs(const struct case_seen *seen)
{
    return seen->theirs->complete && seen->ours->end == seen->theirs->end &&
           same_text(seen->ours, seen->theirs);
}

static bool unknown_method(const struct case_seen *seen)
{
    return seen->request->method == HTTP_METHOD_OTHER && refused_for(seen, "invalid HTTP method");
}

static bool close_not_seen(const struct case_seen *seen)
{
    return !seen->request->keep_alive && only_connection_differs(seen);
}

static bool http10_keep_alive(const struct case_seen *seen)
{
    return seen->request->minor_version == 0 && seen->request->keep_alive &&
           only_connection_differs(seen);
}

static bool close_in_trailers(const struct case_seen *seen)
{
    return seen->request->keep_alive && seen->request->chunked && only_connection_differs(seen);
}

static bool longer_name(const struct case_seen *seen)
{
    static const char word[] = "Transfer-Encoding";
    bool longer = false;
    for (unsigned i = 0; i < seen->request->n_fields; i++) {
        struct http_text name = http_field_name(seen->request, i);
        longer =
            longer || (name.len >= sizeof word && strncasecmp(name.at, word, sizeof word - 1) == 0);
    }
    return longer && (refused_for(seen, "request has invalid transfer-encoding") ||
                      refused_for(seen, "unexpected content-length header"));
}

static bool coding_in_lower_case(const struct case_seen *seen)
{
    const struct message *a = seen->ours, *b = seen->theirs;
    return seen->request->chunked && b->complete && a->end == b->end && a->n == b->n &&
           a->keep_alive == b->keep_alive && strncasecmp(a->text, b->text, a->n) == 0;
}

static const struct {
    peer_fn *peer;
    const char *name;
    bool (*holds)(const struct case_seen *seen);
} known[] = {
    /* It knows a list of methods and refuses all others. Ours lets the handler answer 405 or 501
     * (RFC 9110 9.1); a method does not change where a request ends (RFC 9112 6.3). */
    {peer_http_parser, "does not know the method", unknown_method},
    /* It misses a Connection option after an empty element or before a tab (RFC 9110 5.6.1 allows
     * both). In HTTP/1.0 it looks only for "keep-alive", although "close" wins (RFC 9112 9.3). We
     * close after our answer, so nobody reads what it believes to follow. h11 sees all these
     * options, which shows that we close for a reason. */
    {peer_http_parser, "does not see a \"close\"", close_not_seen},
    {peer_http_parser, "does not see the \"keep-alive\" of HTTP/1.0", http10_keep_alive},
    /* It obeys Connection in trailers, which a server may drop unread (RFC 9110 6.5.1). A client
     * that believes in it sends nothing more. */
    {peer_http_parser, "heeds a \"close\" in the trailers", close_in_trailers},
    /* It treats every name with this prefix as Transfer-Encoding, but only to refuse it or the
     * Content-Length beside it. */
    {peer_http_parser, "refuses a name that begins with Transfer-Encoding", longer_name},
    /* It always closes HTTP/1.0. RFC 9112 9.3 lets us keep the connection open if the client asks.
     * The message and its end are equal. */
    {peer_h11, "closes HTTP/1.0 with keep-alive", http10_keep_alive},
    /* It prints the coding in lower case; codings are case-insensitive (RFC 9112 7). */
    {peer_h11, "shows \"chunked\" in lower case", coding_in_lower_case},
};

static size_t times[LENGTH(known)];

static bool is_known(const struct case_seen *seen, peer_fn *peer)
{
    for (size_t i = 0; i < LENGTH(known); i++) {
        if (known[i].peer == peer && known[i].holds(seen)) {
            times[i]++;
            return true;
        }
    }
    return false;
}

struct run {
    const struct input *input;
    size_t from; /* start of the next request */
    size_t messages, failures;
};

static void put_view(struct message *message, struct http_text text)
{
    message_put(message, text.at, text.len);
}

static void see(const struct http_request *r, size_t end, struct message *message)
{
    *message = (struct message){.complete = true, .keep_alive = r->keep_alive, .end = end};
    put_view(message, r->method_name);
    message_puts(message, " ");
    put_view(message, r->target);
    message_puts(message, r->minor_version > 0 ? " HTTP/1.1\n" : " HTTP/1.0\n");
    for (unsigned i = 0; i < r->n_fields; i++) {
        put_view(message, http_field_name(r, i));
        message_puts(message, ": ");
        put_view(message, http_field_value(r, i));
        message_puts(message, "\n");
    }
    message_puts(message, "\n");
    put_view(message, r->body);
}

static void show(const char *who, const char *bytes, size_t n)
{
    printf("  %s: ", who);
    for (size_t i = 0; i < n; i++)
        printf(isprint((unsigned char)bytes[i]) && bytes[i] != '\\' ? "%c" : "\\x%02x",
               (unsigned char)bytes[i]);
    printf("\n");
}

static void show_message(const char *who, const struct message *message)
{
    printf("  %s: %s, end %zu, %s\n", who, message->complete ? "complete" : "refused", message->end,
           message->keep_alive ? "keep" : "close");
    show(who, message->text, message->n);
}

static void compare(struct run *run, const struct case_seen *seen, const char *name, peer_fn *peer)
{
    static struct message theirs;
    struct case_seen both = *seen;
    peer(seen->bytes, seen->n, &theirs);
    both.theirs = &theirs;
    if (same(seen->ours, &theirs) || is_known(&both, peer))
        return;
    run->failures++;
    printf("%s sees something else\n", name);
    show("bytes", seen->bytes, seen->n);
    show_message("ours", seen->ours);
    show_message(name, &theirs);
}

/* on_request: gives the others all following bytes too, so that they find the end themselves. Skips
 * empty lines before a request: RFC 9112 2.2 says to ignore them, but h11 refuses them. */
static void on_request(void *arg, const struct http_request *request, size_t end)
{
    static struct message ours;
    struct run *run = arg;
    size_t from = run->from;
    run->from = end;
    run->messages++;
    while (run->input->bytes[from] == '\r' || run->input->bytes[from] == '\n')
        from++;
    see(request, end - from, &ours);
    struct case_seen seen = {.request = request,
                             .ours = &ours,
                             .bytes = run->input->bytes + from,
                             .n = run->input->n - from};
    compare(run, &seen, "http-parser", peer_http_parser);
    compare(run, &seen, "h11", peer_h11);
}

static void try(struct run *run, const struct input *input)
{
    run->input = input;
    run->from = 0;
    feed(input->bytes, input->n, &limits, feed_at_once, NULL, on_request, run);
}

int main(int argc, char **argv)
{
    static struct input input;
    struct run run = {0};
    size_t made = argc > 1 ? strtoul(argv[1], NULL, 10) : INPUTS;
    dice_seed();
    peer_h11_start();
    for (size_t i = 0; i < http_cases_n; i++) {
        input_row(&input, i);
        try(&run, &input);
    }
    for (size_t i = 0; i < made && run.failures < 10; i++) {
        input_make(&input);
        try(&run, &input);
    }
    peer_h11_stop();
    for (size_t i = 0; i < LENGTH(known); i++)
        printf("%6zu times %s: %s\n", times[i], known[i].peer == peer_h11 ? "h11" : "http-parser",
               known[i].name);
    printf("%zu rows and %zu inputs: %zu messages accepted, %zu differences\n", http_cases_n, made,
           run.messages, run.failures);
    return run.failures > 0 || run.messages < made / 8;
}

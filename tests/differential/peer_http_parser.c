/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/differential/message.h"

#include <http_parser.h>
#include <string.h>

/* Callbacks deliver pieces: a name, then a value, either in several calls. */
struct reading {
    struct message *message;
    char target[MESSAGE_MAX];
    size_t target_len, value; /* value: start of the current value in the message */
    bool in_value, in_trailers, done;
};

static int on_url(http_parser *parser, const char *at, size_t n)
{
    struct reading *r = parser->data;
    memcpy(r->target + r->target_len, at, n);
    r->target_len += n;
    return 0;
}

/* end_value: removes trailing white space, which the parser leaves and RFC 9112 5.1 excludes. */
static void end_value(struct reading *r)
{
    struct message *m = r->message;
    if (!r->in_value || r->in_trailers)
        return;
    while (m->n > r->value && (m->text[m->n - 1] == ' ' || m->text[m->n - 1] == '\t'))
        m->n--;
    message_puts(m, "\n");
    r->in_value = false;
}

/* begin_fields: the first name, or the end of the head, ends the request line. */
static void begin_fields(http_parser *parser)
{
    struct reading *r = parser->data;
    struct message *m = r->message;
    if (m->n > 0)
        return;
    message_puts(m, http_method_str(parser->method));
    message_puts(m, " ");
    message_put(m, r->target, r->target_len);
    message_puts(m, parser->http_minor > 0 ? " HTTP/1.1\n" : " HTTP/1.0\n");
}

static int on_name(http_parser *parser, const char *at, size_t n)
{
    struct reading *r = parser->data;
    begin_fields(parser);
    end_value(r);
    if (!r->in_trailers)
        message_put(r->message, at, n);
    return 0;
}

static int on_value(http_parser *parser, const char *at, size_t n)
{
    struct reading *r = parser->data;
    if (r->in_trailers)
        return 0;
    if (!r->in_value) {
        message_puts(r->message, ": ");
        r->value = r->message->n;
        r->in_value = true;
    }
    message_put(r->message, at, n);
    return 0;
}

static int on_head(http_parser *parser)
{
    struct reading *r = parser->data;
    begin_fields(parser);
    end_value(r);
    r->in_trailers = true;
    message_puts(r->message, "\n");
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t n)
{
    struct reading *r = parser->data;
    message_put(r->message, at, n);
    return 0;
}

static int on_complete(http_parser *parser)
{
    struct reading *r = parser->data;
    r->message->keep_alive = http_should_keep_alive(parser) != 0;
    r->done = true;
    http_parser_pause(parser, 1);
    return 0;
}

void peer_http_parser(const char *bytes, size_t n, struct message *message)
{
    static const http_parser_settings settings = {.on_url = on_url,
                                                  .on_header_field = on_name,
                                                  .on_header_value = on_value,
                                                  .on_headers_complete = on_head,
                                                  .on_body = on_body,
                                                  .on_message_complete = on_complete};
    static struct reading r;
    http_parser parser;
    r = (struct reading){.message = message};
    *message = (struct message){0};
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &r;
    message->end = http_parser_execute(&parser, &settings, bytes, n);
    message->complete = r.done;
    if (!r.done)
        message_refuse(message, http_errno_description(HTTP_PARSER_ERRNO(&parser)));
}

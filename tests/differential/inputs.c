/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/differential/inputs.h"

#include "tests/support/dice.h"
#include "tests/support/http_cases.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

/* put: drops what does not fit; the incomplete request is a test case, too. */
static void put(struct input *input, const char *bytes, size_t n)
{
    if (n > sizeof input->bytes - input->n)
        n = sizeof input->bytes - input->n;
    memcpy(input->bytes + input->n, bytes, n);
    input->n += n;
}

static void puts_in(struct input *input, const char *text)
{
    put(input, text, strlen(text));
}

static const char *one_of(const char *const *texts, size_t n)
{
    return texts[dice(n)];
}

#define ONE_OF(texts) one_of(texts, LENGTH(texts))

/* put_run: appends 0 to `most` of these characters. */
static void put_run(struct input *input, const char *characters, size_t most)
{
    for (size_t n = dice(most + 1); n > 0; n--)
        put(input, &characters[dice(strlen(characters))], 1);
}

#define LETTERS "abcXYZ019"
#define TOKEN   LETTERS "!#$%&'*+-.^_`|~"
#define VISIBLE LETTERS "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\""
#define VALUE   VISIBLE " \t\x80\xff"

/* --- generated requests --- */

static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "TRACE"};
static const char *const starts[] = {"/", "/", "/", "http://h/", "https://[::1]:80/", "http://h.x"};
static const char *const versions[] = {"1.1", "1.1", "1.1", "1.0", "1.7"};
static const char *const names[] = {"Cookie", "X-Forwarded-For", "Accept", "Upgrade", "Trailer",
                                    "TE",     "Keep-Alive",      "Via"};
static const char *const connections[] = {"close",         "keep-alive", "Keep-Alive, close",
                                          "upgrade",       "close ,\tx", ",,close",
                                          "x, keep-alive", "closed"};
static const char *const spaces[] = {"", " ", " ", " ", "\t ", "  "};

static void put_field(struct input *input, const char *name, const char *value)
{
    puts_in(input, name);
    puts_in(input, ":");
    puts_in(input, ONE_OF(spaces));
    puts_in(input, value);
    puts_in(input, ONE_OF(spaces));
    puts_in(input, "\r\n");
}

static void put_any_field(struct input *input)
{
    if (dice(2) == 0) {
        puts_in(input, ONE_OF(names));
    } else {
        puts_in(input, "X");
        put_run(input, TOKEN, 20);
    }
    puts_in(input, ":");
    put_run(input, VALUE, 60);
    puts_in(input, "\r\n");
}

static void put_extension(struct input *input)
{
    puts_in(input, ";a");
    put_run(input, TOKEN, 5);
    if (dice(3) == 0)
        return;
    puts_in(input, "=");
    if (dice(2) == 0) {
        puts_in(input, "b");
        return;
    }
    puts_in(input, "\"");
    put_run(input, LETTERS " \t;,=\x80", 8);
    puts_in(input, dice(2) == 0 ? "\\\"\"" : "\"");
}

static void put_chunk(struct input *input, size_t size)
{
    char text[32];
    snprintf(text, sizeof text, dice(2) == 0 ? "%zx" : "%02zX", size);
    puts_in(input, text);
    if (dice(4) == 0)
        put_extension(input);
    puts_in(input, "\r\n");
    for (size_t i = 0; i < size; i++)
        put(input, &(char){(char)dice(256)}, 1);
    if (size > 0)
        puts_in(input, "\r\n");
}

static void put_chunks(struct input *input)
{
    put_field(input, "Transfer-Encoding", dice(2) == 0 ? "chunked" : "CHUNKED");
    puts_in(input, "\r\n");
    for (size_t n = dice(4); n > 0; n--)
        put_chunk(input, 1 + dice(20));
    put_chunk(input, 0);
    for (size_t n = dice(6); n > 3; n--)
        put_any_field(input);
    puts_in(input, "\r\n");
}

static void put_body(struct input *input)
{
    char length[16];
    size_t n = dice(64);
    snprintf(length, sizeof length, dice(4) == 0 ? "%04zu" : "%zu", n);
    put_field(input, "Content-Length", length);
    puts_in(input, "\r\n");
    for (; n > 0; n--)
        put(input, &(char){(char)dice(256)}, 1);
}

static void put_request(struct input *input)
{
    const char *version = ONE_OF(versions);
    if (dice(8) == 0)
        puts_in(input, "\r\n");
    puts_in(input, ONE_OF(methods));
    puts_in(input, " ");
    puts_in(input, ONE_OF(starts));
    if (input->bytes[input->n - 1] == '/')
        put_run(input, LETTERS "!$%&'()*+,-./:;=@[]^_`{|}~?", 40);
    puts_in(input, " HTTP/");
    puts_in(input, version);
    puts_in(input, "\r\n");
    put_field(input, "Host", "h:80");
    for (size_t n = dice(6); n > 0; n--)
        put_any_field(input);
    if (dice(3) == 0)
        put_field(input, "Connection", ONE_OF(connections));
    size_t kind = dice(3);
    if (kind == 0)
        puts_in(input, "\r\n");
    else if (kind == 1 || strcmp(version, "1.0") == 0)
        put_body(input);
    else
        put_chunks(input);
}

/* --- mutations --- */

static const char *const odd[] = {
    "\r",     "\n",       "\r\n",      "\r\n\r\n",  "\n\n",    " ",
    "\t",     ":",        ";",         ",",         "\"",      "\\",
    "0",      "00",       "1",         "ffffffff",  "+",       "-",
    "\x7f",   "\x0b",     "\x0c",      "\xa0",      "\x85",    "#",
    "?",      "HTTP/1.1", "chunked",   "\r\n\t",    "0x",      "identity",
    "\r\nA:", "close",    "\r\n0\r\n", "Host: h\n", "Upgrade", "\r\nContent-Length: 3\r\n",
};

static void insert(struct input *input, size_t at, const char *bytes, size_t n)
{
    if (n > sizeof input->bytes - input->n)
        return;
    memmove(input->bytes + at + n, input->bytes + at, input->n - at);
    memcpy(input->bytes + at, bytes, n);
    input->n += n;
}

static void cut_out(struct input *input, size_t at, size_t n)
{
    if (n > input->n - at)
        n = input->n - at;
    memmove(input->bytes + at, input->bytes + at + n, input->n - at - n);
    input->n -= n;
}

/* repeat: copies a line, or a part of one, to another place. */
static void repeat(struct input *input, size_t at)
{
    char piece[64];
    size_t n = 1 + dice(sizeof piece);
    if (n > input->n - at)
        n = input->n - at;
    memcpy(piece, input->bytes + at, n);
    insert(input, dice(input->n + 1), piece, n);
}

static void spoil(struct input *input)
{
    size_t at = dice(input->n);
    const char *text = ONE_OF(odd);
    switch (dice(6)) {
    case 0:
        input->bytes[at] = (char)dice(256);
        break;
    case 1:
        input->bytes[at] ^= 0x20;
        break;
    case 2:
        cut_out(input, at, 1 + dice(4));
        break;
    case 3:
        repeat(input, at);
        break;
    case 4:
        insert(input, at, "\0", 1);
        break;
    default:
        insert(input, at, text, strlen(text));
    }
}

void input_row(struct input *input, size_t row)
{
    input->n = 0;
    put(input, http_cases[row].bytes, http_cases[row].n);
}

void input_make(struct input *input)
{
    input->n = 0;
    if (dice(3) == 0)
        input_row(input, dice(http_cases_n));
    else
        put_request(input);
    if (dice(4) == 0)
        put_request(input);
    for (size_t n = dice(4); n > 0 && input->n > 0; n--)
        spoil(input);
}

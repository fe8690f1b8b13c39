/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/functions/queue.h"

#include "shared/base/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_US (60 * 1000000)
#define RANGE   1000000000 /* tickets from TICKETS_FROM, and from PAST_FROM */

static struct private_redis redis;
static redisContext *connection;
static struct campaign_keys keys;

BEFORE_ALL(start)
{
    private_redis_start(&redis, NULL);
    connection = private_redis_open(&redis);
    campaign_keys_make(&keys, "noon");
}

void queue_reset(void)
{
    assert_string_equal(ask("FLUSHALL"), "OK");
}

void queue_open(void)
{
    queue_reset();
    ask(OPEN);
}

struct private_redis *queue_redis(void)
{
    return &redis;
}

redisContext *queue_connection(void)
{
    return connection;
}

/* write_word: writes `word`, with #n and ^n replaced by tickets, and $name by a key. */
static void write_word(FILE *out, const char *word)
{
    static const char *const names[CAMPAIGN_KEYS] = {"$meta", "$queue", "$users"};
    for (int i = 0; i < CAMPAIGN_KEYS; i++) {
        if (strcmp(word, names[i]) == 0) {
            fputs(keys.text[i], out);
            return;
        }
    }
    while (*word != '\0') {
        if (*word != '#' && *word != '^') {
            fputc(*word++, out);
            continue;
        }
        char *end;
        fprintf(out, "%lld",
                (*word == '#' ? TICKETS_FROM : PAST_FROM) + strtoll(word + 1, &end, 10));
        word = end;
    }
}

static char *expand_word(const char *word)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    write_word(out, word);
    fclose(out);
    return text;
}

redisReply *ask_reply(const char *line)
{
    char *copy = strdup(line), *rest = copy, *word;
    size_t n = 0, room = strlen(line) / 2 + 8;
    char **argv = calloc(room, sizeof *argv);
    bool function = islower((unsigned char)line[0]);
    if (function) {
        char name[64];
        snprintf(name, sizeof name, "onrush_%s", strsep(&rest, " "));
        argv[n++] = strdup("FCALL");
        argv[n++] = strdup(name);
        argv[n++] = strdup(CAMPAIGN_KEYS_TEXT);
        for (int i = 0; i < CAMPAIGN_KEYS; i++)
            argv[n++] = strdup(keys.text[i]);
    }
    while ((word = strsep(&rest, " ")) != NULL)
        argv[n++] = expand_word(word);
    redisReply *reply = redisCommandArgv(connection, (int)n, (const char **)(uintptr_t)argv, NULL);
    for (size_t i = 0; i < n; i++)
        free(argv[i]);
    free(argv);
    free(copy);
    if (reply == NULL)
        fail_msg("%s", connection->errstr);
    return reply;
}

static bool is_near(int64_t us)
{
    int64_t off_us = us - clock_wall_us();
    return off_us > -NEAR_US && off_us < NEAR_US;
}

/* write_ticket: returns false if a test cannot have named this ticket. */
static bool write_ticket(FILE *out, int64_t ticket)
{
    if (ticket >= TICKETS_FROM && ticket < TICKETS_FROM + RANGE)
        fprintf(out, "#%" PRId64, ticket - TICKETS_FROM);
    else if (ticket >= PAST_FROM && ticket < PAST_FROM + RANGE)
        fprintf(out, "^%" PRId64, ticket - PAST_FROM);
    else if (is_near(ticket))
        fputs("now", out);
    else
        return false;
    return true;
}

/* write_text: writes `text` with its tickets as #n and ^n. */
static void write_text(FILE *out, const char *text)
{
    while (*text != '\0') {
        size_t digits = strspn(text, "0123456789");
        if (digits != 16 || !write_ticket(out, strtoll(text, NULL, 10)))
            fprintf(out, "%.*s", digits > 0 ? (int)digits : 1, text);
        text += digits > 0 ? digits : 1;
    }
}

/* write_run: writes a run of newly queued users as one answer per user: n#1:1 n#2:2 ... */
static void write_run(FILE *out, const char *text)
{
    int64_t ticket, position, run;
    char one[64];
    if (sscanf(text, "n%" SCNd64 ":%" SCNd64 ":%" SCNd64, &ticket, &position, &run) != 3) {
        write_text(out, text);
        return;
    }
    for (int64_t i = 0; i < run; i++) {
        snprintf(one, sizeof one, "%sn%" PRId64 ":%" PRId64, i > 0 ? " " : "", ticket + i,
                 position + i);
        write_text(out, one);
    }
}

static void write_integer(FILE *out, int64_t n)
{
    if (is_near(n))
        fprintf(out, "now");
    else
        fprintf(out, "%" PRId64, n);
}

static void write_reply(FILE *out, const redisReply *r, int depth)
{
    switch (r->type) {
    case REDIS_REPLY_ARRAY:
        fprintf(out, "%s", depth > 0 ? "[" : "");
        for (size_t i = 0; i < r->elements; i++) {
            fprintf(out, "%s", i > 0 ? " " : "");
            write_reply(out, r->element[i], depth + 1);
        }
        fprintf(out, "%s", depth > 0 ? "]" : "");
        break;
    case REDIS_REPLY_INTEGER:
        write_integer(out, r->integer);
        break;
    case REDIS_REPLY_NIL:
        fprintf(out, "-");
        break;
    case REDIS_REPLY_ERROR:
        fprintf(out, "!%.*s", (int)strcspn(r->str, " "), r->str);
        break;
    default:
        write_run(out, r->str);
    }
}

const char *ask(const char *format, ...)
{
    static char *answer;
    char *line, *text = NULL;
    size_t size;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&line, format, args);
    va_end(args);
    assert_true(n >= 0);
    redisReply *reply = ask_reply(line);
    free(line);
    FILE *out = open_memstream(&text, &size);
    write_reply(out, reply, 0);
    fclose(out);
    freeReplyObject(reply);
    free(answer);
    return answer = text;
}

void expect_at(const char *file, int line, const char *question, const char *answer)
{
    const char *got = ask("%s", question);
    if (strcmp(got, answer) != 0)
        print_error("%.200s\n", question);
    _assert_string_equal(got, answer, file, line);
}

char *users_line(const char *start, int n)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fputs(start, out);
    for (int i = 1; i <= n; i++)
        fprintf(out, " u%d", i);
    fclose(out);
    return text;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/store/protocol.h"

#include "shared/base/char_runs.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_texts[] = {
#define X(id, text) [id] = text,
    CAMPAIGN_STATES(X)
#undef X
};

const char *campaign_state_text(enum campaign_state state)
{
    return state_texts[state];
}

int campaign_state_parse(const char *text, enum campaign_state *state)
{
    for (size_t i = 0; i < sizeof state_texts / sizeof state_texts[0]; i++) {
        if (strcmp(text, state_texts[i]) == 0) {
            *state = (enum campaign_state)i;
            return 0;
        }
    }
    return -EINVAL;
}

/* Where a byte may be: at the start of a campaign name, in the rest of it, in a user id. */
enum { BEGIN = 1, NAME = 2, USER = 4 };

static const unsigned char places[UCHAR_MAX + 1] = {
    CHAR_LETTERS(BEGIN | NAME | USER),
    CHAR_DIGITS(BEGIN | NAME | USER),
    ['.'] = NAME | USER,
    ['_'] = NAME | USER,
    ['-'] = NAME | USER,
    [':'] = USER,
    ['@'] = USER,
    ['+'] = USER,
    ['='] = USER,
    ['|'] = USER,
    ['~'] = USER,
};

/* made_of: true if all bytes may be in that place. */
static bool made_of(const char *text, size_t len, unsigned char place)
{
    unsigned char common = place;
    for (size_t i = 0; i < len; i++)
        common &= places[(unsigned char)text[i]];
    return common == place;
}

bool campaign_name_valid(const char *name, size_t len)
{
    return len >= 1 && len <= CAMPAIGN_NAME_MAX && made_of(name, 1, BEGIN) &&
           made_of(name, len, NAME);
}

bool campaign_is_drill(const char *name)
{
    return strncmp(name, CAMPAIGN_DRILL_PREFIX, sizeof CAMPAIGN_DRILL_PREFIX - 1) == 0;
}

bool user_id_valid(const char *user, size_t len)
{
    return len >= 1 && len <= USER_ID_MAX && made_of(user, len, USER);
}

void campaign_keys_make(struct campaign_keys *keys, const char *name)
{
    static const char *const suffixes[CAMPAIGN_KEYS] = {"meta", "queue", "users"};
    for (int i = 0; i < CAMPAIGN_KEYS; i++)
        keys->len[i] = (size_t)snprintf(keys->text[i], sizeof keys->text[i], "onrush:{%.*s}:%s",
                                        CAMPAIGN_NAME_MAX, name, suffixes[i]);
}

/* take_number: parses decimal digits at *text and moves *text behind them. */
static int take_number(const char **text, uint64_t *n)
{
    if (**text < '0' || **text > '9')
        return -EINVAL;
    char *end;
    errno = 0;
    *n = strtoull(*text, &end, 10);
    *text = end;
    return errno == 0 ? 0 : -EINVAL;
}

static int take_colon(const char **text)
{
    if (**text != ':')
        return -EINVAL;
    (*text)++;
    return 0;
}

/* take_word: copies the text up to the next colon and moves *text behind the colon. */
static int take_word(const char **text, char *word, size_t size)
{
    const char *colon = strchr(*text, ':');
    if (colon == NULL || colon == *text || (size_t)(colon - *text) >= size)
        return -EINVAL;
    memcpy(word, *text, (size_t)(colon - *text));
    word[colon - *text] = '\0';
    *text = colon + 1;
    return 0;
}

static int parse_waiting(const char **p, struct request_state *s)
{
    s->kind = REQUEST_WAITING;
    if (take_number(p, &s->ticket) < 0)
        return -EINVAL;
    if (**p == '\0')
        return 0;
    return take_colon(p) < 0 ? -EINVAL : take_number(p, &s->position);
}

/* parse_run: a run of newly queued users. Older libraries do not send its length, which is then
 * 1. */
static int parse_run(const char **p, struct request_state *s)
{
    uint64_t run = 1;
    if (parse_waiting(p, s) < 0 || s->position == 0)
        return -EINVAL;
    if (**p != '\0' && (take_colon(p) < 0 || take_number(p, &run) < 0))
        return -EINVAL;
    if (run == 0 || run > UINT32_MAX || s->ticket > UINT64_MAX - run ||
        s->position > UINT64_MAX - run)
        return -EINVAL;
    s->run = (uint32_t)run;
    return 0;
}

static int parse_granted(const char **p, struct request_state *s)
{
    uint64_t serial;
    s->kind = REQUEST_GRANTED;
    if (take_number(p, &serial) < 0 || serial == 0 || serial > UINT32_MAX || take_colon(p) < 0 ||
        take_word(p, s->code, sizeof s->code) < 0)
        return -EINVAL;
    s->serial = (uint32_t)serial;
    return take_number(p, &s->ticket);
}

static int parse_refused(const char **p, struct request_state *s)
{
    s->kind = REQUEST_REFUSED;
    if (take_word(p, s->reason, sizeof s->reason) < 0)
        return -EINVAL;
    return take_number(p, &s->ticket);
}

static int parse_not_open(const char **p, struct request_state *s)
{
    uint64_t opens_us;
    s->kind = REQUEST_NOT_OPEN;
    if (take_number(p, &opens_us) < 0)
        return -EINVAL;
    s->opens_us = (int64_t)opens_us;
    return 0;
}

static int parse_kind(char kind, const char **p, struct request_state *s)
{
    switch (kind) {
    case 'n':
        return parse_run(p, s);
    case 'q':
        return parse_waiting(p, s);
    case 'g':
        return parse_granted(p, s);
    case 's':
        s->kind = REQUEST_SOLD_OUT;
        return take_number(p, &s->ticket);
    case 'r':
        return parse_refused(p, s);
    case 'o':
        return parse_not_open(p, s);
    case 'f':
        s->kind = REQUEST_FULL;
        return 0;
    case 'p':
        s->kind = REQUEST_PAUSED;
        return 0;
    case 'c':
        s->kind = REQUEST_CLOSED;
        return 0;
    case 'u':
        s->kind = REQUEST_NONE;
        return 0;
    default:
        return -EINVAL;
    }
}

void request_state_next(struct request_state *state)
{
    state->run--;
    state->ticket++;
    state->position++;
}

int request_state_parse(const char *text, size_t len, struct request_state *state)
{
    struct request_state s = {0};
    char copy[128];
    if (len == 0 || len >= sizeof copy || memchr(text, '\0', len) != NULL)
        return -EINVAL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    const char *p = copy + 1;
    if (parse_kind(copy[0], &p, &s) < 0 || *p != '\0')
        return -EINVAL;
    *state = s;
    return 0;
}

enum request_kind campaign_gate(enum campaign_state state, int64_t opens_us, int64_t closes_us,
                                int64_t now_us, bool full)
{
    if (state == CAMPAIGN_CLOSED || state == CAMPAIGN_SETTLED ||
        (closes_us > 0 && now_us >= closes_us))
        return REQUEST_CLOSED;
    if (state == CAMPAIGN_PAUSED)
        return REQUEST_PAUSED;
    if (state == CAMPAIGN_SCHEDULED && now_us < opens_us)
        return REQUEST_NOT_OPEN;
    return full ? REQUEST_FULL : REQUEST_NONE;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/store/protocol.h"

#include "shared/base/char_runs.h"

#include <errno.h>
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

/* The fields of each answer, and how many of them must be there. */
static const struct {
    char letter;
    enum request_kind kind;
    const char *fields; /* see set_field() */
    size_t least;
} forms[] = {
    {'n', REQUEST_WAITING, "tpl", 2}, {'q', REQUEST_WAITING, "tp", 1},
    {'g', REQUEST_GRANTED, "nct", 3}, {'s', REQUEST_SOLD_OUT, "t", 1},
    {'r', REQUEST_REFUSED, "rt", 2},  {'o', REQUEST_NOT_OPEN, "o", 1},
    {'f', REQUEST_FULL, "", 0},       {'p', REQUEST_PAUSED, "", 0},
    {'c', REQUEST_CLOSED, "", 0},     {'u', REQUEST_NONE, "", 0},
};

static int set_word(char *word, size_t size, const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len >= size)
        return -EINVAL;
    memcpy(word, text, len + 1);
    return 0;
}

static int set_number(struct request_state *s, char field, uint64_t n)
{
    if (field == 't')
        s->ticket = n;
    else if (field == 'p')
        s->position = n;
    else if (field == 'o')
        s->opens_us = (int64_t)n;
    else if (n == 0 || n > UINT32_MAX)
        return -EINVAL;
    else
        *(field == 'n' ? &s->serial : &s->run) = (uint32_t)n;
    return 0;
}

/* set_field: sets one of ticket, position, length of the run, number (the serial), code, reason,
 * and opens_us. */
static int set_field(struct request_state *s, char field, const char *text)
{
    char *end;
    if (field == 'c')
        return set_word(s->code, sizeof s->code, text);
    if (field == 'r')
        return set_word(s->reason, sizeof s->reason, text);
    if (*text < '0' || *text > '9')
        return -EINVAL;
    errno = 0;
    uint64_t n = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' ? set_number(s, field, n) : -EINVAL;
}

/* run_good: checks a run of newly queued users. Older libraries do not send its length, which is
 * then 1. */
static bool run_good(struct request_state *s)
{
    s->run += s->run == 0;
    return s->position > 0 && s->ticket <= UINT64_MAX - s->run &&
           s->position <= UINT64_MAX - s->run;
}

void request_state_next(struct request_state *state)
{
    state->run--;
    state->ticket++;
    state->position++;
}

int request_state_parse(const char *text, size_t len, struct request_state *state)
{
    char copy[128];
    size_t form = 0, n = 0;
    if (len == 0 || len >= sizeof copy || memchr(text, '\0', len) != NULL)
        return -EINVAL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    while (form < sizeof forms / sizeof forms[0] && forms[form].letter != copy[0])
        form++;
    if (form == sizeof forms / sizeof forms[0])
        return -EINVAL;
    struct request_state s = {.kind = forms[form].kind};
    for (char *rest = len > 1 ? copy + 1 : NULL; rest != NULL; n++) {
        char *field = strsep(&rest, ":");
        if (forms[form].fields[n] == '\0' || set_field(&s, forms[form].fields[n], field) < 0)
            return -EINVAL;
    }
    if (n < forms[form].least || (copy[0] == 'n' && !run_good(&s)))
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

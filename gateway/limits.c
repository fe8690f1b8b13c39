#include "gateway/limits.h"

#include "gateway/loop.h"
#include "gateway/routes/route_table.h"
#include "shared/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAMPAIGN_SLOTS 16384

struct limits {
    struct limiter *of[LIMITS_N];
};

static const char *const names[LIMITS_N] = {
#define LIMIT_NAME(M, id) #id,
    LIMITS(LIMIT_NAME, )
#undef LIMIT_NAME
};

/* slots_of: a power of two. */
static size_t slots_of(const struct limits_config *config, enum limit_kind kind)
{
    size_t slots = LIMITER_WINDOW;
    if (kind == LIMIT_total)
        return slots;
    if (kind == LIMIT_campaign)
        return CAMPAIGN_SLOTS;
    while (slots < (size_t)config->slots)
        slots *= 2;
    return slots;
}

struct limits *limits_new(const struct limits_config *config)
{
    struct limits *limits = calloc(1, sizeof *limits);
    for (int i = 0; limits != NULL && i < LIMITS_N; i++) {
        limits->of[i] = limiter_new(slots_of(config, (enum limit_kind)i), clock_mono_us());
        if (limits->of[i] == NULL)
            return limits_free(limits);
    }
    return limits;
}

struct limits *limits_free(struct limits *limits)
{
    for (int i = 0; limits != NULL && i < LIMITS_N; i++)
        limiter_free(limits->of[i]);
    free(limits);
    return NULL;
}

/* --- asking --- */

static enum limiter_verdict take(struct request *r, enum limit_kind kind,
                                 const struct limit_setting *setting, struct limiter_hold *hold)
{
    const struct limit limit = {setting->requests, setting->seconds * 1000000};
    struct limiter *limiter = r->loop->gateway->limits->of[kind];
    const void *key = &r->client;
    size_t len = sizeof r->client;
    switch (kind) {
    case LIMIT_user:
        key = r->user, len = r->user_len;
        break;
    case LIMIT_address:
        break;
    case LIMIT_campaign:
        key = r->name, len = r->name_len;
        break;
    default:
        key = "", len = 0;
    }
    /* The time is now, not that of the headers: bodies that are held back must not make a crowd of what came one by one. */
    return limiter_take(limiter, key, len, &limit, r->loop->now_us, hold, &r->limit_wait_us);
}

#define LIMITED(M, id)   &(M)->limited_##id,
#define UNCOUNTED(M, id) &(M)->uncounted_##id,

/* pass: takes one of this limit; false when the request is answered. */
static bool pass(struct request *r, enum limit_kind kind, struct limiter_hold *hold)
{
    const struct limit_setting *setting = &gateway_config(r->loop->gateway)->limits.of[kind];
    *hold = (struct limiter_hold){0};
    if (setting->requests == 0)
        return true;
    struct gateway_metrics *m = &r->loop->metrics;
    metric_value *const refused[] = {LIMITS(LIMITED, m)}, *const uncounted[] = {
                                                              LIMITS(UNCOUNTED, m)};
    enum limiter_verdict verdict = take(r, kind, setting, hold);
    if (verdict == LIMITER_UNCOUNTED)
        metric_add(uncounted[kind], 1);
    if (verdict != LIMITER_REFUSED)
        return true;
    metric_add(refused[kind], 1);
    r->limited = kind;
    return request_answer(r, OUTCOME_limited), false;
}

bool limits_pass_address(struct request *r, struct limiter_hold *address)
{
    return pass(r, LIMIT_address, address);
}

bool limits_pass(struct request *r, const struct limiter_hold *address)
{
    struct limits *limits = r->loop->gateway->limits;
    struct limiter_hold holds[LIMITS_N] = {[LIMIT_address] = *address};
    if (r->route->op != OP_ENQUEUE)
        return true;
    for (int i = 0; i < LIMITS_N; i++) {
        if (i == LIMIT_address || pass(r, (enum limit_kind)i, &holds[i]))
            continue;
        for (int taken = 0; taken < LIMITS_N; taken++)
            limiter_give_back(limits->of[taken], &holds[taken]);
        return false;
    }
    return true;
}

/* --- the answer --- */

int64_t limits_wait_s(const struct request *r)
{
    return (r->limit_wait_us + 999999) / 1000000;
}

void limits_policy(const struct request *r, char policy[LIMITS_TEXT_SIZE],
                   char state[LIMITS_TEXT_SIZE])
{
    const struct limit_setting *s = &gateway_config(r->loop->gateway)->limits.of[r->limited];
    snprintf(policy, LIMITS_TEXT_SIZE, "\"%s\";q=%" PRId64 ";w=%" PRId64, names[r->limited],
             s->requests, s->seconds);
    snprintf(state, LIMITS_TEXT_SIZE, "\"%s\";r=0;t=%" PRId64, names[r->limited], limits_wait_s(r));
}

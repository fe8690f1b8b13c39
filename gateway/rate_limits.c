/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/rate_limits.h"

#include "gateway/loop.h"
#include "gateway/routes/route_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAMPAIGN_SLOTS 16384

struct rate_limits {
    struct limiter *of[LIMITS_N];
};

static const char *const names[LIMITS_N] = {
#define LIMIT_NAME(M, id) #id,
    LIMITS(LIMIT_NAME, )
#undef LIMIT_NAME
};

/* slots_of: returns the size of a table, a power of two. */
static size_t slots_of(const struct limits_config *config, enum limit_kind kind)
{
    size_t slots = LIMITER_BUCKET;
    if (kind == LIMIT_total)
        return slots;
    if (kind == LIMIT_campaign)
        return CAMPAIGN_SLOTS;
    while (slots < (size_t)config->slots)
        slots *= 2;
    return slots;
}

struct rate_limits *rate_limits_new(const struct limits_config *config)
{
    struct rate_limits *limits = calloc(1, sizeof *limits);
    for (int i = 0; limits != NULL && i < LIMITS_N; i++) {
        limits->of[i] = limiter_new(slots_of(config, (enum limit_kind)i));
        if (limits->of[i] == NULL)
            return rate_limits_free(limits);
    }
    return limits;
}

struct rate_limits *rate_limits_free(struct rate_limits *limits)
{
    for (int i = 0; limits != NULL && i < LIMITS_N; i++)
        limiter_free(limits->of[i]);
    free(limits);
    return NULL;
}

/* --- charging --- */

struct key {
    const void *data;
    size_t len;
};

static struct key key_of(const struct request *r, enum limit_kind kind)
{
    switch (kind) {
    case LIMIT_user:
        return (struct key){r->user, r->user_len};
    case LIMIT_address:
        return (struct key){&r->client, sizeof r->client};
    case LIMIT_campaign:
        return (struct key){r->name, r->name_len};
    default:
        return (struct key){"", 0};
    }
}

#define REFUSED_COUNTER(M, id)   [LIMIT_##id] = &(M)->limited_##id,
#define UNCOUNTED_COUNTER(M, id) [LIMIT_##id] = &(M)->uncounted_##id,

static void count(struct gateway_metrics *m, enum limit_kind kind, enum limiter_verdict verdict)
{
    metric_value *const refused[] = {LIMITS(REFUSED_COUNTER, m)};
    metric_value *const uncounted[] = {LIMITS(UNCOUNTED_COUNTER, m)};
    metric_add(refused[kind], verdict == LIMITER_REFUSED);
    metric_add(uncounted[kind], verdict == LIMITER_UNCOUNTED);
}

/* pass: charges one limit. False: it answered the request. */
static bool pass(struct request *r, enum limit_kind kind, struct limiter_hold *hold)
{
    const struct limit_setting *setting = &gateway_config(r->loop->gateway)->limits.of[kind];
    const struct limit limit = {setting->requests, setting->seconds * 1000000};
    *hold = (struct limiter_hold){0};
    if (setting->requests == 0)
        return true;
    struct key key = key_of(r, kind);
    /* The loop's time, not that of the request's head: a client that holds back ten bodies and
     * sends them together must count as a burst. */
    enum limiter_verdict verdict =
        limiter_take(r->loop->gateway->limits->of[kind], key.data, key.len, &limit, r->loop->now_us,
                     hold, &r->limit_wait_us);
    count(&r->loop->metrics, kind, verdict);
    if (verdict != LIMITER_REFUSED)
        return true;
    r->limited = kind;
    request_answer(r, OUTCOME_limited);
    return false;
}

bool rate_limits_pass_address(struct request *r, struct limiter_hold *address)
{
    return pass(r, LIMIT_address, address);
}

bool rate_limits_pass(struct request *r, const struct limiter_hold *address)
{
    struct rate_limits *limits = r->loop->gateway->limits;
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

int64_t rate_limits_wait_s(const struct request *r)
{
    return (r->limit_wait_us + 999999) / 1000000;
}

void rate_limits_policy(const struct request *r, char policy[RATE_LIMITS_TEXT_SIZE],
                        char state[RATE_LIMITS_TEXT_SIZE])
{
    const struct limit_setting *s = &gateway_config(r->loop->gateway)->limits.of[r->limited];
    snprintf(policy, RATE_LIMITS_TEXT_SIZE, "\"%s\";q=%" PRId64 ";w=%" PRId64, names[r->limited],
             s->requests, s->seconds);
    snprintf(state, RATE_LIMITS_TEXT_SIZE, "\"%s\";r=0;t=%" PRId64, names[r->limited],
             rate_limits_wait_s(r));
}

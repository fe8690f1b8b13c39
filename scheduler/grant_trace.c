/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/grant_trace.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAIMED_MAX 256 /* claimed, not yet committed; the oldest give way */
#define ASKS_MAX    64  /* questions under way */

struct traced {
    uint32_t campaign_id; /* 0: free */
    uint64_t ticket;
    struct trace_context context; /* its span id is that of the span "queue" */
};

struct grant_traces {
    struct tracer *tracer;
    struct traced claimed[CLAIMED_MAX];
    size_t next, n;
    unsigned asks;
    bool denied; /* Redis denies the question: logged once, not asked again */
};

/* A question: which requests of a claim are traced? */
struct ask {
    struct grant_traces *traces;
    struct redis_link *link;
    uint32_t campaign_id;
    char campaign[CAMPAIGN_NAME_MAX + 1];
    char key[CAMPAIGN_NAME_MAX + 32];
    int64_t claimed_us; /* wall clock */
    size_t n;
    struct grant rows[];
};

struct grant_traces *grant_traces_new(struct tracer *tracer)
{
    struct grant_traces *t = calloc(1, sizeof *t);
    if (t != NULL)
        t->tracer = tracer;
    return t;
}

/* --- the answer --- */

static void on_removed(void *arg, const redisReply *r)
{
    (void)arg;
    (void)r; /* what stays expires */
}

static void forget_in_redis(struct ask *a, const char *user)
{
    const char *words[] = {"HDEL", a->key, user};
    redis_link_aside(a->link, 3, words, NULL, on_removed, NULL);
}

static void add_queue_span(struct ask *a, const struct grant *row,
                           const struct trace_context *parent)
{
    struct grant_traces *t = a->traces;
    struct span span =
        span_begin("queue", SPAN_CONSUMER, parent, a->campaign, (int64_t)row->ticket);
    span.end_us = a->claimed_us;
    tracer_add(t->tracer, &span);
    t->n += t->claimed[t->next].campaign_id == 0;
    t->claimed[t->next] = (struct traced){a->campaign_id, row->ticket, span.context};
    t->next = (t->next + 1) % CLAIMED_MAX;
}

static void note_denied(struct grant_traces *t, const redisReply *r)
{
    char quoted[256];
    if (t->denied || !redis_error_is(r, "NOPERM"))
        return;
    t->denied = true;
    log_error("redis denies this user HMGET of the traces: none is followed until the scheduler "
              "starts again",
              "error=%s", log_quote(r->str, quoted, sizeof quoted));
}

static void on_answer(void *arg, const redisReply *r)
{
    struct ask *a = arg;
    struct trace_context parent;
    a->traces->asks--;
    note_denied(a->traces, r);
    bool good = r != NULL && r->type == REDIS_REPLY_ARRAY && r->elements == a->n;
    for (size_t i = 0; good && i < a->n; i++) {
        const redisReply *e = r->element[i];
        if (e->type != REDIS_REPLY_STRING || trace_parse(e->str, &parent) < 0)
            continue;
        add_queue_span(a, &a->rows[i], &parent);
        forget_in_redis(a, a->rows[i].user);
    }
    free(a);
}

/* --- the question --- */

static struct ask *make_ask(struct grant_traces *t, struct redis_link *link,
                            const struct campaign *c, const struct grant *rows, size_t n)
{
    struct ask *a = malloc(sizeof *a + n * sizeof *rows);
    if (a == NULL)
        return NULL;
    *a = (struct ask){.traces = t,
                      .link = link,
                      .campaign_id = (uint32_t)c->row.id,
                      .claimed_us = clock_wall_us(),
                      .n = n};
    memcpy(a->campaign, c->row.name, sizeof a->campaign);
    snprintf(a->key, sizeof a->key, TRACES_KEY, c->row.name);
    memcpy(a->rows, rows, n * sizeof *rows);
    return a;
}

/* send_ask: sends an HMGET of all users of the claim. */
static bool send_ask(struct ask *a)
{
    const char **words = calloc(a->n + 2, sizeof *words);
    if (words == NULL)
        return false;
    words[0] = "HMGET";
    words[1] = a->key;
    for (size_t i = 0; i < a->n; i++)
        words[i + 2] = a->rows[i].user;
    int r = redis_link_aside(a->link, a->n + 2, words, NULL, on_answer, a);
    free(words);
    return r == 0;
}

void grant_traces_claimed(struct grant_traces *t, struct redis_link *link, const struct campaign *c,
                          const struct grant *rows, size_t n)
{
    if (n == 0 || t->asks >= ASKS_MAX || t->denied)
        return;
    struct ask *a = make_ask(t, link, c, rows, n);
    if (a != NULL && send_ask(a))
        t->asks++;
    else
        free(a);
}

/* --- committed --- */

static bool in_batch(const struct batch *batch, const struct traced *traced)
{
    for (size_t i = 0; i < batch->n; i++) {
        if (batch->rows[i].ticket == traced->ticket)
            return batch->rows[i].campaign_id == traced->campaign_id;
    }
    return false;
}

void grant_traces_committed(struct grant_traces *t, const char *campaign, const struct batch *batch,
                            int64_t took_us)
{
    int64_t now_us = clock_wall_us();
    for (size_t i = 0; i < CLAIMED_MAX && t->n > 0; i++) {
        struct traced *traced = &t->claimed[i];
        if (traced->campaign_id == 0 || !in_batch(batch, traced))
            continue;
        struct span span =
            span_begin("commit", SPAN_INTERNAL, &traced->context, campaign, now_us - took_us);
        span.end_us = now_us;
        span.outcome = "granted";
        span.batch = (int64_t)batch->n;
        tracer_add(t->tracer, &span);
        *traced = (struct traced){0};
        t->n--;
    }
}

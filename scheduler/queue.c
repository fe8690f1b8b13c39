#include "scheduler/queue.h"

#include "scheduler/fault.h"
#include "scheduler/metrics.h"
#include "shared/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_SIZE 24
#define FIXED_ARGS  11 /* publish has the most */

int queue_init(struct queue *q, size_t most)
{
    q->room = most;
    q->rows = calloc(most, sizeof q->rows[0]);
    q->aside = calloc(most, sizeof q->aside[0]);
    q->texts = calloc(most, sizeof q->texts[0]);
    q->args = calloc(2 * most + FIXED_ARGS, sizeof q->args[0]);
    q->lengths = calloc(2 * most + FIXED_ARGS, sizeof q->lengths[0]);
    if (q->rows != NULL && q->aside != NULL && q->texts != NULL && q->args != NULL &&
        q->lengths != NULL)
        return 0;
    queue_destroy(q);
    return -ENOMEM;
}

void queue_destroy(struct queue *q)
{
    free(q->rows);
    free(q->aside);
    free(q->texts);
    free(q->args);
    free(q->lengths);
}

/* --- answers --- */

/* refusal: the link tells what is wrong with Redis itself; what is wrong with one campaign is told
 * here, once. */
static enum queue_outcome refusal(const struct campaign *c, const redisReply *r)
{
    char quoted[256];
    const char *ignored;
    if (redis_refusal_of(r, &ignored) != REDIS_TAKEN)
        return QUEUE_ERROR;
    if (c->broken == 0)
        log_error("redis refuses a call for this campaign, which waits; the others go on. After "
                  "WRONGTYPE bring back the key that was overwritten, or delete all four: grants "
                  "are rebuilt from mariadb, and who waited asks again",
                  "campaign=%s keys=\"%s %s %s %s\" error=%s", c->row.name, c->keys.text[0],
                  c->keys.text[1], c->keys.text[2], c->keys.text[3],
                  log_quote(r->str, quoted, sizeof quoted));
    return QUEUE_BROKEN;
}

static enum queue_outcome outcome_of(const struct campaign *c, const redisReply *r)
{
    if (r != NULL && r->type != REDIS_REPLY_ERROR)
        return QUEUE_OK;
    if (redis_error_is(r, "STALE"))
        return metric_add(&scheduler_metrics.redis_stale, 1), QUEUE_STALE;
    if (redis_error_is(r, "NOCAMPAIGN") || redis_error_is(r, "LOST"))
        return metric_add(&scheduler_metrics.redis_lost, 1), QUEUE_MISSING;
    if (r == NULL)
        return metric_add(&scheduler_metrics.redis_no_answer, 1), QUEUE_UNKNOWN;
    metric_add(&scheduler_metrics.redis_refused, 1);
    return refusal(c, r);
}

static void answer(struct campaign *c, enum queue_op op, const redisReply *r)
{
    struct queue_answer a = {.op = op, .outcome = outcome_of(c, r)};
    campaign_on_queue(c, &a);
}

/* note_aside: members of the queue that nobody can decode were set aside by Redis; told once, as
 * they are gone. */
static void note_aside(struct queue *q, const struct campaign *c, const redisReply *members,
                       struct queue_answer *a)
{
    char quoted[300];
    for (size_t i = 0; i < members->elements && a->n_aside < q->room; i++) {
        const redisReply *member = members->element[i];
        struct grant *row = &q->aside[a->n_aside++];
        *row = (struct grant){.campaign_id = c->row.id};
        row->user_len = member->len < USER_ID_MAX ? member->len : USER_ID_MAX;
        memcpy(row->user, member->str, row->user_len);
        log_error("a member of the queue is no user id, or its score is no ticket; it is set "
                  "aside as refused: find out who writes to this Redis",
                  "campaign=%s member=%s", c->row.name,
                  log_quote(row->user, quoted, sizeof quoted));
    }
    a->aside = q->aside;
    metric_add(&scheduler_metrics.refused_undecodable, (int64_t)a->n_aside);
}

static int read_row(const redisReply *user, const redisReply *score, struct grant *row)
{
    char *end;
    row->user_len = user->len;
    row->code_len = COUPON_CODE_LEN;
    if (user->type != REDIS_REPLY_STRING || score->type != REDIS_REPLY_STRING ||
        !user_id_valid(user->str, user->len))
        return -EPROTO;
    memcpy(row->user, user->str, user->len);
    row->ticket = strtoull(score->str, &end, 10);
    return row->ticket > 0 && *end == '\0' ? 0 : -EPROTO;
}

/* read_rows: user, ticket, user, ticket ... from element `from` on, then perhaps the list of those
 * that were set aside. What is not that was not written by our functions: the campaign starts over.
 */
static void read_rows(struct queue *q, struct campaign *c, const redisReply *r, size_t from,
                      struct queue_answer *a)
{
    size_t n = r->elements;
    if (n > from && r->element[n - 1]->type == REDIS_REPLY_ARRAY)
        note_aside(q, c, r->element[--n], a);
    a->rows = q->rows;
    for (size_t i = from; i + 1 < n && a->n < q->room; i += 2) {
        struct grant *row = &q->rows[a->n++];
        *row = (struct grant){.campaign_id = c->row.id};
        if (read_row(r->element[i], r->element[i + 1], row) < 0)
            a->outcome = QUEUE_UNKNOWN;
    }
    if (a->outcome != QUEUE_OK)
        log_error("an answer of redis cannot be decoded", "campaign=%s elements=%zu", c->row.name,
                  r->elements);
}

static void on_claim(void *arg, const redisReply *r)
{
    struct campaign *c = arg;
    struct queue_answer a = {.op = QUEUE_CLAIM, .outcome = outcome_of(c, r)};
    if (a.outcome == QUEUE_OK) {
        a.left = (uint64_t)r->element[0]->integer;
        read_rows(c->world->queue, c, r, 1, &a);
        metric_add(&scheduler_metrics.claimed, (int64_t)a.n);
        metric_add(&scheduler_metrics.claims, a.n > 0);
        if (a.n > 0)
            metric_observe_size(&scheduler_metrics.claim_batch, (int64_t)a.n);
        if (a.n > 0)
            fault_point("after-claim");
    }
    struct queue *q = c->world->queue;
    if (q->traces != NULL && a.outcome == QUEUE_OK)
        traces_claimed(q->traces, q->link, c, a.rows, a.n);
    campaign_on_queue(c, &a);
}

static void on_claimed(void *arg, const redisReply *r)
{
    struct campaign *c = arg;
    struct queue_answer a = {.op = QUEUE_CLAIMED, .outcome = outcome_of(c, r)};
    if (a.outcome == QUEUE_OK)
        read_rows(c->world->queue, c, r, 0, &a);
    if (a.n > 0)
        fault_point("after-claimed");
    campaign_on_queue(c, &a);
}

static void on_publish(void *arg, const redisReply *r)
{
    struct queue_answer a = {.op = QUEUE_PUBLISH, .outcome = outcome_of(arg, r)};
    if (a.outcome == QUEUE_OK && redis_head_parse(r, &a.head) < 0)
        a.outcome = QUEUE_ERROR;
    campaign_on_queue(arg, &a);
}

static void on_revive(void *arg, const redisReply *r)
{
    struct campaign *c = arg;
    struct queue_answer a = {.op = QUEUE_REVIVE, .outcome = outcome_of(c, r)};
    fault_point("after-revive");
    if (a.outcome == QUEUE_OK) {
        a.left = strtoull(r->element[0]->str, NULL, 10);
        read_rows(c->world->queue, c, r, 2, &a);
    }
    campaign_on_queue(c, &a);
}

static void on_settle(void *arg, const redisReply *r)
{
    fault_point("after-settle");
    answer(arg, QUEUE_SETTLE, r);
}

static void on_reclaim(void *arg, const redisReply *r)
{
    fault_point("after-reclaim");
    answer(arg, QUEUE_RECLAIM, r);
}

static void on_drain(void *arg, const redisReply *r)
{
    fault_point("after-drain");
    answer(arg, QUEUE_DRAIN, r);
}

static void on_expire(void *arg, const redisReply *r)
{
    fault_point("after-expire");
    answer(arg, QUEUE_EXPIRE, r);
}

/* --- calls --- */

static void put(struct queue *q, size_t i, const char *text)
{
    q->args[i] = text;
    q->lengths[i] = strlen(text);
}

/* call_numbers: a function whose arguments are the epoch and up to two more numbers. */
static int call_numbers(struct world *w, struct campaign *c, const char *function, size_t n,
                        const uint64_t *numbers, redis_link_fn *fn)
{
    struct queue *q = w->queue;
    char texts[3][NUMBER_SIZE];
    for (size_t i = 0; i < n; i++) {
        snprintf(texts[i], sizeof texts[i], "%" PRIu64, numbers[i]);
        put(q, i, texts[i]);
    }
    return redis_link_call(q->link, function, &c->keys, n, q->args, q->lengths, fn, c);
}

int queue_claim(struct world *w, struct campaign *c, size_t n, uint64_t moves)
{
    return call_numbers(w, c, "onrush_claim", 3, (uint64_t[]){c->epoch, n, moves}, on_claim);
}

int queue_claimed(struct world *w, struct campaign *c, size_t n)
{
    return call_numbers(w, c, "onrush_claimed", 2, (uint64_t[]){c->epoch, n}, on_claimed);
}

int queue_reclaim(struct world *w, struct campaign *c, size_t n)
{
    return call_numbers(w, c, "onrush_reclaim", 2, (uint64_t[]){c->epoch, n}, on_reclaim);
}

int queue_revive(struct world *w, struct campaign *c, uint64_t cursor, size_t n)
{
    return call_numbers(w, c, "onrush_revive", 3, (uint64_t[]){c->epoch, cursor, n}, on_revive);
}

int queue_expire(struct world *w, struct campaign *c)
{
    return call_numbers(w, c, "onrush_expire", 2,
                        (uint64_t[]){c->epoch, (uint64_t)w->queue->retention_s}, on_expire);
}

int queue_publish(struct world *w, struct campaign *c, enum publish_how how)
{
    struct queue *q = w->queue;
    const struct campaign_row *row = &c->row;
    /* numbers: in the order of the arguments; places 2 and 8 are texts */
    int64_t numbers[] = {(int64_t)c->epoch,
                         row->id,
                         0,
                         row->quota,
                         campaign_admit_limit(c),
                         row->opens_us,
                         row->closes_us,
                         (int64_t)c->watermark,
                         0,
                         (int64_t)c->moves,
                         row->instant_wait_ms};
    char texts[sizeof numbers / sizeof numbers[0]][NUMBER_SIZE];
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        snprintf(texts[i], sizeof texts[i], "%" PRId64, numbers[i]);
        put(q, i, texts[i]);
    }
    put(q, 2, campaign_state_text(row->state));
    put(q, 8, how == PUBLISH_OPEN ? "1" : "keep");
    if (how != PUBLISH_OPEN)
        put(q, 9, how == PUBLISH_TAKE ? "-" : "any");
    return redis_link_call(q->link, "onrush_publish", &c->keys, sizeof numbers / sizeof numbers[0],
                           q->args, q->lengths, on_publish, c);
}

/* format_state: what the function is told of a user; of one without a verdict, the arrival. */
static void format_state(char text[USER_STATE_MAX + 1], const struct batch *batch,
                         const struct grant *row)
{
    if (batch->verdict == VERDICT_GRANTED)
        snprintf(text, USER_STATE_MAX + 1, "g%" PRIu32 ":%s:%" PRIu64, row->serial, row->code,
                 row->ticket);
    else if (batch->verdict == VERDICT_SOLD_OUT)
        snprintf(text, USER_STATE_MAX + 1, "s%" PRIu64, row->ticket);
    else if (batch->verdict == VERDICT_OPEN)
        snprintf(text, USER_STATE_MAX + 1, "%" PRIu64, row->ticket);
    else
        snprintf(text, USER_STATE_MAX + 1, "r%s:%" PRIu64, batch->reason, row->ticket);
}

/* call_states: a function whose arguments are the epoch, then user and state in turn. */
static int call_states(struct world *w, struct campaign *c, const char *function,
                       const struct batch *batch, redis_link_fn *fn)
{
    struct queue *q = w->queue;
    char epoch[NUMBER_SIZE];
    if (batch->n > q->room)
        return -E2BIG;
    snprintf(epoch, sizeof epoch, "%" PRIu64, c->epoch);
    put(q, 0, epoch);
    for (size_t i = 0; i < batch->n; i++) {
        format_state(q->texts[i], batch, &batch->rows[i]);
        put(q, 2 * i + 1, batch->rows[i].user);
        put(q, 2 * i + 2, q->texts[i]);
    }
    return redis_link_call(q->link, function, &c->keys, 2 * batch->n + 1, q->args, q->lengths, fn,
                           c);
}

static void count_decided(const struct batch *batch)
{
    metric_value *counter = batch->verdict == VERDICT_GRANTED    ? &scheduler_metrics.granted
                            : batch->verdict == VERDICT_SOLD_OUT ? &scheduler_metrics.sold_out
                                                                 : &scheduler_metrics.refused;
    if (batch->verdict == VERDICT_REFUSED)
        metric_add(&scheduler_metrics.refused_row, (int64_t)batch->n);
    metric_add(counter, (int64_t)batch->n);
}

int queue_settle(struct world *w, struct campaign *c, const struct batch *batch)
{
    fault_point("before-settle");
    int r = call_states(w, c, "onrush_settle", batch, on_settle);
    if (r == 0)
        count_decided(batch);
    return r;
}

int queue_drain(struct world *w, struct campaign *c, const struct batch *batch)
{
    return call_states(w, c, "onrush_drain", batch, on_drain);
}

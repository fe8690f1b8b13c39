/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/queue.h"

#include "scheduler/fault_point.h"
#include "scheduler/metrics.h"
#include "shared/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(REDIS_LINK_ARGS_MAX >= QUEUE_NUMBERS + 2 * QUEUE_ROWS, "a call of full length");

/* --- replies --- */

/* refusal: the link logs errors of Redis as a whole. An error of one campaign is logged here,
 * once. */
static enum queue_outcome refusal(const struct campaign *c, const redisReply *r)
{
    char quoted[256];
    const char *ignored;
    if (redis_refusal_of(r, &ignored) != REDIS_TAKEN)
        return QUEUE_ERROR;
    if (c->broken == 0)
        log_error("redis refuses a call for this campaign, which waits; the others go on. After "
                  "WRONGTYPE bring back the key that was overwritten, or delete all three: grants "
                  "are rebuilt from mariadb, and who waited asks again",
                  "campaign=%s keys=\"%s %s %s\" error=%s", c->row.name, c->keys.text[0],
                  c->keys.text[1], c->keys.text[2], log_quote(r->str, quoted, sizeof quoted));
    return QUEUE_BROKEN;
}

static enum queue_outcome outcome_of(const struct campaign *c, const redisReply *r)
{
    if (r != NULL && r->type != REDIS_REPLY_ERROR)
        return QUEUE_OK;
    if (redis_error_is(r, "STALE")) {
        metric_add(&scheduler_metrics.redis_stale, 1);
        return QUEUE_STALE;
    }
    if (redis_error_is(r, "NOCAMPAIGN") || redis_error_is(r, "LOST")) {
        metric_add(&scheduler_metrics.redis_lost, 1);
        return QUEUE_MISSING;
    }
    if (r == NULL) {
        metric_add(&scheduler_metrics.redis_no_answer, 1);
        return QUEUE_UNKNOWN;
    }
    metric_add(&scheduler_metrics.redis_refused, 1);
    return refusal(c, r);
}

static void answer(struct campaign *c, enum queue_op op, const redisReply *r)
{
    struct queue_answer a = {.op = op, .outcome = outcome_of(c, r)};
    campaign_on_queue(c, &a);
}

static void put(struct queue *q, size_t i, const char *text, size_t len)
{
    q->args[i] = text;
    q->lengths[i] = len;
}

static void put_numbers(struct queue *q, size_t n, const int64_t *numbers)
{
    for (size_t i = 0; i < n; i++)
        put(q, i, q->numbers[i],
            (size_t)snprintf(q->numbers[i], sizeof q->numbers[i], "%" PRId64, numbers[i]));
}

/* note_aside: notes a member of the queue that cannot be decoded. Redis sets it aside, and MariaDB
 * records it. */
static void note_aside(struct queue *q, const struct campaign *c, const redisReply *member,
                       struct queue_answer *a)
{
    char quoted[300];
    struct grant *row = &q->aside[a->n_aside];
    *row = (struct grant){.campaign_id = (uint32_t)c->row.id};
    row->user_len = member->len < USER_ID_MAX ? member->len : USER_ID_MAX;
    memcpy(row->user, member->str, row->user_len);
    put(q, 1 + a->n_aside++, member->str, member->len);
    log_error("a member of the queue is no user id, or its score is no ticket; it is set aside as "
              "refused: find out who writes to this Redis",
              "campaign=%s member=%s", c->row.name, log_quote(row->user, quoted, sizeof quoted));
}

/* on_set_aside: if Redis did not do it, the next takeover meets the members again. */
static void on_set_aside(void *arg, const redisReply *r)
{
    char quoted[256];
    (void)arg;
    if (r != NULL && r->type == REDIS_REPLY_ERROR)
        log_warning("redis sets nobody aside", "error=%s",
                    log_quote(r->str, quoted, sizeof quoted));
}

static void set_aside(struct queue *q, const struct campaign *c, const struct queue_answer *a)
{
    put_numbers(q, 1, &(int64_t){(int64_t)c->epoch});
    metric_add(&scheduler_metrics.refused_undecodable, (int64_t)a->n_aside);
    redis_link_call(q->link, "onrush_set_aside", &c->keys, 1 + a->n_aside, q->args, q->lengths,
                    on_set_aside, NULL);
}

static int read_row(const redisReply *user, const redisReply *score, struct grant *row)
{
    char *end;
    row->user_len = user->len;
    row->code_len = COUPON_CODE_LEN;
    if (!user_id_valid(user->str, user->len) || score->str[0] < '1' || score->str[0] > '9')
        return -EPROTO;
    memcpy(row->user, user->str, user->len);
    row->ticket = strtoull(score->str, &end, 10);
    return row->ticket <= TICKET_MAX && *end == '\0' ? 0 : -EPROTO;
}

/* read_rows: reads user, ticket, user, ticket ... False: the reply has another form. */
static bool read_rows(struct queue *q, struct campaign *c, const redisReply *r,
                      struct queue_answer *a)
{
    a->rows = q->rows;
    a->aside = q->aside;
    for (size_t i = 0; i + 1 < r->elements && a->n < QUEUE_ROWS; i += 2) {
        const redisReply *user = r->element[i], *score = r->element[i + 1];
        struct grant *row = &q->rows[a->n];
        *row = (struct grant){.campaign_id = (uint32_t)c->row.id};
        if (user->type != REDIS_REPLY_STRING || score->type != REDIS_REPLY_STRING)
            return false;
        if (read_row(user, score, row) == 0)
            a->n++;
        else if (a->n_aside < QUEUE_ASIDE)
            note_aside(q, c, user, a);
    }
    return true;
}

/* read_claim: reads the number of requests above the mark, the number up to it, and the claimed
 * ones. */
static bool read_claim(struct queue *q, struct campaign *c, const redisReply *r,
                       struct queue_answer *a)
{
    if (r->type != REDIS_REPLY_ARRAY || r->elements != 3 ||
        r->element[0]->type != REDIS_REPLY_INTEGER || r->element[1]->type != REDIS_REPLY_INTEGER ||
        r->element[2]->type != REDIS_REPLY_ARRAY)
        return false;
    a->left = (uint64_t)r->element[0]->integer;
    a->claimed = (uint64_t)r->element[1]->integer;
    return read_rows(q, c, r->element[2], a);
}

static void count_claim(size_t n)
{
    if (n == 0)
        return;
    metric_add(&scheduler_metrics.claimed, (int64_t)n);
    metric_add(&scheduler_metrics.claims, 1);
    metric_observe_size(&scheduler_metrics.claim_batch, (int64_t)n);
    fault_point("after-claim");
}

static void on_claim(void *arg, const redisReply *r)
{
    struct campaign *c = arg;
    struct queue *q = c->world->queue;
    struct queue_answer a = {.op = QUEUE_CLAIM, .outcome = outcome_of(c, r)};
    if (a.outcome == QUEUE_OK && !read_claim(q, c, r, &a)) {
        log_error("an answer of redis cannot be decoded", "campaign=%s", c->row.name);
        a = (struct queue_answer){.op = QUEUE_CLAIM, .outcome = QUEUE_UNKNOWN};
    }
    count_claim(a.n);
    if (a.n_aside > 0)
        set_aside(q, c, &a);
    if (q->traces != NULL && c->phase == PHASE_RUNNING)
        grant_traces_claimed(q->traces, q->link, c, a.rows, a.n);
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
    if (a.outcome == QUEUE_OK)
        a.left = strtoull(r->element[0]->str, NULL, 10);
    campaign_on_queue(c, &a);
}

static void on_settle(void *arg, const redisReply *r)
{
    fault_point("after-settle");
    answer(arg, QUEUE_SETTLE, r);
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

/* format_state: writes what the function gets for a user: a verdict, or without one the arrival.
 * Returns its length. */
static int format_state(char text[USER_STATE_MAX + 1], const struct batch *batch,
                        const struct grant *row)
{
    if (batch->verdict == VERDICT_GRANTED)
        return snprintf(text, USER_STATE_MAX + 1, "g%" PRIu32 ":%s:%" PRIu64, row->serial,
                        row->code, row->ticket);
    if (batch->verdict == VERDICT_SOLD_OUT)
        return snprintf(text, USER_STATE_MAX + 1, "s%" PRIu64, row->ticket);
    if (batch->verdict == VERDICT_OPEN)
        return snprintf(text, USER_STATE_MAX + 1, "%" PRIu64, row->ticket);
    return snprintf(text, USER_STATE_MAX + 1, "r%s:%" PRIu64, batch->reason, row->ticket);
}

/* call: calls a function with n arguments that lie in q->args. */
static int call(struct queue *q, struct campaign *c, const char *function, size_t n,
                redis_link_fn *fn)
{
    return redis_link_call(q->link, function, &c->keys, n, q->args, q->lengths, fn, c);
}

/* call_states: calls a function with n numbers, and each user of the batch with its state. */
static int call_states(struct queue *q, struct campaign *c, const char *function, size_t n,
                       const int64_t *numbers, const struct batch *batch, redis_link_fn *fn)
{
    if (batch->n > QUEUE_ROWS)
        return -E2BIG;
    put_numbers(q, n, numbers);
    for (size_t i = 0; i < batch->n; i++) {
        const struct grant *row = &batch->rows[i];
        put(q, n++, row->user, row->user_len);
        put(q, n++, q->texts[i], (size_t)format_state(q->texts[i], batch, row));
    }
    return call(q, c, function, n, fn);
}

int queue_claim(struct world *w, struct campaign *c, size_t n, uint64_t moves)
{
    put_numbers(w->queue, 3, (int64_t[]){(int64_t)c->epoch, (int64_t)n, (int64_t)moves});
    return call(w->queue, c, "onrush_claim", 3, on_claim);
}

int queue_revive(struct world *w, struct campaign *c, uint64_t cursor, size_t n)
{
    put_numbers(w->queue, 3, (int64_t[]){(int64_t)c->epoch, (int64_t)cursor, (int64_t)n});
    return call(w->queue, c, "onrush_revive", 3, on_revive);
}

int queue_expire(struct world *w, struct campaign *c)
{
    put_numbers(w->queue, 2, (int64_t[]){(int64_t)c->epoch, w->queue->retention_s});
    return call(w->queue, c, "onrush_expire", 2, on_expire);
}

static void put_text(struct queue *q, size_t i, const char *text)
{
    put(q, i, text, strlen(text));
}

int queue_publish(struct world *w, struct campaign *c, enum publish_how how)
{
    struct queue *q = w->queue;
    const struct campaign_row *row = &c->row;
    /* numbers: in the order of the arguments; places 2 and 8 are texts */
    const int64_t numbers[QUEUE_NUMBERS] = {(int64_t)c->epoch,
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
    put_numbers(q, QUEUE_NUMBERS, numbers);
    put_text(q, 2, campaign_state_text(row->state));
    put_text(q, 8, how == PUBLISH_OPEN ? "1" : "keep");
    if (how != PUBLISH_OPEN)
        put_text(q, 9, how == PUBLISH_TAKE ? "-" : "any");
    return call(q, c, "onrush_publish", QUEUE_NUMBERS, on_publish);
}

static void count_decided(const struct batch *batch)
{
    metric_value *const counters[] = {[VERDICT_GRANTED] = &scheduler_metrics.granted,
                                      [VERDICT_SOLD_OUT] = &scheduler_metrics.sold_out,
                                      [VERDICT_REFUSED] = &scheduler_metrics.refused};
    int64_t n = (int64_t)batch->n;
    metric_add(counters[batch->verdict], n);
    metric_add(&scheduler_metrics.refused_row, batch->verdict == VERDICT_REFUSED ? n : 0);
}

int queue_settle(struct world *w, struct campaign *c, const struct batch *batch)
{
    uint64_t from = batch->whole ? batch->rows[0].ticket : 0;
    uint64_t to = batch->whole ? batch->rows[batch->n - 1].ticket : 0;
    const int64_t numbers[] = {(int64_t)c->epoch, (int64_t)from, (int64_t)to};
    fault_point("before-settle");
    int r = call_states(w->queue, c, "onrush_settle", 3, numbers, batch, on_settle);
    if (r == 0)
        count_decided(batch);
    return r;
}

int queue_drain(struct world *w, struct campaign *c, const struct batch *batch, uint64_t mark)
{
    const int64_t numbers[] = {(int64_t)c->epoch, (int64_t)mark};
    return call_states(w->queue, c, "onrush_drain", 2, numbers, batch, on_drain);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/campaign_stats.h"

#include "shared/base/clock.h"

#include <stdlib.h>
#include <string.h>

METRICS_TABLE(campaign_metrics, CAMPAIGN_METRICS);

struct stats_snapshot {
    int64_t at_us; /* monotonic: when it was made */
    size_t n;
    struct metrics_labelled labels[STATS_CAMPAIGNS_MAX + 1];
    struct campaign_metrics campaigns[STATS_CAMPAIGNS_MAX + 1]; /* the last sums up the others */
};

struct stats_snapshot *stats_snapshot_new(int64_t now_us)
{
    struct stats_snapshot *snapshot = malloc(sizeof *snapshot);
    if (snapshot != NULL) {
        snapshot->at_us = now_us;
        snapshot->n = 0;
    }
    return snapshot;
}

/* worst: durations are not added up: the oldest counts, and of leases the shortest. */
static int64_t worst(const struct metric_row *row, int64_t a, int64_t b)
{
    bool least = row->offset == offsetof(struct campaign_metrics, lease);
    return (a < b) == least ? a : b;
}

static void merge(struct campaign_metrics *into, const struct campaign_metrics *from)
{
    for (size_t i = 0; i < campaign_metrics_table.n; i++) {
        const struct metric_row *row = &campaign_metrics_table.rows[i];
        metric_value *sum = metric_at(into, row->offset);
        int64_t a = metric_get(sum), b = metric_get(metric_at(from, row->offset));
        if (a == METRIC_ABSENT || b == METRIC_ABSENT)
            metric_set(sum, a == METRIC_ABSENT ? b : a);
        else
            metric_set(sum, metric_in_seconds(row->name) ? worst(row, a, b) : a + b);
    }
}

void stats_snapshot_add(struct stats_snapshot *snapshot, const char *name,
                        const struct campaign_metrics *metrics)
{
    size_t i = snapshot->n;
    if (i > STATS_CAMPAIGNS_MAX) {
        merge(&snapshot->campaigns[STATS_CAMPAIGNS_MAX], metrics);
        return;
    }
    struct metrics_labelled *label = &snapshot->labels[i];
    label->shard = memcpy(&snapshot->campaigns[i], metrics, sizeof *metrics);
    snprintf(label->label, sizeof label->label, "campaign=\"%s\"",
             i < STATS_CAMPAIGNS_MAX ? name : "other");
    snapshot->n++;
}

void stats_publish(struct stats_slot *stats, struct stats_snapshot *snapshot)
{
    free(atomic_exchange(&stats->snapshot, snapshot));
}

/* let_pass: adds the time since the snapshot to its durations. */
static void let_pass(struct campaign_metrics *m, int64_t us)
{
    if (metric_get(&m->lease) != METRIC_ABSENT)
        metric_add(&m->lease, -us);
    if (metric_get(&m->oldest) > 0)
        metric_add(&m->oldest, us);
    if (metric_get(&m->age) != METRIC_ABSENT)
        metric_add(&m->age, us);
}

static void bring_up_to(struct stats_snapshot *snapshot, int64_t now_us)
{
    for (size_t i = 0; i < snapshot->n; i++)
        let_pass(&snapshot->campaigns[i], now_us - snapshot->at_us);
    snapshot->at_us = now_us;
}

/* put_back: does nothing if there is a newer one. */
static void put_back(struct stats_slot *stats, struct stats_snapshot *snapshot)
{
    struct stats_snapshot *none = NULL;
    if (!atomic_compare_exchange_strong(&stats->snapshot, &none, snapshot))
        free(snapshot);
}

void stats_render(struct stats_slot *stats, FILE *out, int64_t now_us)
{
    struct stats_snapshot *snapshot = atomic_exchange(&stats->snapshot, NULL);
    if (snapshot == NULL)
        return;
    bring_up_to(snapshot, now_us);
    metrics_render_labelled(out, &campaign_metrics_table, snapshot->labels, snapshot->n);
    put_back(stats, snapshot);
}

int64_t campaign_stats_shown_only(const struct campaign_head *head, int64_t granted_later)
{
    return head->granted > granted_later ? head->granted - granted_later : 0;
}

int64_t campaign_stats_hidden(const struct campaign_head *head, int64_t granted_before)
{
    int64_t most = head->granted + head->claimed;
    return granted_before > most ? granted_before - most : 0;
}

/* --- answers --- */

/* take: the answer is complete. A head of another epoch says nothing about our decisions. */
static void take(struct campaign_stats *s)
{
    if (!s->good || s->coming.epoch != (int64_t)s->epoch)
        return;
    s->known = true;
    s->head = s->coming;
    s->oldest = s->oldest_coming;
    s->at_us = clock_mono_us();
}

static void on_head(void *arg, const redisReply *r)
{
    struct campaign_stats *s = arg;
    s->asking--;
    s->good = s->good && r != NULL && r->type == REDIS_REPLY_ARRAY && r->elements > 0 &&
              redis_head_parse(r->element[0], &s->coming) == 0;
}

/* on_first: the reply holds the queue's first member with its ticket, or nothing. */
static void on_first(void *arg, const redisReply *r)
{
    struct campaign_stats *s = arg;
    uint64_t ticket = 0;
    s->good = s->good && r != NULL && r->type == REDIS_REPLY_ARRAY;
    if (s->good && r->elements >= 2 && r->element[1]->type == REDIS_REPLY_STRING)
        ticket = strtoull(r->element[1]->str, NULL, 10);
    if (ticket != 0 && (s->oldest_coming == 0 || ticket < s->oldest_coming))
        s->oldest_coming = ticket;
    if (--s->asking == 0)
        take(s);
}

/* --- questions --- */

/* asked: was the question sent? */
static bool asked(struct campaign_stats *s, int r)
{
    s->asking += r == 0;
    return r == 0;
}

/* campaign_stats_ask: if only one of the two questions is sent, the answer is not used. */
void campaign_stats_ask(struct campaign_stats *s, struct redis_link *link, const struct campaign *c)
{
    const char *first[] = {"ZRANGE", c->keys.text[KEY_QUEUE], "0", "0", "WITHSCORES"};
    if (s->asking > 0 || c->phase != PHASE_RUNNING || redis_link_state(link) != LINK_UP)
        return;
    s->epoch = c->epoch;
    s->oldest_coming = 0;
    s->granted_before = c->row.granted;
    s->good =
        asked(s, redis_link_call(link, "onrush_status", &c->keys, 0, NULL, NULL, on_head, s)) &&
        asked(s, redis_link_command(link, 5, first, NULL, on_first, s));
}

void campaign_stats_see(struct campaign_stats *s, const struct campaign *c)
{
    s->known = s->known && c->lease.mine;
    if (!s->known || s->head.epoch != (int64_t)c->epoch || c->lease.read_us < s->at_us)
        return;
    s->lost = campaign_stats_shown_only(&s->head, c->row.granted) +
              campaign_stats_hidden(&s->head, s->granted_before);
}

/* --- for the metrics --- */

static void tell_head(const struct campaign_stats *s, int64_t now_us, struct campaign_metrics *m)
{
    const struct campaign_head *h = &s->head;
    int64_t oldest_us = s->oldest == 0 ? 0 : h->now_us - (int64_t)s->oldest + now_us - s->at_us;
    metric_set(&m->accepted, h->admitted);
    metric_set(&m->queued, h->queued);
    metric_set(&m->claimed, h->claimed);
    metric_set(&m->granted, h->granted);
    metric_set(&m->sold_out, h->sold_out);
    metric_set(&m->refused, h->refused);
    metric_set(&m->oldest, oldest_us > 0 ? oldest_us : 0);
    metric_set(&m->age, now_us - s->at_us);
    metric_set(&m->lost_redis,
               h->admitted - h->granted - h->sold_out - h->refused - h->queued - h->claimed);
    metric_set(&m->lost_mariadb, s->lost);
}

void campaign_stats_tell(const struct campaign_stats *s, const struct campaign *c, bool redis_up,
                         int64_t now_us, struct campaign_metrics *m)
{
    for (size_t i = 0; i < campaign_metrics_table.n; i++)
        metric_set(metric_at(m, campaign_metrics_table.rows[i].offset), METRIC_ABSENT);
    metric_set(&m->open, c->row.state == CAMPAIGN_OPEN);
    metric_set(&m->running, redis_up && c->phase == PHASE_RUNNING);
    if (!c->lease.mine)
        return;
    metric_set(&m->lease, c->lease.until_us - now_us);
    metric_set(&m->quota, c->row.quota);
    if (s->known)
        tell_head(s, now_us, m);
}

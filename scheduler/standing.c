#include "scheduler/standing.h"

#include "shared/clock.h"

#include <stdlib.h>
#include <string.h>

int64_t standing_shown_only(const struct campaign_head *head, int64_t granted_later)
{
    return head->granted > granted_later ? head->granted - granted_later : 0;
}

int64_t standing_hidden(const struct campaign_head *head, int64_t granted_before)
{
    int64_t most = head->granted + head->claimed;
    return granted_before > most ? granted_before - most : 0;
}

/* --- answers --- */

/* take: the answer is whole. A head of another epoch says nothing of what we decide. */
static void take(struct standing *s)
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
    struct standing *s = arg;
    s->asking--;
    s->good = s->good && r != NULL && r->type == REDIS_REPLY_ARRAY && r->elements > 0 &&
              redis_head_parse(r->element[0], &s->coming) == 0;
}

/* on_first: member and ticket of the first in the queue, or nothing. */
static void on_first(void *arg, const redisReply *r)
{
    struct standing *s = arg;
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

static bool ask_head(struct standing *s, struct redis_link *link, const struct campaign *c)
{
    if (redis_link_call(link, "onrush_status", &c->keys, 0, NULL, NULL, on_head, s) < 0)
        return false;
    s->asking++;
    return true;
}

static bool ask_first(struct standing *s, struct redis_link *link, const struct campaign *c)
{
    const char *words[] = {"ZRANGE", c->keys.text[KEY_QUEUE], "0", "0", "WITHSCORES"};
    size_t lengths[] = {6, c->keys.len[KEY_QUEUE], 1, 1, 10};
    if (redis_link_command(link, 5, words, lengths, on_first, s) < 0)
        return false;
    s->asking++;
    return true;
}

/* standing_ask: when only a part can be sent, its answers are not good. */
void standing_ask(struct standing *s, struct redis_link *link, const struct campaign *c)
{
    if (s->asking > 0 || c->phase != PHASE_RUNNING || redis_link_state(link) != LINK_UP)
        return;
    s->epoch = c->epoch;
    s->oldest_coming = 0;
    s->granted_before = c->row.granted;
    s->good = true;
    s->good = ask_head(s, link, c) && ask_first(s, link, c);
}

void standing_see(struct standing *s, const struct campaign *c)
{
    s->known = s->known && c->row.mine;
    if (!s->known || s->head.epoch != (int64_t)c->epoch || c->row.read_us < s->at_us)
        return;
    s->lost = standing_shown_only(&s->head, c->row.granted) +
              standing_hidden(&s->head, s->granted_before);
}

/* --- for the board --- */

static void tell_head(const struct standing *s, int64_t now_us, struct campaign_metrics *m)
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

void standing_tell(const struct standing *s, const struct campaign *c, bool redis_up,
                   int64_t now_us, struct campaign_metrics *m)
{
    for (size_t i = 0; i < campaign_metrics_table.n; i++)
        metric_set(metric_at(m, campaign_metrics_table.rows[i].offset), METRIC_ABSENT);
    metric_set(&m->open, c->row.state == CAMPAIGN_OPEN);
    metric_set(&m->running, redis_up && c->phase == PHASE_RUNNING);
    if (!c->row.mine)
        return;
    metric_set(&m->lease, c->row.lease_until_us - now_us);
    metric_set(&m->quota, c->row.quota);
    if (s->known)
        tell_head(s, now_us, m);
}

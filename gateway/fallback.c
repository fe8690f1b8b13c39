#include "gateway/fallback.h"

#include "gateway/campaigns.h"
#include "gateway/routes.h"
#include "gateway/status.h"
#include "gateway/worker.h"

#include <assert.h>

#define MISSING_US 1000000
#define DOUBT_US   60000000 /* much longer than a scheduler takes to empty the journal */

static bool is_post(const struct request *r)
{
    return r->route->op == OP_ENQUEUE;
}

void fallback_ask(struct request *r, enum fallback_why why)
{
    struct worker *worker = r->worker;
    bool write = is_post(r) && gateway_config(worker->gateway)->journal;
    request_move(r, STAGE_ARCHIVED);
    r->why = why;
    r->archive.request = r;
    r->archive.op = write ? ARCHIVE_WRITE : ARCHIVE_ASK;
    r->archive.name = r->name;
    r->archive.user = r->user;
    worker->n_archived++;
    r->campaign->n_writes += write;
    archive_put(worker->archive, &r->archive);
}

bool fallback_doubted(const struct request *r)
{
    return r->route->op == OP_STATUS && r->worker->now_us < r->worker->doubt_until_us;
}

void fallback_doubt(struct worker *worker)
{
    worker->doubt_until_us = worker->now_us + DOUBT_US;
}

static void refuse(struct request *r, enum outcome outcome, metric_value *cause)
{
    metric_add(cause, 1);
    request_answer(r, outcome);
}

/* take_unknown: the campaign is in MariaDB, and nothing is there of this user. */
static void take_unknown(struct request *r)
{
    struct gateway_metrics *m = &r->worker->metrics;
    switch (r->why) {
    case FALLBACK_NO_REQUEST: /* Redis was right */
        return request_answer(r, status_outcome(r->known.kind));
    case FALLBACK_REDIS_AWAY: /* it may be in the queue */
        return refuse(r, OUTCOME_unavailable, &m->unavailable_redis_down);
    case FALLBACK_NO_CAMPAIGN: /* the keys have expired, or they are not there yet */
        if (r->archive.row.state == CAMPAIGN_SETTLED)
            return request_answer(r, is_post(r) ? OUTCOME_closed : OUTCOME_no_request);
        return refuse(r, OUTCOME_unavailable, &m->unavailable_unpublished);
    }
}

static void take_found(struct request *r)
{
    const struct archive_job *job = &r->archive;
    if (r->user_len == 0) {
        campaign_view_row(&r->view, &job->row);
        return request_answer(r, OUTCOME_campaign);
    }
    if (job->known.kind == REQUEST_NONE)
        return take_unknown(r);
    r->known = job->known;
    if (r->known.kind == REQUEST_WAITING)
        fallback_doubt(r->worker);
    if (r->known.kind == REQUEST_WAITING && is_post(r))
        metric_add(&r->worker->metrics.journalled, 1);
    request_answer(r, status_outcome(r->known.kind));
}

/* write_done: what gathered for Redis meanwhile may go once the last write of the campaign is
 * answered: nobody is overtaken by those who came later through the same worker. */
static void write_done(struct campaign *c)
{
    assert(c->n_writes > 0);
    if (--c->n_writes == 0)
        batcher_go_on(c);
}

void fallback_take(struct request *r)
{
    struct gateway_metrics *m = &r->worker->metrics;
    r->worker->n_archived--;
    if (r->archive.op == ARCHIVE_WRITE)
        write_done(r->campaign);
    switch (r->archive.answer) {
    case ARCHIVE_FOUND:
        return take_found(r);
    case ARCHIVE_NOTHING:
        r->campaign->missing_until_us = r->worker->now_us + MISSING_US;
        return request_answer(r, OUTCOME_no_campaign);
    case ARCHIVE_UNKNOWN:
        return refuse(r, OUTCOME_unknown, &m->unavailable_mariadb);
    case ARCHIVE_AWAY:
        return refuse(r, OUTCOME_unavailable, &m->unavailable_mariadb);
    }
}

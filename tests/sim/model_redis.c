/* SPDX-License-Identifier: Apache-2.0 */
/* Redis with the rules of shared/store/functions.lua. */
#include "tests/sim/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

bool model_waits(const struct model_user *user)
{
    return user->queued > 0;
}

/* note_asked, note_acked: record the client's time; only the first one counts. */
static void note_asked(struct model *m, int u)
{
    if (m->asked_at[u] == 0)
        m->asked_at[u] = m->now;
}

static void note_acked(struct model *m, int u)
{
    m->acked |= UINT64_C(1) << u;
    if (m->acked_at[u] == 0)
        m->acked_at[u] = m->now;
}

/* entered: checks that nobody enters the queue where a scheduler decides or has decided. */
static void entered(struct model *m, uint64_t ticket)
{
    const struct model_redis *r = &m->redis;
    if (r->known && r->epoch == m->db.epoch && ticket <= m->db.watermark)
        m->broken = "a request entered below what was decided";
    if (ticket <= r->mark)
        m->broken = "a request entered below the mark";
}

static uint64_t redis_now(const struct model *m)
{
    return (uint64_t)((m->now + m->skew) * TICKETS);
}

void model_enqueue(struct model *m, int u)
{
    struct model_redis *r = &m->redis;
    struct model_user *user = &r->users[u];
    if (!r->present || !r->ready || r->state == CAMPAIGN_CLOSED || r->state == CAMPAIGN_PAUSED)
        return;
    bool waits = model_waits(user);
    note_asked(m, u);
    if (user->state != 0 || (waits && !(m->bug == BUG_TICKET_NOT_KEPT && user->ticket > r->mark)))
        return;
    if (r->limit >= 0 && r->admitted >= r->limit)
        return;
    uint64_t ticket = redis_now(m);
    if (m->bug != BUG_NO_WATERMARK)
        ticket = max64(ticket, r->last_ticket + 1);
    entered(m, ticket);
    if (!waits)
        r->admitted++;
    else if (user->ticket != ticket)
        m->broken = "a user's ticket changed";
    r->last_ticket = ticket;
    user->ticket = user->queued = ticket;
    note_acked(m, u);
}

void model_journal(struct model *m, int u)
{
    if (m->db.state != CAMPAIGN_OPEN)
        return;
    note_asked(m, u);
    if (m->db.writing[u] == 0)
        m->db.writing[u] = m->now * TICKETS;
}

/* model_journalled: commits the row; an existing row keeps its arrival time. */
void model_journalled(struct model *m, int u)
{
    struct model_db *db = &m->db;
    if (db->writing[u] == 0 || db->state != CAMPAIGN_OPEN)
        return;
    if (!(db->pending >> u & 1)) {
        db->journal[u] = db->writing[u];
        db->committed[u] = m->now;
    }
    db->writing[u] = 0;
    db->pending |= UINT64_C(1) << u;
    note_acked(m, u);
}

static bool ticket_used(const struct model_redis *r, uint64_t ticket)
{
    for (int u = 0; u < USERS; u++) {
        if (r->users[u].queued == ticket)
            return true;
    }
    return false;
}

/* place_of: returns the place at which a journalled request enters the queue. */
static uint64_t place_of(const struct model *m, uint64_t arrival, uint64_t last)
{
    uint64_t now = redis_now(m), ticket = arrival < now ? arrival : now;
    ticket = max64(ticket, last + 1);
    while (ticket_used(&m->redis, ticket) && m->bug != BUG_DRAIN_TAKES_USED_TICKET)
        ticket++;
    return ticket;
}

static void do_drain(struct model *m, struct model_op *op)
{
    struct model_redis *r = &m->redis;
    uint64_t last;
    r->moves++;
    r->mark = op->mark < r->mark ? op->mark : r->mark;
    last = m->bug == BUG_DRAIN_BELOW_WATERMARK ? 0
           : m->bug == BUG_ENTRY_BELOW_MARK    ? r->watermark
                                               : max64(r->mark, r->watermark);
    for (size_t i = 0; i < op->batch->n; i++) {
        int u = user_number(op->batch->rows[i].user);
        struct model_user *user = &r->users[u];
        r->merged |= UINT64_C(1) << u;
        if (user->state != 0 || (model_waits(user) && user->queued <= r->mark))
            continue;
        uint64_t ticket = place_of(m, op->batch->rows[i].ticket, last);
        if (model_waits(user) && (user->queued <= ticket || m->bug == BUG_DRAIN_KEEPS_LATER))
            continue;
        if (ticket_used(r, ticket))
            m->broken = "two requests have the same ticket";
        entered(m, ticket);
        r->admitted += !model_waits(user);
        user->ticket = user->queued = last = ticket;
    }
    r->last_ticket = max64(r->last_ticket, last);
}

/* lowest: returns the user with the lowest score above `after`, or -1. */
static int lowest(const struct model_redis *r, uint64_t after)
{
    int best = -1;
    uint64_t least = 0;
    for (int u = 0; u < USERS; u++) {
        uint64_t score = r->users[u].queued;
        if (score > after && (best < 0 || score < least)) {
            best = u;
            least = score;
        }
    }
    return best;
}

/* queue_size: counts the queued tickets above `after`, up to and including `to`. */
static size_t queue_size(const struct model_redis *r, uint64_t after, uint64_t to)
{
    size_t n = 0;
    for (int u = 0; u < USERS; u++)
        n += r->users[u].queued > after && r->users[u].queued <= to;
    return n;
}

static void add_answer(struct model_op *op, int u, uint64_t ticket)
{
    struct grant *row = &op->rows[op->answer.n++];
    *row = (struct grant){.campaign_id = 1, .ticket = ticket};
    user_name(row->user, u);
}

static int64_t *counter_of(struct model_redis *r, char state)
{
    switch (state) {
    case 'g':
        return &r->granted;
    case 's':
        return &r->sold_out;
    case 'r':
        return &r->refused;
    default:
        return NULL;
    }
}

/* earlier_in_journal: true if the journal told user u "accepted" before this ticket was issued. */
static bool earlier_in_journal(const struct model *m, int u, uint64_t ticket)
{
    return m->db.pending >> u & 1 && !(m->redis.merged >> u & 1) && !m->skewed && !m->wiped &&
           (uint64_t)(m->db.committed[u] + 1) * TICKETS <= ticket;
}

static void write_state(struct model *m, const struct grant *row, char state)
{
    struct model_redis *r = &m->redis;
    struct model_user *user = &r->users[user_number(row->user)];
    bool waited = model_waits(user);
    user->queued = 0;
    user->odd = false;
    if (user->state == 'g')
        return;
    if (user->state == 0 && !waited)
        r->admitted++;
    if (counter_of(r, user->state) != NULL)
        --*counter_of(r, user->state);
    ++*counter_of(r, state);
    user->state = state;
    user->ticket = row->ticket;
    user->serial = row->serial;
    if (state == 's' && earlier_in_journal(m, user_number(row->user), row->ticket))
        m->broken = "told sold out while an earlier request is in the journal";
    if (state == 's' && m->db.granted < m->db.quota && !m->raised)
        m->broken = "told sold out while coupons are left";
}

void model_spoil(struct model *m, int u)
{
    struct model_user *user = &m->redis.users[u];
    user->odd = user->queued > 0;
}

/* set_aside: removes an undecodable member. If the call is lost, the next takeover finds the member
 * again. */
static void set_aside(struct model *m, struct model_op *op, int u)
{
    struct grant *row = &op->rows[USERS - ++op->answer.n_aside];
    *row = (struct grant){.campaign_id = 1};
    user_name(row->user, u);
    m->aside |= UINT64_C(1) << u;
    m->torn |= m->redis.users[u].ticket <= max64(m->redis.mark, m->redis.watermark);
    if (m->bug != BUG_ODD_STAYS && !chance(m, 10))
        write_state(m, row, 'r');
}

static void do_publish(struct model *m, struct model_op *op)
{
    struct model_redis *r = &m->redis;
    uint64_t known = max64(r->watermark, r->mark);
    op->answer.head = (struct campaign_head){.ready = r->ready,
                                             .watermark = (int64_t)known,
                                             .granted = r->present ? r->granted : -1,
                                             .sold_out = r->present ? r->sold_out : -1,
                                             .refused = r->present ? r->refused : -1,
                                             .moves = r->present ? (int64_t)r->moves : -1};
    if (r->present && r->epoch > op->epoch) {
        op->answer.outcome = QUEUE_STALE;
        return;
    }
    bool lost = (op->how != PUBLISH_TAKE && (!r->present || op->epoch != r->epoch)) ||
                (op->how == PUBLISH_OPEN && op->moves != r->moves);
    if (lost && m->bug != BUG_MOVES_NOT_COMPARED) {
        op->answer.outcome = QUEUE_MISSING;
        return;
    }
    if (op->how != PUBLISH_CHANGE ? m->bug != BUG_MARK_NOT_SET_BACK
                                  : m->bug == BUG_MARK_BACK_BY_A_CHANGE)
        r->mark = 0;
    r->present = true;
    r->epoch = op->epoch;
    r->state = op->row.state;
    r->quota = op->row.quota;
    r->limit = op->limit;
    bool older = op->watermark > known;
    r->watermark = max64(r->watermark, op->watermark);
    r->last_ticket = max64(r->last_ticket, r->watermark);
    r->known |= op->how == PUBLISH_OPEN;
    r->ready = op->how == PUBLISH_OPEN || (r->ready && !older);
}

static void do_claim(struct model *m, struct model_op *op)
{
    struct model_redis *r = &m->redis;
    if (op->moves != r->moves && m->bug != BUG_MOVES_NOT_COMPARED && m->bug != BUG_CLAIM_UNFENCED) {
        op->answer.outcome = QUEUE_MISSING;
        return;
    }
    if (op->epoch != r->epoch && op->n > 0)
        m->broken = "somebody without the lease moved the mark";
    uint64_t after = r->mark;
    while (op->answer.n + op->answer.n_aside < op->n) {
        if (m->bug == BUG_CLAIM_OUT_OF_ORDER && chance(m, 20) && lowest(r, after) >= 0)
            after = r->users[lowest(r, after)].queued;
        int u = lowest(r, after);
        if (u < 0)
            break;
        struct model_user *user = &r->users[u];
        after = user->queued;
        if (user->odd)
            set_aside(m, op, u);
        else
            add_answer(op, u, after);
        if (m->bug == BUG_CLAIM_POPS)
            user->queued = 0;
    }
    r->mark = after;
    op->answer.left = queue_size(r, r->mark, UINT64_MAX);
    op->answer.claimed = queue_size(r, 0, r->mark);
    r->moves += op->answer.n + op->answer.n_aside > 0;
}

static void do_settle(struct model *m, struct model_op *op)
{
    static const char states[] = {
        [VERDICT_GRANTED] = 'g', [VERDICT_SOLD_OUT] = 's', [VERDICT_REFUSED] = 'r'};
    struct model_redis *r = &m->redis;
    const struct batch *batch = op->batch;
    uint64_t from = batch->rows[0].ticket, to = batch->rows[batch->n - 1].ticket;
    bool whole = op->whole && to <= r->mark && queue_size(r, from - 1, to) == batch->n;
    r->moves++;
    for (int u = 0; u < USERS && (whole || m->bug == BUG_RANGE_TAKES_PARKED); u++) {
        if (r->users[u].queued < from || r->users[u].queued > to)
            continue;
        r->admitted -= m->bug == BUG_RANGE_TAKES_PARKED;
        r->users[u].queued = m->bug == BUG_RANGE_TAKES_PARKED ? 0 : r->users[u].queued;
    }
    for (size_t i = 0; i < batch->n; i++)
        write_state(m, &batch->rows[i], states[batch->verdict]);
}

static void do_revive(struct model *m)
{
    struct model_redis *r = &m->redis;
    r->moves++;
    for (int u = 0; u < USERS && m->bug != BUG_NO_REVIVE; u++) {
        struct model_user *user = &r->users[u];
        if (user->state != 's')
            continue;
        user->state = 0;
        user->queued = user->ticket;
        r->sold_out--;
    }
}

/* fenced: true if the campaign is not in Redis or has another owner. */
static bool fenced(const struct model *m, struct model_op *op)
{
    const struct model_redis *r = &m->redis;
    bool exempt = op->op == QUEUE_CLAIM && m->bug == BUG_CLAIM_UNFENCED;
    if (!r->present)
        op->answer.outcome = QUEUE_MISSING;
    else if (r->epoch != op->epoch && !exempt)
        op->answer.outcome = QUEUE_STALE;
    return op->answer.outcome != QUEUE_OK;
}

void model_execute(struct model *m, struct model_op *op)
{
    op->executed = true;
    op->answer = (struct queue_answer){.op = op->op, .outcome = QUEUE_OK};
    if (op->op != QUEUE_PUBLISH && fenced(m, op))
        return;
    switch (op->op) {
    case QUEUE_PUBLISH:
        do_publish(m, op);
        return;
    case QUEUE_CLAIM:
        do_claim(m, op);
        return;
    case QUEUE_SETTLE:
        do_settle(m, op);
        return;
    case QUEUE_DRAIN:
        do_drain(m, op);
        return;
    case QUEUE_REVIVE:
        do_revive(m);
        return;
    case QUEUE_EXPIRE:
        return;
    }
}

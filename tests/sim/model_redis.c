/* Redis, as shared/functions.lua has it. */
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
    return user->queued > 0 || user->claimed > 0;
}

void model_enqueue(struct model *m, int u)
{
    struct model_redis *r = &m->redis;
    struct model_user *user = &r->users[u];
    if (!r->present || !r->ready || r->state == CAMPAIGN_CLOSED || r->state == CAMPAIGN_PAUSED)
        return;
    bool waits = model_waits(user);
    if (user->state != 0 || (waits && !(m->bug == BUG_TICKET_NOT_KEPT && user->queued > 0)))
        return;
    if (r->limit >= 0 && r->admitted >= r->limit)
        return;
    uint64_t ticket = max64((uint64_t)(m->now + m->skew), r->last_ticket + 1);
    if (m->bug != BUG_NO_WATERMARK)
        ticket = max64(ticket, r->watermark + 1);
    if (r->known && r->epoch == m->db.epoch && ticket <= m->db.watermark)
        m->broken = "a request entered below what was decided";
    if (!waits)
        r->admitted++;
    else if (user->ticket != ticket)
        m->broken = "a user's ticket changed";
    r->last_ticket = ticket;
    user->ticket = user->queued = ticket;
    m->acked |= UINT64_C(1) << u;
}

void model_journal(struct model *m, int u)
{
    if (m->db.state != CAMPAIGN_OPEN || m->db.journal[u] != 0)
        return;
    m->db.journal[u] = m->now;
    m->acked |= UINT64_C(1) << u;
}

static bool ticket_used(const struct model_redis *r, uint64_t ticket)
{
    for (int u = 0; u < USERS; u++) {
        if (r->users[u].queued == ticket || r->users[u].claimed == ticket)
            return true;
    }
    return false;
}

static void do_drain(struct model *m, struct model_op *op)
{
    struct model_redis *r = &m->redis;
    uint64_t ticket = m->bug == BUG_DRAIN_BELOW_WATERMARK ? 0 : r->watermark;
    r->moves++;
    for (size_t i = 0; i < op->batch->n; i++) {
        struct model_user *user = &r->users[user_number(op->batch->rows[i].user)];
        if (user->state != 0 || model_waits(user))
            continue;
        ticket = max64(op->batch->rows[i].ticket, ticket + 1);
        while (ticket_used(r, ticket) && m->bug != BUG_DRAIN_TAKES_USED_TICKET)
            ticket++;
        if (ticket_used(r, ticket))
            m->broken = "two requests have the same ticket";
        if (r->known && r->epoch == m->db.epoch && ticket <= m->db.watermark)
            m->broken = "a request entered below what was decided";
        user->ticket = user->queued = ticket;
        r->admitted++;
    }
    r->last_ticket = max64(r->last_ticket, ticket);
}

/* lowest: the user with the lowest score above `after`, or -1. */
static int lowest(const struct model_redis *r, bool claimed, uint64_t after)
{
    int best = -1;
    uint64_t least = 0;
    for (int u = 0; u < USERS; u++) {
        uint64_t score = claimed ? r->users[u].claimed : r->users[u].queued;
        if (score > after && (best < 0 || score < least)) {
            best = u;
            least = score;
        }
    }
    return best;
}

static size_t queue_size(const struct model_redis *r)
{
    size_t n = 0;
    for (int u = 0; u < USERS; u++)
        n += r->users[u].queued > 0;
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

static void write_state(struct model *m, const struct grant *row, char state)
{
    struct model_redis *r = &m->redis;
    struct model_user *user = &r->users[user_number(row->user)];
    bool waited = model_waits(user);
    user->claimed = user->queued = 0;
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
    if (state == 's' && m->db.granted < m->db.quota && !m->raised)
        m->broken = "told sold out while coupons are left";
}

void model_spoil(struct model *m, int u)
{
    struct model_user *user = &m->redis.users[u];
    user->odd = user->queued > 0 || user->claimed > 0;
}

/* set_aside: an odd member does not stay where it was met. */
static void set_aside(struct model *m, struct model_op *op, int u)
{
    struct grant *row = &op->rows[USERS - ++op->answer.n_aside];
    *row = (struct grant){.campaign_id = 1};
    user_name(row->user, u);
    m->aside |= UINT64_C(1) << u;
    m->torn |= m->redis.users[u].ticket <= m->redis.watermark; /* it was claimed once */
    if (m->bug != BUG_ODD_STAYS_CLAIMED)
        write_state(m, row, 'r');
}

static void do_publish(struct model *m, struct model_op *op)
{
    struct model_redis *r = &m->redis;
    op->answer.head = (struct campaign_head){.ready = r->ready,
                                             .watermark = r->present ? (int64_t)r->watermark : -1,
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
    r->present = true;
    r->epoch = op->epoch;
    r->state = op->row.state;
    r->quota = op->row.quota;
    r->limit = op->limit;
    bool older = op->watermark > r->watermark;
    r->watermark = max64(r->watermark, op->watermark);
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
    while (op->answer.n + op->answer.n_aside < op->n) {
        uint64_t skip = 0;
        if (m->bug == BUG_CLAIM_OUT_OF_ORDER && chance(m, 20) && queue_size(r) > 1)
            skip = r->users[lowest(r, false, 0)].queued;
        int u = lowest(r, false, skip);
        if (u < 0)
            break;
        struct model_user *user = &r->users[u];
        if (user->odd) {
            set_aside(m, op, u);
            user->queued = 0;
            continue;
        }
        add_answer(op, u, user->queued);
        r->watermark = max64(r->watermark, user->queued);
        user->claimed = m->bug == BUG_CLAIM_NOT_KEPT ? 0 : user->queued;
        user->queued = 0;
    }
    op->answer.left = queue_size(r);
    r->moves += op->answer.n + op->answer.n_aside > 0;
}

static void do_settle(struct model *m, struct model_op *op)
{
    static const char states[] = {
        [VERDICT_GRANTED] = 'g', [VERDICT_SOLD_OUT] = 's', [VERDICT_REFUSED] = 'r'};
    m->redis.moves++;
    for (size_t i = 0; i < op->batch->n; i++)
        write_state(m, &op->batch->rows[i], states[op->batch->verdict]);
}

static void do_claimed(struct model *m, struct model_op *op)
{
    uint64_t after = 0;
    for (int u;
         op->answer.n + op->answer.n_aside < op->n && (u = lowest(&m->redis, true, after)) >= 0;) {
        after = m->redis.users[u].claimed;
        if (m->redis.users[u].odd)
            set_aside(m, op, u);
        else
            add_answer(op, u, after);
    }
    m->redis.moves += op->answer.n_aside > 0 && m->bug != BUG_ODD_PAGE_IS_THE_LAST;
}

static void do_reclaim(struct model *m, struct model_op *op)
{
    struct model_redis *r = &m->redis;
    r->moves++;
    for (size_t i = 0; i < op->n; i++) {
        int u = lowest(r, true, 0);
        if (u < 0)
            return;
        struct model_user *user = &r->users[u];
        if (m->bug == BUG_RECLAIM_NEW_TICKET)
            user->claimed = user->ticket = r->last_ticket = max64(r->last_ticket, r->watermark) + 1;
        user->queued = m->bug == BUG_RECLAIM_FORGETS ? 0 : user->claimed;
        user->claimed = 0;
    }
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

/* fenced: the campaign is not in Redis, or somebody else has it. */
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
    case QUEUE_CLAIMED:
        do_claimed(m, op);
        return;
    case QUEUE_RECLAIM:
        do_reclaim(m, op);
        return;
    case QUEUE_REVIVE:
        do_revive(m);
        return;
    case QUEUE_EXPIRE:
        return;
    }
}

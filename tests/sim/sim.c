/* SPDX-License-Identifier: Apache-2.0 */
/* Simulation: runs the unchanged scheduler/campaign.c, recovery.c, running.c and ledger.c in a
 * modelled world.
 *
 *     sim [--histories N] [--first SEED] [--bug NAME] [--jobs N] [--trace]
 *     sim --all-bugs [--histories N]
 *
 * A history consists of random steps from one seed. Clients ask. Redis answers late or never.
 * Connections break. MariaDB commits, now or later, without an answer.
 * Schedulers crash, stall past their lease, and take over. Redis loses everything or returns to an
 * older state. The quota is raised. MariaDB refuses rows, and queue members are overwritten.
 *
 * The promises are checked after each step. At the end the faults stop, and everybody must be
 * decided. A failing seed is printed; --first SEED --histories 1 replays it. With --bug NAME one
 * rule of the protocol is left out, and the exit code is 0 if the simulation notices. */
#include "shared/base/log.h"
#include "tests/sim/model.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LEASE      60
#define CLOCK_STEP 5000 /* largest offset of Redis' clock */
#define OPS_MAX    64
#define JOBS_MAX   64
#define ZOMBIES    8
#define END_STEPS  20000

#define HISTORIES     10000
#define BUG_HISTORIES 600000 /* limit per bug; the rarest shows about once in 150,000 */

/* A scheduler process and its pending calls. */
struct scheduler {
    struct world world; /* must be first: callbacks cast its address */
    struct sim *sim;
    struct campaign campaign;
    char owner_name[16];
    unsigned owner; /* unique for each incarnation */
    bool alive, up; /* up: connected to Redis */
    int64_t stalled_until;
    struct model_op ops[OPS_MAX];
    size_t n_ops;
    struct job *jobs[JOBS_MAX];
    size_t n_jobs;
    uint64_t renounced; /* an epoch, or 0 */
};

/* A commit that MariaDB finishes later, although its connection is gone. */
struct zombie {
    struct job *job;
    unsigned owner;
};

struct sim {
    struct model model;
    struct scheduler schedulers[SCHEDULERS];
    unsigned incarnations;
    struct zombie zombies[ZOMBIES];
    size_t n_zombies;
    struct model_redis snapshot;
    bool have_snapshot, wipes, spoils, skews;
    bool calm; /* fewer faults, so that more is decided between them */
    uint64_t steps;
};

static bool tracing; /* --trace: prints every event of a history */

#define trace(sim, ...) (tracing ? trace_line(sim, __VA_ARGS__) : (void)0)

static void trace_line(const struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void trace_line(const struct sim *sim, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%6" PRIu64 " t=%" PRId64 " ", sim->steps, sim->model.now);
    vprintf(format, args);
    printf("\n");
    va_end(args);
}

/* --- the scheduler's surroundings --- */

static struct scheduler *of(struct world *world)
{
    return (struct scheduler *)world;
}

static struct batch *copy_batch(const struct batch *batch)
{
    struct batch *copy = batch_new(batch->n);
    for (size_t i = 0; i < batch->n; i++)
        batch_add(copy, &batch->rows[i]);
    copy->verdict = batch->verdict;
    return copy;
}

static int send_op(struct world *w, struct campaign *c, struct model_op op)
{
    struct scheduler *s = of(w);
    assert(s->n_ops < OPS_MAX);
    if (!s->up)
        return -ENOTCONN;
    op.epoch = c->epoch;
    op.row = c->row;
    op.watermark = c->watermark;
    op.limit = campaign_admit_limit(c);
    s->ops[s->n_ops++] = op;
    return 0;
}

static int w_publish(struct world *w, struct campaign *c, enum publish_how how)
{
    return send_op(w, c, (struct model_op){.op = QUEUE_PUBLISH, .how = how, .moves = c->moves});
}

static int w_claim(struct world *w, struct campaign *c, size_t n, uint64_t moves)
{
    return send_op(w, c, (struct model_op){.op = QUEUE_CLAIM, .n = n, .moves = moves});
}

static int w_settle(struct world *w, struct campaign *c, const struct batch *batch)
{
    if (!of(w)->up)
        return -ENOTCONN;
    return send_op(
        w, c,
        (struct model_op){.op = QUEUE_SETTLE, .batch = copy_batch(batch), .whole = batch->whole});
}

static int w_drain(struct world *w, struct campaign *c, const struct batch *batch, uint64_t mark)
{
    if (!of(w)->up)
        return -ENOTCONN;
    return send_op(w, c,
                   (struct model_op){.op = QUEUE_DRAIN, .batch = copy_batch(batch), .mark = mark});
}

static int w_revive(struct world *w, struct campaign *c, uint64_t cursor, size_t n)
{
    return send_op(w, c, (struct model_op){.op = QUEUE_REVIVE, .cursor = cursor, .n = n});
}

static int w_expire(struct world *w, struct campaign *c)
{
    return send_op(w, c, (struct model_op){.op = QUEUE_EXPIRE});
}

static void w_submit(struct world *w, struct job *job)
{
    struct scheduler *s = of(w);
    assert(s->n_jobs < JOBS_MAX);
    s->jobs[s->n_jobs++] = job;
}

static void w_renounce(struct world *w, struct campaign *c, uint64_t epoch)
{
    bool again = c->epoch == 0; /* a second time: the row is still ours */
    if (!again || of(w)->sim->model.bug != BUG_RENOUNCE_ONCE)
        of(w)->renounced = epoch;
}

static int64_t w_now_us(struct world *w)
{
    return of(w)->sim->model.now;
}

/* --- start and death of a scheduler --- */

static struct campaign_row row_of(const struct sim *sim)
{
    const struct model_db *db = &sim->model.db;
    return (struct campaign_row){.id = 1,
                                 .name = "sim",
                                 .quota = db->quota,
                                 .overflow = db->overflow,
                                 .state = db->state,
                                 .epoch = db->epoch,
                                 .journal = db->pending != 0};
}

static struct lease lease_of(const struct sim *sim, const struct scheduler *s)
{
    bool mine = sim->model.db.owner == s->owner;
    return (struct lease){.mine = mine, .until_us = mine ? sim->model.db.lease_until : 0};
}

static void start(struct sim *sim, struct scheduler *s)
{
    s->sim = sim;
    s->owner = ++sim->incarnations;
    snprintf(s->owner_name, sizeof s->owner_name, "s%u", s->owner);
    s->world = (struct world){.publish = w_publish,
                              .claim = w_claim,
                              .settle = w_settle,
                              .drain = w_drain,
                              .revive = w_revive,
                              .expire = w_expire,
                              .submit = w_submit,
                              .renounce = w_renounce,
                              .now_us = w_now_us,
                              .owner = s->owner_name,
                              .batch_size = 1 + random_below(&sim->model, 6),
                              .max_batches = 1 + random_below(&sim->model, 4),
                              .retry_us = 5,
                              .poll_us = 3};
    s->alive = s->up = true;
    s->renounced = 0;
    struct campaign_row row = row_of(sim);
    campaign_init(&s->campaign, &s->world, &row);
}

/* drop_ops: executes the first few of the pending Redis calls and loses all answers. */
static void drop_ops(struct sim *sim, struct scheduler *s)
{
    size_t done = random_below(&sim->model, (uint32_t)s->n_ops + 1);
    for (size_t i = 0; i < s->n_ops; i++) {
        if (i < done && !s->ops[i].executed)
            model_execute(&sim->model, &s->ops[i]);
        batch_free(s->ops[i].batch);
    }
    s->n_ops = 0;
}

/* leave_job: MariaDB has lost the job's connection: it commits now, later or never. Takes ownership
 * of the job. */
static void leave_job(struct sim *sim, struct scheduler *s, struct job *job)
{
    uint32_t dice = random_below(&sim->model, 3);
    if (dice == 0)
        model_run(&sim->model, job, s->owner);
    if (dice != 1 || job->kind != JOB_COMMIT || sim->n_zombies == ZOMBIES) {
        job_free(job);
        return;
    }
    sim->zombies[sim->n_zombies++] = (struct zombie){job, s->owner};
}

static void crash(struct sim *sim, struct scheduler *s)
{
    trace(sim, "s%u crashes in phase %s", s->owner, campaign_phase_text(s->campaign.phase));
    drop_ops(sim, s);
    for (size_t i = 0; i < s->n_jobs; i++)
        leave_job(sim, s, s->jobs[i]);
    s->n_jobs = 0;
    s->campaign.jobs = s->campaign.asks = 0;
    campaign_destroy(&s->campaign);
    s->alive = false;
}

/* cut: breaks the connection to Redis; the result of every unanswered call is unknown. */
static void cut(struct sim *sim, struct scheduler *s)
{
    enum queue_op ops[OPS_MAX];
    size_t n = s->n_ops;
    for (size_t i = 0; i < n; i++)
        ops[i] = s->ops[i].op;
    drop_ops(sim, s);
    s->up = false;
    for (size_t i = 0; i < n; i++) {
        struct queue_answer a = {.op = ops[i], .outcome = QUEUE_UNKNOWN};
        campaign_on_queue(&s->campaign, &a);
    }
}

/* --- the scheduler's steps --- */

static void execute_one(struct sim *sim, struct scheduler *s)
{
    for (size_t i = 0; i < s->n_ops; i++) {
        if (!s->ops[i].executed) {
            model_execute(&sim->model, &s->ops[i]);
            return;
        }
    }
}

static void answer_one(struct sim *sim, struct scheduler *s)
{
    if (s->n_ops == 0)
        return;
    struct model_op op = s->ops[0];
    if (!op.executed)
        model_execute(&sim->model, &op);
    trace(sim, "s%u hears op %d: outcome %d, n %zu; phase %s", s->owner, op.op, op.answer.outcome,
          op.answer.n, campaign_phase_text(s->campaign.phase));
    memmove(s->ops, s->ops + 1, --s->n_ops * sizeof s->ops[0]);
    batch_free(op.batch);
    op.answer.rows = op.rows;
    op.answer.aside = op.rows + USERS - op.answer.n_aside;
    campaign_on_queue(&s->campaign, &op.answer);
}

static void take_job(struct scheduler *s, size_t i)
{
    s->jobs[i] = s->jobs[--s->n_jobs];
}

/* lose_answer: MariaDB commits now, later or never; the scheduler gets no answer. */
static void lose_answer(struct sim *sim, struct scheduler *s, struct job *job)
{
    struct model *m = &sim->model;
    uint32_t dice = random_below(m, 3);
    if (dice == 0)
        model_run(m, job, s->owner);
    if (dice == 1 && job->kind == JOB_COMMIT && sim->n_zombies < ZOMBIES) {
        struct job *later = calloc(1, sizeof *later);
        *later = *job;
        later->batch = copy_batch(job->batch);
        sim->zombies[sim->n_zombies++] = (struct zombie){later, s->owner};
    }
    job->found = batch_free(job->found);
    ledger_close(&job->ledger);
    job->outcome = JOB_UNKNOWN;
}

static void do_job(struct sim *sim, struct scheduler *s, bool faults)
{
    struct model *m = &sim->model;
    if (s->n_jobs == 0)
        return;
    size_t i = random_below(m, (uint32_t)s->n_jobs);
    struct job *job = s->jobs[i];
    take_job(s, i);
    if (faults && chance(m, 15))
        lose_answer(sim, s, job);
    else if (faults && chance(m, 5))
        job->outcome = JOB_BUSY;
    else if (m->bug == BUG_ACK_BEFORE_COMMIT && job->kind == JOB_COMMIT && chance(m, 20))
        job->outcome = JOB_DONE;
    else
        model_run(m, job, s->owner);
    if (m->bug == BUG_NO_LOOK_AFTER_CLAIM && job->kind == JOB_JOURNAL && job->found != NULL &&
        s->campaign.claimed != NULL)
        job->found->n = 0;
    trace(sim, "s%u hears job %d: outcome %d; phase %s", s->owner, job->kind, job->outcome,
          campaign_phase_text(s->campaign.phase));
    campaign_on_job(&s->campaign, job);
}

static void keeper_round(struct sim *sim, struct scheduler *s)
{
    struct model *m = &sim->model;
    struct model_db *db = &m->db;
    if (s->renounced != 0 && !chance(m, 20) && db->owner == s->owner && db->epoch == s->renounced)
        db->owner = 0;
    s->renounced = 0;
    if (m->bug == BUG_FLAG_CARRIED_OVER && s->campaign.phase == PHASE_AWAY && chance(m, 20))
        s->campaign.confirming = true;
    if (db->state == CAMPAIGN_SETTLED)
        return;
    if (db->owner != s->owner && (db->owner == 0 || db->lease_until < m->now)) {
        db->owner = s->owner;
        db->epoch += m->bug != BUG_LEASE_WITHOUT_EPOCH || db->epoch == 0;
    }
    if (db->owner == s->owner)
        db->lease_until = m->now + LEASE;
    struct campaign_row row = row_of(sim);
    struct lease lease = lease_of(sim, s);
    trace(sim, "s%u keeps: mine %d, epoch %" PRIu64 ", phase %s", s->owner, lease.mine, row.epoch,
          campaign_phase_text(s->campaign.phase));
    campaign_update(&s->campaign, &row, &lease);
}

/* --- the world's steps --- */

static void run_zombie(struct sim *sim)
{
    if (sim->n_zombies == 0)
        return;
    size_t i = random_below(&sim->model, (uint32_t)sim->n_zombies);
    struct zombie z = sim->zombies[i];
    sim->zombies[i] = sim->zombies[--sim->n_zombies];
    model_run(&sim->model, z.job, z.owner);
    job_free(z.job);
}

static void lose_redis(struct sim *sim)
{
    struct model *m = &sim->model;
    if (!sim->wipes || (sim->calm && chance(m, 70)))
        return;
    trace(sim, "redis loses data");
    if (sim->have_snapshot && chance(m, 50))
        m->redis = sim->snapshot;
    else
        memset(&m->redis, 0, sizeof m->redis);
    m->redis.known = false;
    m->wiped = true;
    for (int u = 0; u < USERS; u++) /* no promise covers what Redis forgot */
        m->acked &= m->redis.users[u].state != 0 || model_waits(&m->redis.users[u]) ||
                            m->db.pending >> u & 1
                        ? UINT64_MAX
                        : ~(UINT64_C(1) << u);
}

/* raise_quota: raises the quota and fences the lease, as `onrushctl campaign set-quota` does. */
static void raise_quota(struct model *m)
{
    struct model_db *db = &m->db;
    if (db->quota + 4 > SERIALS)
        return;
    db->quota += 1 + random_below(m, 4);
    db->epoch++;
    db->owner = 0;
    m->raised = true;
}

/* spoil: spoils one member, or the lowest ones of the queue, which may fill a page of a takeover.
 * */
static void spoil(struct model *m, int u)
{
    uint64_t most = 0;
    model_spoil(m, u);
    for (int i = 0; i < USERS && chance(m, 90); i++) {
        uint64_t ticket = m->redis.users[(u + i) % USERS].queued;
        most = ticket > 0 && ticket <= m->redis.mark ? ticket : most;
    }
    for (int i = 0; i < USERS; i++) {
        if (m->redis.users[i].queued > 0 && m->redis.users[i].queued <= most)
            model_spoil(m, i);
    }
}

/* journal_someone: begins a row for user u, and commits some of the rows that are begun. */
static void journal_someone(struct model *m, int u)
{
    model_journal(m, u);
    for (int i = 0; i < USERS; i++) {
        if (chance(m, 60))
            model_journalled(m, i);
    }
}

static void take_snapshot(struct sim *sim)
{
    sim->snapshot = sim->model.redis;
    sim->have_snapshot = true;
}

static void skew_clock(struct model *m)
{
    m->skew = (int64_t)random_below(m, 2 * CLOCK_STEP) - CLOCK_STEP;
    m->skewed = true;
}

static void world_step(struct sim *sim, uint32_t dice)
{
    struct model *m = &sim->model;
    int u = (int)random_below(m, USERS);
    if (dice < 72 && (m->redis.ready ? chance(m, 96) : chance(m, 20)))
        model_enqueue(m, u);
    else if (dice < 72)
        journal_someone(m, u);
    else if (dice < 80)
        run_zombie(sim);
    else if (dice < 84)
        lose_redis(sim);
    else if (dice < 87 && sim->wipes)
        take_snapshot(sim);
    else if (dice < 90)
        raise_quota(m);
    else if (dice < 91 && sim->spoils)
        spoil(m, u);
    else if (dice < 95 && sim->skews)
        skew_clock(m);
    else if (dice < 97)
        m->db.state = m->db.state == CAMPAIGN_PAUSED ? CAMPAIGN_OPEN : CAMPAIGN_PAUSED;
    else
        m->now += random_below(m, LEASE);
}

/* step: the conductor's tick; also reconnects to Redis. With a planted bug, it tells users in line
 * before the outcome of pending batches is known. */
static void step(struct sim *sim, struct scheduler *s)
{
    unsigned batches = s->campaign.batches;
    bool early = sim->model.bug == BUG_LOSER_FINAL_EARLY && s->campaign.phase == PHASE_RUNNING;
    s->up = true;
    if (early)
        s->campaign.batches = 0;
    campaign_step(&s->campaign);
    if (early)
        s->campaign.batches += batches;
}

static void scheduler_step(struct sim *sim, struct scheduler *s, uint32_t dice, bool faults)
{
    struct model *m = &sim->model;
    if (!s->alive) {
        start(sim, s);
        return;
    }
    if (s->stalled_until > m->now)
        return;
    if (dice < 25)
        execute_one(sim, s);
    else if (dice < 50)
        answer_one(sim, s);
    else if (dice < 75)
        do_job(sim, s, faults);
    else if (dice < 87)
        keeper_round(sim, s);
    else if (dice < 94 || !faults || (sim->calm && chance(m, 80)))
        step(sim, s);
    else if (dice < 96)
        cut(sim, s);
    else if (dice < 98)
        s->stalled_until = m->now + random_below(m, 2 * LEASE);
    else
        crash(sim, s);
}

/* --- one history --- */

static void check_step(struct sim *sim)
{
    sim->steps++;
    model_check(&sim->model);
}

static void begin(struct sim *sim, uint64_t seed, enum sim_bug bug)
{
    struct model *m = &sim->model;
    memset(sim, 0, sizeof *sim);
    m->random = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    m->bug = bug;
    m->now = 100000;
    m->db.quota = 1 + random_below(m, 24);
    m->db.overflow = (int64_t)random_below(m, 12);
    m->db.state = CAMPAIGN_OPEN;
    for (int u = 0; u < USERS && random_below(m, 3) == 0; u++)
        m->db.poison |= (uint64_t)chance(m, 8) << u;
    if (m->db.poison != 0)
        for (int u = 0; u < USERS; u++)
            m->db.poison |= (uint64_t)chance(m, 5) << u;
    sim->wipes = chance(m, 35);
    sim->calm = chance(m, 50);
    sim->spoils = chance(m, 30);
    sim->skews = chance(m, 50);
    for (int i = 0; i < SCHEDULERS; i++)
        start(sim, &sim->schedulers[i]);
}

static bool all_decided(const struct sim *sim)
{
    return sim->model.db.state == CAMPAIGN_SETTLED;
}

/* calm_step: steps the remaining scheduler without faults. The lease keeper's rows may be late. */
static void calm_step(struct sim *sim, int i, int rows_from)
{
    uint32_t dice = random_below(&sim->model, 94);
    bool keeps = dice >= 75 && dice < 87;
    scheduler_step(sim, &sim->schedulers[0], keeps && i < rows_from ? 90 : dice, false);
    sim->model.now += i % 500 == 499 ? LEASE : random_below(&sim->model, 8) == 0;
    check_step(sim);
}

static bool any_waits(const struct model *m, uint64_t users)
{
    for (int u = 0; u < USERS; u++) {
        if (users >> u & 1 && model_waits(&m->redis.users[u]))
            return true;
    }
    return false;
}

/* one_without_redis: one gateway cannot reach Redis and journals all the time; the waiting users
 * must still be decided. */
static void one_without_redis(struct sim *sim)
{
    struct model *m = &sim->model;
    uint64_t waiting = 0;
    m->db.state = CAMPAIGN_OPEN;
    for (int u = 0; u < USERS; u++)
        waiting |= (uint64_t)model_waits(&m->redis.users[u]) << u;
    for (int i = 0; i < END_STEPS && m->broken == NULL && any_waits(m, waiting); i++) {
        if (m->db.pending == 0)
            journal_someone(m, (int)random_below(m, USERS));
        calm_step(sim, i, 0);
    }
    if (m->broken == NULL && any_waits(m, waiting))
        m->broken = "a gateway without redis keeps everybody waiting";
}

/* close_campaign: the lease keeper closes the campaign at its end. Gateways journal between its
 * read and its write, so its row does not include these requests. */
static void close_campaign(struct sim *sim)
{
    struct model *m = &sim->model;
    struct scheduler *s = &sim->schedulers[0];
    struct campaign_row row = row_of(sim);
    struct lease lease = lease_of(sim, s);
    for (uint32_t n = random_below(m, 3); n > 0; n--)
        journal_someone(m, (int)random_below(m, USERS));
    m->db.state = row.state = CAMPAIGN_CLOSED;
    if (s->alive && s->stalled_until <= m->now)
        campaign_update(&s->campaign, &row, &lease);
}

/* finish: stops the faults and closes the campaign; the remaining scheduler must decide everybody.
 * */
static void finish(struct sim *sim)
{
    struct model *m = &sim->model;
    /* one scheduler remains; nobody repairs what it misses */
    for (int i = 1; i < SCHEDULERS; i++) {
        if (sim->schedulers[i].alive)
            crash(sim, &sim->schedulers[i]);
    }
    while (sim->n_zombies > 0)
        run_zombie(sim);
    if (sim->spoils && sim->schedulers[0].alive) { /* the last takeover finds the spoilt members */
        crash(sim, &sim->schedulers[0]);
        spoil(m, (int)random_below(m, USERS));
    }
    if (chance(m, 25))
        one_without_redis(sim);
    close_campaign(sim);
    int rows_from = chance(m, 50) ? (int)random_below(m, 200) : 0;
    for (int i = 0; i < END_STEPS && m->broken == NULL && !all_decided(sim); i++)
        calm_step(sim, i, rows_from);
    if (m->broken == NULL && !all_decided(sim))
        m->broken = "the campaign never comes to its end";
    if (m->broken == NULL)
        model_check_end(m);
}

static void end(struct sim *sim)
{
    for (int i = 0; i < SCHEDULERS; i++) {
        if (sim->schedulers[i].alive)
            crash(sim, &sim->schedulers[i]);
    }
    for (size_t i = 0; i < sim->n_zombies; i++)
        job_free(sim->zombies[i].job);
}

/* history: runs one history; returns NULL, or the promise that broke. */
static const char *history(struct sim *sim, uint64_t seed, enum sim_bug bug, uint64_t *steps)
{
    begin(sim, seed, bug);
    struct model *m = &sim->model;
    uint32_t n = 60 + random_below(m, 940);
    for (uint32_t i = 0; i < n && m->broken == NULL; i++) {
        m->now += random_below(m, 3);
        if (chance(m, 30))
            world_step(sim, random_below(m, 100));
        else
            scheduler_step(sim, &sim->schedulers[random_below(m, SCHEDULERS)], random_below(m, 100),
                           true);
        check_step(sim);
    }
    if (m->broken == NULL)
        finish(sim);
    *steps += sim->steps;
    const char *broken = m->broken;
    if (broken != NULL)
        trace(sim, "broken: %s", broken);
    end(sim);
    return broken;
}

/* --- the program --- */

struct options {
    uint64_t histories, first;
    enum sim_bug bug;
    unsigned jobs;
};

static const char *const bug_texts[] = {
#define X(id, text) [id] = text,
    SIM_BUGS(X)
#undef X
};

/* part: runs every jobs-th history, beginning with `from`. Returns the number of failures; stops
 * after five, or after one with a planted bug. */
static uint64_t part(const struct options *o, unsigned from, uint64_t *steps)
{
    static struct sim sim;
    uint64_t failed = 0;
    for (uint64_t i = from; i < o->histories && failed < 5 && !(failed > 0 && o->bug != BUG_NONE);
         i += o->jobs) {
        const char *broken = history(&sim, o->first + i, o->bug, steps);
        if (broken == NULL)
            continue;
        failed++;
        printf("%s: %s (bug %s; replay: --first %" PRIu64 " --histories 1)\n",
               o->bug == BUG_NONE ? "FAILED" : "noticed", broken, bug_texts[o->bug], o->first + i);
    }
    return failed;
}

struct result {
    uint64_t failed, steps;
};

static struct result run_parts(const struct options *o)
{
    struct result sum = {0};
    int fds[2];
    fflush(stdout);
    if (pipe(fds) != 0)
        return (struct result){.failed = 1};
    for (unsigned i = 0; i < o->jobs; i++) {
        if (fork() != 0)
            continue;
        struct result r = {0};
        r.failed = part(o, i, &r.steps);
        fflush(stdout);
        _exit(write(fds[1], &r, sizeof r) == sizeof r ? 0 : 1);
    }
    close(fds[1]);
    for (struct result r; read(fds[0], &r, sizeof r) == sizeof r;) {
        sum.failed += r.failed;
        sum.steps += r.steps;
    }
    close(fds[0]);
    for (int status; wait(&status) > 0;)
        sum.failed += status != 0;
    return sum;
}

static int find_bug(const char *text)
{
    for (int i = 0; i < BUGS; i++) {
        if (strcmp(bug_texts[i], text) == 0)
            return i;
    }
    fprintf(stderr, "sim: no such bug; there are:");
    for (int i = 1; i < BUGS; i++)
        fprintf(stderr, " %s", bug_texts[i]);
    fprintf(stderr, "\n");
    exit(64);
}

static void usage(void)
{
    fprintf(stderr, "sim: --histories N, --first SEED, --jobs N, --bug NAME\n");
    exit(64);
}

static struct options parse(int argc, char **argv)
{
    struct options o = {.first = 1, .jobs = 2};
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--trace") == 0) {
            tracing = true;
            i--;
            continue;
        }
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--histories") == 0)
            o.histories = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--first") == 0)
            o.first = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--jobs") == 0)
            o.jobs = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--bug") == 0)
            o.bug = (enum sim_bug)find_bug(value);
        else
            usage();
    }
    return o;
}

static int all_bugs(struct options o)
{
    int missed = 0;
    for (int bug = 1; bug < BUGS; bug++) {
        o.bug = (enum sim_bug)bug;
        if (run_parts(&o).failed == 0) {
            printf("MISSED: %s in %" PRIu64 " histories\n", bug_texts[bug], o.histories);
            missed++;
        }
    }
    printf("%d planted bugs, %d noticed\n", BUGS - 1, BUGS - 1 - missed);
    return missed > 0;
}

int main(int argc, char **argv)
{
    bool bugs = argc > 1 && strcmp(argv[1], "--all-bugs") == 0;
    struct options o = parse(argc - bugs, argv + bugs);
    if (o.histories == 0)
        o.histories = bugs ? BUG_HISTORIES : HISTORIES;
    struct timespec from, to;
    /* Histories cause many warnings: log nothing. */
    log_configure((enum log_level) - 1, LOG_LOGFMT, LOG_PRIORITIES_AUTO);
    if (bugs)
        return all_bugs(o);
    clock_gettime(CLOCK_MONOTONIC, &from);
    struct result r = run_parts(&o);
    clock_gettime(CLOCK_MONOTONIC, &to);
    double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    printf("%" PRIu64 " histories from seed %" PRIu64 ", %" PRIu64
           " steps in %.1f s (%.2f million a second), %" PRIu64 " failed\n",
           o.histories, o.first, r.steps, seconds, (double)r.steps / seconds / 1e6, r.failed);
    return (r.failed == 0) != (o.bug == BUG_NONE);
}

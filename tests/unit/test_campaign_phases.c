/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler/campaign, recovery and claim, step by step, in a world that answers as the test says:
 * the stages of a claim, and cases that the simulation does not reach. Rows are texts: "a1 b20" is
 * user a with ticket 1, then b with 20. */
#include "tests/support/test.h"

#include "scheduler/campaign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUOTA    100
#define OVERFLOW 2
#define BATCH    10
#define YIELDS   16 /* consecutive looks that may hold a whole claim back */
#define JOBS     8
#define TEXT     256

/* Pending calls to Redis and MariaDB. */
static struct {
    bool asked[QUEUE_EXPIRE + 1];
    enum publish_how how; /* of the last publish */
    int64_t limit;        /* of the last publish */
    size_t n;             /* of the last claim */
    uint64_t moves;       /* of the last claim */
    uint64_t mark;        /* of the last drain */
    char drained[TEXT], settled[TEXT];
    bool deaf; /* Redis rejects drains */
    struct job *jobs[JOBS];
    unsigned renounced;
    int64_t now_us;
} seen;

static struct campaign campaign;

/* --- rows as texts --- */

static void write_rows(char text[TEXT], const struct batch *batch)
{
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < batch->n; i++)
        n += (size_t)snprintf(text + n, TEXT - n, "%s%s%" PRIu64, i > 0 ? " " : "",
                              batch->rows[i].user, batch->rows[i].ticket);
}

static struct batch *read_rows(const char *text)
{
    struct batch *batch = batch_new(TEXT / 3);
    int length;
    for (struct grant row = {.campaign_id = 1};
         sscanf(text, " %1s%" SCNu64 "%n", row.user, &row.ticket, &length) == 2; text += length)
        batch_add(batch, &row)->user_len = 1;
    return batch;
}

/* --- the scheduler's surroundings --- */

static int asked(const struct campaign *c, enum queue_op op)
{
    assert_false(seen.asked[op]);
    seen.asked[op] = true;
    if (op == QUEUE_PUBLISH)
        seen.limit = campaign_admit_limit(c);
    return 0;
}

static int on_publish(struct world *w, struct campaign *c, enum publish_how how)
{
    (void)w;
    seen.how = how;
    return asked(c, QUEUE_PUBLISH);
}

static int on_claim(struct world *w, struct campaign *c, size_t n, uint64_t moves)
{
    (void)w;
    seen.n = n;
    seen.moves = moves;
    return asked(c, QUEUE_CLAIM);
}

static int on_settle(struct world *w, struct campaign *c, const struct batch *batch)
{
    (void)w;
    write_rows(seen.settled, batch);
    return asked(c, QUEUE_SETTLE);
}

static int on_drain(struct world *w, struct campaign *c, const struct batch *batch, uint64_t mark)
{
    (void)w;
    if (seen.deaf)
        return -ENOTCONN;
    write_rows(seen.drained, batch);
    seen.mark = mark;
    return asked(c, QUEUE_DRAIN);
}

static int on_expire(struct world *w, struct campaign *c)
{
    (void)w;
    return asked(c, QUEUE_EXPIRE);
}

static void on_submit(struct world *w, struct job *job)
{
    size_t i = 0;
    (void)w;
    while (seen.jobs[i] != NULL)
        assert_int_not_equal(++i, JOBS);
    seen.jobs[i] = job;
}

static void on_renounce(struct world *w, struct campaign *c, uint64_t epoch)
{
    (void)w;
    (void)c;
    (void)epoch;
    seen.renounced++;
}

static int64_t now_us(struct world *w)
{
    (void)w;
    return seen.now_us;
}

static struct world world = {.publish = on_publish,
                             .claim = on_claim,
                             .settle = on_settle,
                             .drain = on_drain,
                             .expire = on_expire,
                             .submit = on_submit,
                             .renounce = on_renounce,
                             .now_us = now_us,
                             .owner = "me",
                             .batch_size = BATCH,
                             .max_batches = 2,
                             .retry_us = 100,
                             .poll_us = 10};

static const struct campaign_row row = {.id = 1,
                                        .name = "noon",
                                        .quota = QUOTA,
                                        .overflow = OVERFLOW,
                                        .state = CAMPAIGN_OPEN,
                                        .epoch = 1};
static const struct lease ours = {.mine = true, .until_us = INT64_MAX};
static const struct lease lost = {.mine = false, .until_us = INT64_MAX};

/* --- answers of Redis and MariaDB --- */

static void answer(enum queue_op op, struct queue_answer a)
{
    assert_true(seen.asked[op]);
    seen.asked[op] = false;
    a.op = op;
    campaign_on_queue(&campaign, &a);
}

static void refuse(enum queue_op op, enum queue_outcome outcome)
{
    answer(op, (struct queue_answer){.outcome = outcome});
}

/* claimed: answers with these rows; `left` wait above the mark, and `up_to` are in the queue up to
 * it. */
static void claimed(const char *rows, uint64_t left, uint64_t up_to)
{
    struct batch *batch = read_rows(rows);
    answer(QUEUE_CLAIM, (struct queue_answer){
                            .rows = batch->rows, .n = batch->n, .left = left, .claimed = up_to});
    batch_free(batch);
}

/* find_job: the index of the first pending job of this kind, or JOBS. */
static size_t find_job(enum job_kind kind)
{
    size_t i = 0;
    while (i < JOBS && (seen.jobs[i] == NULL || seen.jobs[i]->kind != kind))
        i++;
    return i;
}

/* pending: the pending calls to Redis, then the jobs, for example "drain commit". */
static const char *pending(void)
{
    static const char *const ops[] = {[QUEUE_PUBLISH] = "publish",
                                      [QUEUE_CLAIM] = "claim",
                                      [QUEUE_SETTLE] = "settle",
                                      [QUEUE_DRAIN] = "drain",
                                      [QUEUE_EXPIRE] = "expire"};
    static const char *const kinds[] = {
        [JOB_LOAD] = "load",           [JOB_COMMIT] = "commit", [JOB_READ_BACK] = "read_back",
        [JOB_CONFIRM] = "confirm",     [JOB_PAGE] = "page",     [JOB_JOURNAL] = "journal",
        [JOB_UNJOURNAL] = "unjournal", [JOB_REFUSE] = "refuse", [JOB_FINISH] = "finish",
    };
    const char *text = "";
    for (size_t i = 0; i < LENGTH(seen.asked); i++)
        text = seen.asked[i] ? textf("%s %s", text, ops[i]) : text;
    for (size_t kind = 0; kind < LENGTH(kinds); kind++)
        text = find_job((enum job_kind)kind) < JOBS ? textf("%s %s", text, kinds[kind]) : text;
    return *text != '\0' ? text + 1 : "";
}

#define check_pending(calls) assert_string_equal(pending(), calls)

static void check_job(enum job_kind kind, const char *rows)
{
    char text[TEXT];
    assert_true(find_job(kind) < JOBS);
    write_rows(text, seen.jobs[find_job(kind)]->batch);
    assert_string_equal(text, rows);
}

/* finish: answers a job with these rows; `last`: no rows follow. */
static void finish(enum job_kind kind, enum job_outcome outcome, const char *found, bool last)
{
    size_t i = find_job(kind);
    assert_true(i < JOBS);
    struct job *job = seen.jobs[i];
    seen.jobs[i] = NULL;
    job->outcome = outcome;
    job->quota = QUOTA;
    ledger_open(&job->ledger, QUOTA);
    job->last = last;
    if (found != NULL)
        job->found = read_rows(found);
    campaign_on_job(&campaign, job);
}

static void end(enum job_kind kind, enum job_outcome outcome)
{
    finish(kind, outcome, kind == JOB_JOURNAL ? "" : NULL, true);
}

static void done(enum job_kind kind)
{
    end(kind, JOB_DONE);
}

/* journal: answers a look with these rows. */
static void journal(const char *rows)
{
    finish(JOB_JOURNAL, JOB_DONE, rows, true);
}

/* settle: commits these rows and settles them in Redis. */
static void settle(const char *rows)
{
    check_job(JOB_COMMIT, rows);
    done(JOB_COMMIT);
    assert_string_equal(seen.settled, rows);
    answer(QUEUE_SETTLE, (struct queue_answer){0});
}

/* check_drain: these rows are being drained with this mark, and nobody is claimed. */
static void check_drain(const char *rows, uint64_t mark)
{
    assert_true(seen.asked[QUEUE_DRAIN]);
    assert_false(seen.asked[QUEUE_CLAIM]);
    assert_string_equal(seen.drained, rows);
    assert_int_equal(seen.mark, mark);
}

/* drain: the rows are in the queue, and leave the journal. */
static void drain(const char *rows, uint64_t mark)
{
    check_drain(rows, mark);
    answer(QUEUE_DRAIN, (struct queue_answer){0});
    assert_false(seen.asked[QUEUE_CLAIM]);
    check_job(JOB_UNJOURNAL, rows);
    done(JOB_UNJOURNAL);
}

/* decide: these users are claimed, the journal is empty, and all of them get their coupons. */
static void decide(const char *rows, uint64_t left, uint64_t up_to)
{
    claimed(rows, left, up_to);
    journal("");
    settle(rows);
}

static void wait_us(int64_t us)
{
    seen.now_us += us;
    campaign_step(&campaign);
}

static void update(enum campaign_state state, bool in_journal)
{
    struct campaign_row now = row;
    now.epoch = campaign.epoch;
    now.state = state;
    now.journal = in_journal;
    campaign_update(&campaign, &now, &ours);
}

/* take_with: takes the lease with this epoch, and continues to the phase RUNNING with an empty
 * queue. */
static void take_with(uint64_t epoch)
{
    struct campaign_row mine = row;
    mine.epoch = epoch;
    campaign_update(&campaign, &mine, &ours);
    done(JOB_LOAD);
    assert_int_equal(seen.how, PUBLISH_TAKE);
    answer(QUEUE_PUBLISH, (struct queue_answer){0});
    claimed("", 0, 0);
    assert_int_equal(seen.how, PUBLISH_OPEN);
    answer(QUEUE_PUBLISH, (struct queue_answer){0});
    assert_int_equal(campaign.phase, PHASE_RUNNING);
    assert_false(seen.asked[QUEUE_CLAIM]); /* the journal comes first */
}

/* take: runs until the first claim is sent. */
static void take(void)
{
    memset(&seen, 0, sizeof seen);
    seen.now_us = 1000;
    campaign_init(&campaign, &world, &(struct campaign_row){.name = "noon"});
    take_with(1);
    journal("");
    assert_true(seen.asked[QUEUE_CLAIM]);
    assert_int_equal(seen.n, BATCH);
}

static void give_up(void)
{
    for (size_t i = 0; i < JOBS; i++) {
        job_free(seen.jobs[i]);
        seen.jobs[i] = NULL;
    }
    campaign.asks = campaign.jobs = 0;
    campaign_destroy(&campaign);
}

/* --- set aside --- */

#define STEP(name) TEST_WITH(name, take, give_up)

/* A member that cannot be decoded gets no coupon: Redis is told at once that one more may enter. */
STEP(test_set_aside_makes_room)
{
    const struct grant odd = {.campaign_id = 1};
    assert_int_equal(seen.limit, QUOTA + OVERFLOW);
    answer(QUEUE_CLAIM, (struct queue_answer){.aside = &odd, .n_aside = 1});
    check_pending("publish claim refuse");
    assert_int_equal(seen.how, PUBLISH_CHANGE);
    assert_int_equal(seen.limit, QUOTA + OVERFLOW + 1);
    answer(QUEUE_PUBLISH, (struct queue_answer){.head = {.refused = 1}});
    check_pending("claim refuse");
    done(JOB_REFUSE);
}

/* A foreign member was never accepted, so Redis counts no refusal and makes no room. */
STEP(test_a_stranger_makes_no_room)
{
    const struct grant odd = {.campaign_id = 1};
    answer(QUEUE_CLAIM, (struct queue_answer){.aside = &odd, .n_aside = 1});
    answer(QUEUE_PUBLISH, (struct queue_answer){.head = {.refused = 0}});
    check_pending("publish claim refuse");
    assert_int_equal(seen.limit, QUOTA + OVERFLOW);
    done(JOB_REFUSE);
}

/* Redis refused a claim; then another scheduler takes the campaign: this one forgets the refusal.
 * */
STEP(test_given_up_is_not_broken)
{
    refuse(QUEUE_CLAIM, QUEUE_BROKEN);
    assert_int_equal(campaign.broken, 1);
    campaign_update(&campaign, &row, &lost);
    campaign_step(&campaign);
    assert_int_equal(campaign.phase, PHASE_AWAY);
    assert_int_equal(campaign.broken, 0);
    assert_int_equal(seen.renounced, 1);
}

/* --- the stages of a claim --- */

/* Nobody is decided before the journal was read, and it is read after the claim. */
STEP(test_the_claimed_join_after_the_look)
{
    claimed("a1 b2", 0, 2);
    check_pending("journal");
    wait_us(world.poll_us);
    check_pending("journal");
    journal("");
    check_pending("commit");
    settle("a1 b2");
    check_pending("claim");
}

/* A look that began before the claim proves nothing: each claim needs its own. */
STEP(test_each_claim_is_followed_by_a_look)
{
    for (int i = 0; i < 3; i++) {
        claimed("a1", 1, 1);
        check_pending("journal");
        journal("");
        settle("a1");
        check_pending("claim");
    }
}

/* Journalled requests came before queued ones with the same or a later ticket: those are claimed
 * again. */
STEP(test_the_journal_holds_later_ones_back)
{
    claimed("a10 b20 c30", 5, 3);
    journal("x15 y40");
    check_job(JOB_COMMIT, "a10");
    assert_int_equal(campaign.left, 7);
    drain("x15 y40", 10);
    settle("a10");
    check_pending("claim");
    decide("x15 b20 c30", 2, 3);
}

STEP(test_the_same_moment_is_held_back)
{
    claimed("a10 b20", 0, 2);
    journal("x20");
    check_job(JOB_COMMIT, "a10");
    drain("x20", 10);
}

STEP(test_later_rows_hold_nobody_back)
{
    claimed("a10 b20", 0, 2);
    journal("x21");
    check_job(JOB_COMMIT, "a10 b20");
    drain("x21", 20);
}

/* The mark that is sent is the end of the ledger's line: from this claim, an earlier one, or from
 * none under this epoch. */
STEP(test_the_mark_goes_back_to_the_line)
{
    claimed("b20", 0, 1);
    journal("x15");
    check_pending("drain");
    drain("x15", 0);
    decide("x15", 1, 1);
    claimed("b20", 0, 1);
    journal("y18");
    drain("y18", 15);
}

/* If nobody was claimed, the mark is where the line ended. */
STEP(test_a_drain_without_a_claim)
{
    decide("a10", 0, 1);
    claimed("", 0, 0);
    update(CAMPAIGN_OPEN, true);
    check_pending("journal");
    journal("x5");
    drain("x5", 10);
    check_pending("claim"); /* claims the drained */
}

/* After a page that was not the last, the next one is read before anybody is claimed. */
STEP(test_a_full_page_is_followed_by_a_look)
{
    claimed("a90", 0, 1);
    for (int i = 0; i < 3; i++) {
        finish(JOB_JOURNAL, JOB_DONE, i == 0 ? "x10" : i == 1 ? "y20" : "z30", false);
        drain(i == 0 ? "x10" : i == 1 ? "y20" : "z30", 0);
        check_pending("journal");
    }
    journal("");
    check_pending("claim");
}

/* While MariaDB does not answer, nobody is decided or claimed. */
STEP(test_a_look_that_fails_is_repeated)
{
    static const enum job_outcome outcomes[] = {JOB_UNKNOWN, JOB_BUSY, JOB_REFUSED};
    claimed("a1", 50, 1);
    for (size_t i = 0; i < LENGTH(outcomes); i++) {
        finish(JOB_JOURNAL, outcomes[i], i == 0 ? NULL : "", true);
        wait_us(world.poll_us);
        check_pending("journal");
    }
    journal("");
    check_job(JOB_COMMIT, "a1");
}

/* check_repeated: after a moment the journal is read again and drained with the same mark, even if
 * it is empty by now, because Redis' mark is above ours. Nothing is claimed before. */
static void check_repeated(const char *rows, const char *meanwhile)
{
    check_pending(meanwhile);
    seen.deaf = false;
    wait_us(world.retry_us);
    assert_false(seen.asked[QUEUE_CLAIM]);
    journal(rows);
    check_drain(rows, 10);
}

STEP(test_a_refused_drain_is_repeated)
{
    claimed("a10 b20", 0, 2);
    journal("x15");
    settle("a10");
    check_drain("x15", 10);
    refuse(QUEUE_DRAIN, QUEUE_ERROR);
    check_repeated("w12 x15", "");
    refuse(QUEUE_DRAIN, QUEUE_ERROR);
    check_repeated("", "");
    answer(QUEUE_DRAIN, (struct queue_answer){0});
    check_pending("claim");
}

STEP(test_a_drain_that_cannot_be_sent_is_repeated)
{
    claimed("a10 b20", 0, 2);
    seen.deaf = true;
    journal("x15");
    check_job(JOB_COMMIT, "a10");
    check_repeated("x15", "commit");
}

/* The rows are in the queue and still in the journal: the next look finds them, and Redis knows
 * them. */
STEP(test_rows_that_stay_in_the_journal_are_read_again)
{
    claimed("", 0, 0);
    update(CAMPAIGN_OPEN, true);
    journal("x15");
    check_drain("x15", 0);
    answer(QUEUE_DRAIN, (struct queue_answer){0});
    end(JOB_UNJOURNAL, JOB_UNKNOWN);
    check_pending("");
    wait_us(world.retry_us);
    check_pending("journal");
    journal("x15");
    drain("x15", 0);
    check_pending("claim");
}

/* An unanswered drain may have been executed: the takeover finds out. */
STEP(test_a_drain_without_an_answer)
{
    claimed("b20", 0, 1);
    journal("x15");
    refuse(QUEUE_DRAIN, QUEUE_UNKNOWN);
    assert_int_equal(campaign.phase, PHASE_AWAY);
    assert_int_equal(seen.renounced, 1);
}

/* Redis refused a claim, and perhaps requests too, which were journalled: the journal is read
 * before the next claim. */
STEP(test_a_refused_claim_makes_a_look_due)
{
    refuse(QUEUE_CLAIM, QUEUE_ERROR);
    check_pending("");
    wait_us(world.retry_us);
    check_pending("journal");
}

/* yield_once: claims users and sends all of them back. */
static void yield_once(void)
{
    claimed("b20", 0, 1);
    journal("x15");
    check_pending("drain");
    drain("x15", 0);
}

/* A gateway with a slow clock always journals an earlier request: after 16 looks that found one,
 * the next claim passes. */
STEP(test_nobody_yields_for_ever)
{
    for (int i = 0; i < YIELDS; i++)
        yield_once();
    claimed("b20 c30", 0, 2);
    journal("x15");
    check_job(JOB_COMMIT, "b20 c30");
    drain("x15", 30);
}

/* A claim that passes, or that is empty, resets the count. */
STEP(test_yields_are_counted_in_a_row)
{
    for (int i = 0; i < YIELDS; i++)
        yield_once();
    claimed("a10 b20", 0, 2);
    journal("x15");
    settle("a10");
    drain("x15", 10);
    claimed("b20", 0, 1);
    journal("x15");
    check_pending("drain");
    drain("x15", 10);
}

/* Further pages of a journal do not count: only claimed requests can yield. */
STEP(test_pages_are_no_yields)
{
    claimed("b90", 0, 1);
    for (int i = 0; i < 2 * YIELDS; i++) {
        finish(JOB_JOURNAL, JOB_DONE, "x15", false);
        drain("x15", 0);
    }
    journal("");
    claimed("b90", 0, 1);
    journal("y80");
    check_pending("drain");
}

/* An idle queue is polled, and its empty answers are not kept. */
STEP(test_nobody_was_claimed)
{
    for (int i = 0; i < 3; i++) {
        claimed("", 0, 0);
        assert_null(campaign.claimed);
        check_pending("");
        wait_us(world.poll_us);
        check_pending("claim");
    }
}

/* Redis must have counted exactly the moves that we asked for. */
STEP(test_moves)
{
    assert_int_equal(seen.moves, 0);
    claimed("", 0, 0);
    wait_us(world.poll_us);
    assert_int_equal(seen.moves, 0);
    claimed("a10 b20", 0, 2);
    journal("x15");
    drain("x15", 10);
    check_pending("commit");
    settle("a10");
    check_pending("claim");
    assert_int_equal(seen.moves, 3); /* claim, drain, settle */
}

/* A claim that is due during a settle follows it. */
STEP(test_moves_of_a_settle_under_way)
{
    claimed("a10", 5, 1);
    journal("");
    /* Less than a batch waits for the pending one. */
    check_pending("commit");
    done(JOB_COMMIT);
    check_pending("claim settle");
    assert_int_equal(seen.moves, 2);
}

/* A paused campaign claims nobody, but still notices that Redis lost its data. */
STEP(test_paused)
{
    claimed("", 0, 0);
    update(CAMPAIGN_PAUSED, false);
    answer(QUEUE_PUBLISH, (struct queue_answer){0});
    wait_us(world.poll_us);
    check_pending("claim");
    assert_int_equal(seen.n, 0);
    refuse(QUEUE_CLAIM, QUEUE_MISSING);
    assert_int_equal(campaign.phase, PHASE_AWAY);
}

/* --- claimed and forgotten --- */

/* A request in the queue at or below the mark, which nobody decides: only a takeover resets the
 * mark. */
STEP(test_claimed_and_forgotten)
{
    claimed("", 0, 1);
    assert_int_equal(campaign.phase, PHASE_AWAY);
    assert_int_equal(seen.renounced, 1);
}

/* Not while somebody is being decided or settled. */
STEP(test_claimed_and_not_forgotten)
{
    claimed("a1", 50, 1);
    journal("");
    done(JOB_COMMIT);
    claimed("", 0, 1);
    assert_int_equal(campaign.phase, PHASE_RUNNING);
    answer(QUEUE_SETTLE, (struct queue_answer){0});
    wait_us(world.poll_us);
    claimed("", 0, 0);
    assert_int_equal(campaign.phase, PHASE_RUNNING);
}

/* The next epoch starts with the mark 0, because Redis reset it. */
STEP(test_a_takeover_forgets_the_mark)
{
    decide("a10 b20", 0, 2);
    wait_us(world.poll_us);
    claimed("", 0, 1);
    assert_int_equal(campaign.phase, PHASE_AWAY);
    take_with(2);
    journal("x5");
    drain("x5", 0);
}

/* Requests held back when the lease is lost are dropped. */
STEP(test_given_up_between_claim_and_look)
{
    claimed("a10 b20", 0, 2);
    campaign_update(&campaign, &row, &lost);
    journal("x15");
    check_pending("");
    assert_int_equal(campaign.phase, PHASE_AWAY);
}

/* --- the takeover --- */

/* Requests up to MariaDB's highest ticket may be granted already: the takeover looks them up page
 * by page and settles them. The others simply wait. */
STEP(test_a_takeover_compares)
{
    claimed("", 0, 1);
    struct campaign_row mine = row;
    mine.epoch = 2;
    campaign_update(&campaign, &mine, &ours);
    seen.jobs[find_job(JOB_LOAD)]->watermark = 20;
    seen.jobs[find_job(JOB_LOAD)]->granted = 2;
    done(JOB_LOAD);
    answer(QUEUE_PUBLISH, (struct queue_answer){.head = {.moves = 7}});
    assert_int_equal(seen.moves, 7);
    claimed("a10 b11", 9, 2);
    check_job(JOB_READ_BACK, "a10 b11");
    finish(JOB_READ_BACK, JOB_UNKNOWN, NULL, true);
    finish(JOB_READ_BACK, JOB_DONE, "a10", true);
    assert_string_equal(seen.settled, "a10");
    answer(QUEUE_SETTLE, (struct queue_answer){0});
    assert_int_equal(seen.moves, 9);
    claimed("c20 d21", 5, 3);
    check_job(JOB_READ_BACK, "c20");
    finish(JOB_READ_BACK, JOB_DONE, "c20", true);
    assert_string_equal(seen.settled, "c20");
    answer(QUEUE_SETTLE, (struct queue_answer){0});
    assert_int_equal(seen.how, PUBLISH_OPEN);
    assert_int_equal(campaign.moves, 11);
    answer(QUEUE_PUBLISH, (struct queue_answer){0});
    assert_int_equal(campaign.phase, PHASE_RUNNING);
}

/* --- the end --- */

/* close_empty: runs a closed, empty campaign until its keys are to expire. */
static void close_empty(void)
{
    update(CAMPAIGN_CLOSED, false);
    claimed("", 0, 0);
    answer(QUEUE_PUBLISH, (struct queue_answer){0});
    wait_us(world.poll_us);
    claimed("", 0, 0);
    journal("");
    check_pending("expire");
}

/* Redis learns that the campaign is closed; then the queue is empty; then the journal. In this
 * order no request in between is missed. */
STEP(test_drained)
{
    update(CAMPAIGN_CLOSED, false);
    claimed("", 0, 0); /* claimed before Redis knew */
    check_pending("publish");
    answer(QUEUE_PUBLISH, (struct queue_answer){0});
    wait_us(world.poll_us);
    claimed("", 0, 0);
    assert_false(campaign.drained);
    check_pending("journal");
    journal("x15");
    assert_false(campaign.drained);
    drain("x15", 0);
    claimed("x15", 0, 1);
    journal("");
    assert_false(campaign.drained); /* somebody was claimed */
    settle("x15");
    wait_us(world.poll_us);
    claimed("", 0, 0);
    finish(JOB_JOURNAL, JOB_UNKNOWN, NULL, true);
    assert_false(campaign.drained);
    journal("");
    assert_true(campaign.drained);
    check_pending("expire");
}

/* An empty journal is not enough while somebody waits or is being decided. */
STEP(test_not_drained_by_the_journal_alone)
{
    update(CAMPAIGN_CLOSED, false);
    claimed("a1", 50, 1);
    answer(QUEUE_PUBLISH, (struct queue_answer){0});
    journal("");
    done(JOB_COMMIT);
    claimed("", 0, 1); /* the settle is pending */
    check_pending("settle");
    assert_false(campaign.drained);
    update(CAMPAIGN_CLOSED, true);
    journal("");
    assert_false(campaign.drained);
}

/* The queue was empty; then a page of the journal entered it: an empty next page is not the end. */
STEP(test_not_drained_by_the_page_behind)
{
    update(CAMPAIGN_CLOSED, false);
    claimed("", 0, 0);
    answer(QUEUE_PUBLISH, (struct queue_answer){0});
    wait_us(world.poll_us);
    claimed("", 0, 0);
    finish(JOB_JOURNAL, JOB_DONE, "x15", false);
    drain("x15", 0);
    journal("");
    assert_false(campaign.drained);
    check_pending("claim");
    claimed("x15", 0, 1);
}

/* After reopening, queue and journal may fill again. */
STEP(test_opened_again)
{
    close_empty();
    refuse(QUEUE_EXPIRE, QUEUE_ERROR);
    update(CAMPAIGN_OPEN, false);
    assert_false(campaign.drained);
    wait_us(world.retry_us);
    journal("");
    assert_false(campaign.drained);
    answer(QUEUE_PUBLISH, (struct queue_answer){0});
    check_pending("claim");
}

/* While the campaign finishes, the journal is not drained: the campaign would be settled because
 * the journal is empty, with its rows in the queue. */
STEP(test_no_drain_while_finishing)
{
    close_empty();
    update(CAMPAIGN_CLOSED, true);
    check_pending("expire");
    answer(QUEUE_EXPIRE, (struct queue_answer){0});
    check_pending("finish");
    update(CAMPAIGN_CLOSED, true);
    check_pending("finish");
    end(JOB_FINISH, JOB_UNKNOWN);
    update(CAMPAIGN_CLOSED, true);
    check_pending("finish");
    end(JOB_FINISH, JOB_CLASH);
    journal("x15");
    assert_false(campaign.drained);
    drain("x15", 0);
    check_pending("claim");
}

/* If Redis refuses to expire the keys, finishing ends too. */
STEP(test_refused_expire)
{
    close_empty();
    refuse(QUEUE_EXPIRE, QUEUE_ERROR);
    seen.now_us += world.retry_us;
    update(CAMPAIGN_CLOSED, true);
    check_pending("journal");
}

/* scheduler/campaign and recovery, step by step, in a world that answers what a test says: what the simulation does not meet. */
#include "tests/support/test.h"

#include "scheduler/campaign.h"

#include <stdio.h>
#include <string.h>

#define QUOTA    3
#define OVERFLOW 2

/* What is under way to Redis and MariaDB. */
static struct {
    bool asked[QUEUE_EXPIRE + 1];
    int64_t limit; /* of the last publish */
    struct job *job;
    unsigned renounced;
    int64_t now_us;
} seen;

static struct campaign campaign;

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
    (void)how;
    return asked(c, QUEUE_PUBLISH);
}

static int on_claim(struct world *w, struct campaign *c, size_t n, uint64_t moves)
{
    (void)w;
    (void)n;
    (void)moves;
    return asked(c, QUEUE_CLAIM);
}

static int on_claimed(struct world *w, struct campaign *c, size_t n)
{
    (void)w;
    (void)n;
    return asked(c, QUEUE_CLAIMED);
}

static int on_expire(struct world *w, struct campaign *c)
{
    (void)w;
    return asked(c, QUEUE_EXPIRE);
}

static void on_submit(struct world *w, struct job *job)
{
    (void)w;
    assert_null(seen.job);
    seen.job = job;
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
                             .claimed = on_claimed,
                             .expire = on_expire,
                             .submit = on_submit,
                             .renounce = on_renounce,
                             .now_us = now_us,
                             .owner = "me",
                             .batch_size = 10,
                             .max_batches = 1,
                             .retry_us = 100,
                             .poll_us = 10};

static const struct campaign_row row = {.id = 1,
                                        .name = "noon",
                                        .quota = QUOTA,
                                        .overflow = OVERFLOW,
                                        .state = CAMPAIGN_OPEN,
                                        .epoch = 1,
                                        .mine = true,
                                        .lease_until_us = INT64_MAX};

/* answer: what Redis says to this call. */
static void answer(enum queue_op op, struct queue_answer a)
{
    assert_true(seen.asked[op]);
    seen.asked[op] = false;
    a.op = op;
    campaign_on_queue(&campaign, &a);
}

/* end: MariaDB's answer to its job; what it found is nothing. */
static void end(enum job_kind kind, enum job_outcome outcome)
{
    struct job *job = seen.job;
    assert_non_null(job);
    assert_int_equal(job->kind, kind);
    seen.job = NULL;
    job->outcome = outcome;
    job->quota = QUOTA;
    job->next_serial = 1;
    if (kind == JOB_JOURNAL)
        job->found = batch_new(0), job->last = true;
    campaign_on_job(&campaign, job);
}

static void done(enum job_kind kind)
{
    end(kind, JOB_DONE);
}

/* take: until the first claim is asked. */
static int take(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof seen);
    seen.now_us = 1000;
    campaign_init(&campaign, &world, &(struct campaign_row){.name = "noon"});
    campaign_update(&campaign, &row);
    done(JOB_LOAD);
    answer(QUEUE_PUBLISH, (struct queue_answer){.head = {.granted = 0}});
    answer(QUEUE_CLAIMED, (struct queue_answer){0});
    answer(QUEUE_PUBLISH, (struct queue_answer){0});
    done(JOB_JOURNAL);
    assert_int_equal(campaign.phase, PHASE_RUNNING);
    assert_true(seen.asked[QUEUE_CLAIM]);
    return 0;
}

static int give_up(void **state)
{
    (void)state;
    seen.job = job_free(seen.job);
    campaign.asks = campaign.jobs = 0;
    campaign_destroy(&campaign);
    return 0;
}

/* A member that nobody can decode takes no coupon: Redis is told at once that one more may come in. */
static void test_set_aside_makes_room(void **state)
{
    (void)state;
    const struct grant odd = {.campaign_id = 1};
    assert_int_equal(seen.limit, QUOTA + OVERFLOW);
    answer(QUEUE_CLAIM, (struct queue_answer){.aside = &odd, .n_aside = 1});
    assert_true(seen.asked[QUEUE_PUBLISH]);
    assert_int_equal(seen.limit, QUOTA + OVERFLOW + 1);
    answer(QUEUE_PUBLISH, (struct queue_answer){.head = {.refused = 1}});
    assert_false(seen.asked[QUEUE_PUBLISH]);
    done(JOB_REFUSE);
}

/* But not a stranger, whom nobody had accepted: Redis counts no refusal then. */
static void test_a_stranger_makes_no_room(void **state)
{
    (void)state;
    const struct grant odd = {.campaign_id = 1};
    answer(QUEUE_CLAIM, (struct queue_answer){.aside = &odd, .n_aside = 1});
    answer(QUEUE_PUBLISH, (struct queue_answer){.head = {.refused = 0}});
    assert_true(seen.asked[QUEUE_PUBLISH]);
    assert_int_equal(seen.limit, QUOTA + OVERFLOW);
    done(JOB_REFUSE);
}

/* Redis refused a claim; then somebody else has the campaign: what was wrong with it here is over. */
static void test_given_up_is_not_broken(void **state)
{
    (void)state;
    answer(QUEUE_CLAIM, (struct queue_answer){.outcome = QUEUE_BROKEN});
    assert_int_equal(campaign.broken, 1);
    struct campaign_row lost = row;
    lost.mine = false;
    campaign_update(&campaign, &lost);
    campaign_step(&campaign);
    assert_int_equal(campaign.phase, PHASE_AWAY);
    assert_int_equal(campaign.broken, 0);
    assert_int_equal(seen.renounced, 1);
}

/* close_empty: until the keys of the closed campaign are to expire, for nobody waits in it. */
static struct campaign_row close_empty(void)
{
    struct campaign_row closed = row;
    closed.state = CAMPAIGN_CLOSED;
    campaign_update(&campaign, &closed);
    answer(QUEUE_CLAIM, (struct queue_answer){0});
    answer(QUEUE_PUBLISH, (struct queue_answer){0});
    seen.now_us += world.poll_us;
    campaign_step(&campaign);
    answer(QUEUE_CLAIM, (struct queue_answer){0});
    assert_true(seen.asked[QUEUE_EXPIRE]);
    return closed;
}

/* The journal is not emptied while the campaign is being settled, or it would be settled because the journal is empty, with
 * its rows in the queue. */
static void test_no_drain_while_finishing(void **state)
{
    (void)state;
    struct campaign_row late = close_empty();
    late.journal = true;
    campaign_update(&campaign, &late);
    assert_null(seen.job);
    answer(QUEUE_EXPIRE, (struct queue_answer){0});
    assert_int_equal(seen.job->kind, JOB_FINISH);
    campaign_update(&campaign, &late);
    end(JOB_FINISH, JOB_UNKNOWN);
    campaign_update(&campaign, &late);
    end(JOB_FINISH, JOB_CLASH);
    assert_int_equal(seen.job->kind, JOB_JOURNAL);
}

/* Redis refused to let the keys expire: that ends the finishing too. */
static void test_refused_expire(void **state)
{
    (void)state;
    struct campaign_row late = close_empty();
    late.journal = true;
    answer(QUEUE_EXPIRE, (struct queue_answer){.outcome = QUEUE_ERROR});
    seen.now_us += world.retry_us;
    campaign_update(&campaign, &late);
    assert_non_null(seen.job);
    assert_int_equal(seen.job->kind, JOB_JOURNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_set_aside_makes_room, take, give_up),
        cmocka_unit_test_setup_teardown(test_a_stranger_makes_no_room, take, give_up),
        cmocka_unit_test_setup_teardown(test_given_up_is_not_broken, take, give_up),
        cmocka_unit_test_setup_teardown(test_no_drain_while_finishing, take, give_up),
        cmocka_unit_test_setup_teardown(test_refused_expire, take, give_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's pure parts: who may enter it, its bound, and the arrangement of a batch. */
#include "gateway/journal/archive_batch.h"
#include "gateway/journal/journal_rules.h"
#include "tests/support/dice.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    struct campaign_row row;
    enum request_kind want;
} gates[] = {
    {{.state = CAMPAIGN_OPEN, .quota = 1, .opens_us = 5, .now_us = 5}, REQUEST_NONE},
    {{.state = CAMPAIGN_SCHEDULED, .quota = 1, .opens_us = 5, .now_us = 5}, REQUEST_NONE},
    {{.state = CAMPAIGN_OPEN, .quota = 1, .opens_us = 5, .now_us = 4}, REQUEST_NONE},
    {{.state = CAMPAIGN_SCHEDULED, .quota = 1, .opens_us = 5, .now_us = 4}, REQUEST_NOT_OPEN},
    {{.state = CAMPAIGN_OPEN, .quota = 1, .closes_us = 9, .now_us = 8}, REQUEST_NONE},
    {{.state = CAMPAIGN_OPEN, .quota = 1, .closes_us = 9, .now_us = 9}, REQUEST_CLOSED},
    {{.state = CAMPAIGN_PAUSED, .quota = 1, .now_us = 9}, REQUEST_PAUSED},
    {{.state = CAMPAIGN_PAUSED, .quota = 1, .closes_us = 9, .now_us = 9}, REQUEST_CLOSED},
    {{.state = CAMPAIGN_CLOSED, .quota = 1, .now_us = 9}, REQUEST_CLOSED},
    {{.state = CAMPAIGN_SETTLED, .quota = 1, .now_us = 9}, REQUEST_CLOSED},
    {{.state = CAMPAIGN_OPEN, .quota = 2, .granted = 1, .now_us = 9}, REQUEST_NONE},
    {{.state = CAMPAIGN_OPEN, .quota = 2, .granted = 2, .now_us = 9}, REQUEST_FULL},
    {{.state = CAMPAIGN_CLOSED, .quota = 2, .granted = 2, .now_us = 9}, REQUEST_CLOSED},
};

TEST(test_gate)
{
    for (size_t i = 0; i < LENGTH(gates); i++) {
        if (journal_gate(&gates[i].row) != gates[i].want)
            fail_msg("gate %zu says %d", i, (int)journal_gate(&gates[i].row));
    }
}

TEST(test_limit)
{
    assert_int_equal(journal_limit(&(struct campaign_row){.quota = 10, .overflow = 3}), 26);
    assert_int_equal(journal_limit(&(struct campaign_row){.quota = 10, .overflow = 0}), 20);
    assert_int_equal(journal_limit(&(struct campaign_row){.quota = 10, .overflow = -1}), -1);
}

TEST(test_no_limit_is_never_counted)
{
    struct journal_bound b = {.id = 1, .counted = -1};
    assert_true(journal_bound_roomy(&b, -1, 1000000));
    assert_false(journal_bound_stale(&b, -1, 1000000, 0));
    assert_int_equal(journal_bound_take(&b, -1, 1000000), 1000000);
}

TEST(test_counted_before_anybody_is_let_in_or_turned_away)
{
    struct journal_bound b = {.id = 1, .counted = -1};
    assert_false(journal_bound_roomy(&b, 1600, 1));
    assert_true(journal_bound_stale(&b, 1600, 1, 0));
    journal_bound_count(&b, 1000, 0);
    assert_true(journal_bound_roomy(&b, 1600, 600));
    assert_false(journal_bound_roomy(&b, 1600, 601));
    assert_int_equal(journal_bound_take(&b, 1600, 100), 100);
    assert_true(journal_bound_roomy(&b, 1600, 500));
    assert_int_equal(journal_bound_take(&b, 1600, 1), 1);
    /* a 16th was added: others may have added, too */
    assert_false(journal_bound_roomy(&b, 1600, 1));
    assert_true(journal_bound_stale(&b, 1600, 1, 0));
}

TEST(test_full_is_believed_for_a_second)
{
    struct journal_bound b = {.id = 1, .counted = -1};
    journal_bound_count(&b, 97, 5);
    assert_int_equal(journal_bound_take(&b, 100, 10), 3);
    assert_true(journal_bound_stale(&b, 100, 1, 5)); /* counts only our own rows */
    journal_bound_count(&b, 100, 5);
    assert_false(journal_bound_roomy(&b, 100, 1));
    assert_false(journal_bound_stale(&b, 100, 1, 1000004));
    assert_int_equal(journal_bound_take(&b, 100, 10), 0);
    assert_true(journal_bound_stale(&b, 100, 1, 1000005));
    assert_true(journal_bound_roomy(&b, 101, 1)); /* the quota was raised */
}

TEST(test_table_of_bounds_forgets)
{
    static struct journal_bound table[JOURNAL_BOUNDS];
    journal_bound_count(journal_bound_of(table, 1), 50, 0);
    assert_int_equal(journal_bound_of(table, 1)->counted, 50);
    assert_int_equal(journal_bound_of(table, 1 + JOURNAL_BOUNDS)->counted, -1);
    assert_int_equal(journal_bound_of(table, 1)->counted, -1);
}

static struct archive_batch batch;

static void begin(struct archive_job *jobs, size_t n)
{
    batch.n = 0;
    for (size_t i = 0; i < n; i++)
        assert_true(archive_batch_add(&batch, &jobs[i]));
    archive_batch_arrange(&batch);
}

TEST(test_arranged_by_campaign_and_user)
{
    struct archive_job jobs[] = {
        {.name = "b", .user = "y", .arrival_us = 3}, {.name = "a", .user = "y", .arrival_us = 5},
        {.name = "b", .user = "x", .arrival_us = 9}, {.name = "a", .user = "y", .arrival_us = 4},
        {.name = "a", .user = "", .arrival_us = 0},
    };
    begin(jobs, LENGTH(jobs));
    assert_int_equal(batch.n_groups, 2);
    const struct archive_group *a = &batch.groups[0], *b = &batch.groups[1];
    assert_int_equal(a->n, 2);
    assert_ptr_equal(a->firsts[0], &jobs[4]);
    assert_ptr_equal(a->firsts[1], &jobs[3]); /* the earlier of two */
    assert_int_equal(b->n, 2);
    assert_ptr_equal(b->firsts[0], &jobs[2]);
    assert_ptr_equal(b->firsts[1], &jobs[0]);
    assert_ptr_equal(archive_batch_find(a->firsts, a->n, "y"), &jobs[3]);
    assert_null(archive_batch_find(a->firsts, a->n, "x"));
    assert_null(archive_batch_find(a->firsts, 0, "y"));
}

TEST(test_everybody_gets_the_answer_of_the_first)
{
    struct archive_job *unknown[4], jobs[] = {
                                        {.name = "a", .user = "y", .arrival_us = 5},
                                        {.name = "a", .user = "y", .arrival_us = 4},
                                        {.name = "a", .user = "z", .arrival_us = 1},
                                        {.name = "none", .user = "y", .arrival_us = 1},
                                    };
    begin(jobs, LENGTH(jobs));
    batch.groups[0].found = true;
    batch.groups[0].row.id = 7;
    jobs[1].known.kind = REQUEST_WAITING;
    assert_int_equal(archive_batch_unknown(batch.groups[0].firsts, 2, unknown), 1);
    assert_ptr_equal(unknown[0], &jobs[2]);
    archive_batch_spread(&batch);
    assert_int_equal(jobs[0].answer, ARCHIVE_FOUND);
    assert_int_equal(jobs[0].known.kind, REQUEST_WAITING);
    assert_int_equal(jobs[0].row.id, 7);
    assert_int_equal(jobs[2].answer, ARCHIVE_FOUND);
    assert_int_equal(jobs[2].known.kind, REQUEST_NONE);
    assert_int_equal(jobs[3].answer, ARCHIVE_NOTHING);
    archive_batch_arrange(&batch); /* tried again: forgets what it knew */
    assert_int_equal(jobs[1].known.kind, REQUEST_NONE);
    archive_batch_fail(&batch, ARCHIVE_UNKNOWN);
    for (size_t i = 0; i < LENGTH(jobs); i++)
        assert_int_equal(jobs[i].answer, ARCHIVE_UNKNOWN);
}

/* In any mix of jobs each gets exactly the answer of its campaign and user. */
TEST(test_random_rounds)
{
    enum { NAMES = 5, USERS = 40 };
    static struct archive_job jobs[ARCHIVE_BATCH_MAX + 1];
    static char names[NAMES][8], users[USERS][8];
    dice_seed();
    for (int i = 0; i < NAMES; i++)
        snprintf(names[i], sizeof names[i], "n%d", i);
    for (int i = 0; i < USERS; i++)
        snprintf(users[i], sizeof users[i], "u%d", i);
    for (size_t i = 0; i <= ARCHIVE_BATCH_MAX; i++)
        jobs[i] = (struct archive_job){
            .name = names[dice(NAMES)], .user = users[dice(USERS)], .arrival_us = dice(1000)};
    begin(jobs, ARCHIVE_BATCH_MAX);
    assert_false(archive_batch_add(&batch, &jobs[ARCHIVE_BATCH_MAX]));
    for (size_t g = 0; g < batch.n_groups; g++) {
        struct archive_group *group = &batch.groups[g];
        group->found = true;
        for (size_t k = 0; k < group->n; k++)
            group->firsts[k]->known.ticket = (uint64_t)(group->firsts[k] - jobs) + 1;
    }
    archive_batch_spread(&batch);
    for (size_t i = 0; i < ARCHIVE_BATCH_MAX; i++) {
        const struct archive_job *first = &jobs[jobs[i].known.ticket - 1];
        assert_int_equal(jobs[i].answer, ARCHIVE_FOUND);
        assert_ptr_equal(first->name, jobs[i].name);
        assert_ptr_equal(first->user, jobs[i].user);
        assert_true(first->arrival_us <= jobs[i].arrival_us);
    }
}

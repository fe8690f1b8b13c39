/* SPDX-License-Identifier: Apache-2.0 */
/* A scheduler that has lost its lease does not delete from the journal. */
#include "tests/integration/event.h"

#include "scheduler/job_sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct stack stack;
static struct event noon;
static char owner[OWNER_MAX + 1];
static int64_t id, epoch;

BEFORE_ALL(up)
{
    MYSQL_RES *rows;
    event_start(&noon, &stack, NULL, "--quota 5");
    stack_kill(&stack, "scheduler", "KILL"); /* so it keeps its lease */
    assert_int_equal(db_query(&noon.db, "SELECT id, owner, epoch FROM campaigns", &rows), DB_OK);
    MYSQL_ROW row = mysql_fetch_row(rows);
    id = strtoll(row[0], NULL, 10);
    snprintf(owner, sizeof owner, "%s", row[1]);
    epoch = strtoll(row[2], NULL, 10);
    mysql_free_result(rows);
}

static int64_t journalled(void)
{
    return stack_number(&noon.db, "SELECT COUNT(*) FROM journal");
}

static void unjournal(const char *who, int64_t as_of)
{
    struct job_sql store = {0};
    struct grant ann = {.campaign_id = (uint32_t)id, .user = "ann", .user_len = 3};
    struct job job = {.kind = JOB_UNJOURNAL,
                      .campaign_id = (uint32_t)id,
                      .epoch = (uint64_t)as_of,
                      .owner = who,
                      .batch = batch_new(1)};
    batch_add(job.batch, &ann);
    assert_int_equal(job_sql_open(&store, &stack.db), DB_OK);
    job_sql_run(&store, &job);
    job_sql_close(&store);
    batch_free(job.batch);
    assert_int_equal(job.outcome, JOB_DONE);
}

TEST(test_unjournal)
{
    event_sql(&noon, textf("INSERT INTO journal (campaign_id, user_id, ticket, gateway) "
                           "VALUES (%d, 'ann', 1, 'test')",
                           (int)id));
    unjournal(owner, epoch - 1);
    unjournal(owner, epoch + 1);
    unjournal("somebody else", epoch);
    assert_int_equal(journalled(), 1);
    unjournal(owner, epoch);
    assert_int_equal(journalled(), 0);
    event_close(&noon);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's clock steps an hour forwards, backwards, and to before the start. Tickets keep
 * growing, everybody is decided, and campaigns neither flap nor open again.
 *
 * tests/support/stepped_clock.c is preloaded into Redis, MariaDB and both daemons. All of them map
 * a file that holds the step. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

static const char *const options[] = {"--set", "gateway.workers=1", NULL};

static struct stack stack;
static struct event noon;
static char step_file[300];

static void write_step(int64_t step_s)
{
    int64_t step_us = step_s * SECOND;
    int fd = open(step_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(pwrite(fd, &step_us, sizeof step_us, 0), sizeof step_us);
    close(fd);
}

/* redis_off_us, mariadb_off_us: how far the store's clock is from the true time. */
static int64_t redis_off_us(void)
{
    redisReply *r = redisCommand(noon.redis, "TIME");
    int64_t us = strtoll(r->element[0]->str, NULL, 10) * SECOND;
    freeReplyObject(r);
    return us - clock_wall_us();
}

static int64_t mariadb_off_us(void)
{
    return stack_number(&noon.db,
                        "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))") -
           clock_wall_us();
}

/* step: steps all clocks but the test's; returns when both stores have seen it. */
static void step(int64_t step_s)
{
    write_step(step_s);
    wait_for(llabs(redis_off_us() - step_s * SECOND) <= 60 * SECOND &&
             llabs(mariadb_off_us() - step_s * SECOND) <= 60 * SECOND);
}

BEFORE_ALL(up)
{
    snprintf(step_file, sizeof step_file, "%s/step", tempdir_make());
    write_step(0);
    setenv("ONRUSH_CLOCK_STEP", step_file, 1);
    setenv("LD_PRELOAD", ONRUSH_STEPPED_CLOCK, 1); /* this process started without it */
    event_start(&noon, &stack, options, "--quota 1000 --overflow -1");
}

static const int64_t steps_s[] = {0, 3600, 0, -3600, 3600, -3600, 0};

TEST(test_tickets_grow)
{
    uint64_t last = 0;
    for (size_t i = 0; i < LENGTH(steps_s); i++) {
        step(steps_s[i]);
        const char *user = textf("u-%zu", i);
        event_accept(&noon, "%s", user);
        uint64_t ticket = event_wait_grant(&noon, user);
        assert_true(ticket > last);
        last = ticket;
    }
    event_ctl(&stack, "audit noon");
}

/* is_published: the state in Redis. A scheduler writes MariaDB first; gateways read Redis. */
static bool is_published(const char *name, const char *state)
{
    redisReply *r = redisCommand(noon.redis, "HGET onrush:{%s}:meta state", name);
    bool there = r->type == REDIS_REPLY_STRING && strcmp(r->str, state) == 0;
    freeReplyObject(r);
    return there;
}

/* A campaign that opened or closed by the clock stays so for GET and POST when the clock goes back
 * to before that time. */
TEST(test_no_flapping)
{
    static struct http_answer a;
    struct event later = {.stack = &stack, .name = "later"};
    struct event soon = {.stack = &stack, .name = "soon"};
    step(0);
    event_ctl(&stack, "campaign create later --quota 9 --opens-at +30m");
    event_ctl(&stack, "campaign create soon --quota 9 --closes-at +30m");
    event_wait_campaign(&later, "\"state\":\"scheduled\"");
    event_wait_campaign(&soon, "\"state\":\"open\"");
    step(3600);
    event_wait_campaign(&later, "\"state\":\"open\"");
    event_wait_campaign(&soon, "\"state\":\"closed\"");
    wait_for(is_published("later", "open"));
    wait_for(is_published("soon", "closed"));
    step(0);
    for (int i = 0; i < 20; i++) {
        http_get(event_url(&later, "%s", ""), &a);
        if (strstr(a.body, "\"state\":\"open\"") == NULL)
            fail_msg("it flaps: %s", a.body);
        http_get(event_url(&soon, "%s", ""), &a);
        if (strstr(a.body, "\"state\":\"closed\"") == NULL)
            fail_msg("it flaps: %s", a.body);
        wait_a_moment();
    }
    assert_int_equal(event_post(&later, "ann", NULL), 202);
    assert_int_equal(event_post(&soon, "ann", NULL), 403);
}

/* A scheduler dies just before the clock goes back. Its lease seems to last an hour, but is taken
 * over as fast as any other. */
TEST(test_a_lease_of_the_future)
{
    step(3600);
    assert_int_equal(event_post(&noon, "before", NULL), 202);
    event_wait_grant(&noon, "before");
    stack_kill(&stack, "scheduler", "KILL");
    step(0);
    stack_start(&stack, "scheduler"); /* MariaDB sees it as another scheduler */
    assert_int_equal(event_post(&noon, "after", NULL), 202);
    event_wait_grant(&noon, "after");
}

TEST(test_nothing_was_wrong)
{
    step(0);
    event_ctl(&stack, "audit noon");
}

EVENT_ENDS(noon)

/* SPDX-License-Identifier: Apache-2.0 */
/* An outage of the stores in the scheduler: how often does it retry? */
#include "tests/support/test.h"

#include "scheduler/campaign.h"
#include "scheduler/committer.h"
#include "scheduler/lease.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/store/redis_link.h"
#include "tests/support/outage.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS   4
#define OUTAGE_MS 2500

static struct event_base *base;
static struct outage outage;
static struct scheduler_config config;
static struct world world;
static struct campaign campaign;
static bool over;

static void on_over(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    over = true;
}

static void last(void)
{
    struct event *end = evtimer_new(base, on_over, NULL);
    over = false;
    event_add(end,
              &(struct timeval){.tv_sec = OUTAGE_MS / 1000, .tv_usec = OUTAGE_MS % 1000 * 1000});
    while (!over)
        event_base_loop(base, EVLOOP_ONCE);
    event_free(end);
}

static void check(const char *who, int64_t clients, int64_t first_ms, int64_t most_ms)
{
    int64_t n = outage.connects, most = clients * outage_most(&outage, first_ms, most_ms);
    print_message("%s: %d connects, at most %d\n", who, (int)n, (int)most);
    assert_in_range(n, clients, most);
}

static void set_up(void)
{
    base = event_base_new();
    outage_start(&outage);
    memset(&config, 0, sizeof config);
    strcpy(config.mariadb.socket, outage.path);
    strcpy(config.mariadb.user, "nobody");
    config.mariadb.connect_timeout_ms = config.mariadb.query_timeout_ms = 1000;
    config.pool_size = THREADS;
    config.connection_lifetime_s = 60;
    config.lease_ms = 10000;
}

static void tear_down(void)
{
    outage_stop(&outage);
    event_base_free(base);
}

static void on_rows(void *arg, struct lease_keeper_rows *rows)
{
    (void)arg;
    free(rows);
    fail_msg("nobody can have answered");
}

TEST_WITH(test_lease, set_up, tear_down)
{
    struct lease_keeper *lease_keeper;
    assert_int_equal(lease_keeper_new(&lease_keeper, base, &config, "me", on_rows, NULL), 0);
    last();
    check("keeper", 1, 50, 1000);
    lease_keeper_free(lease_keeper);
}

/* Every job comes back undone, and the campaign asks for it again at once. */
static void on_done(void *arg, struct job *job)
{
    (void)arg;
    assert_int_equal(job->outcome, JOB_UNKNOWN);
    committer_submit(&world, job);
}

TEST_WITH(test_pool, set_up, tear_down)
{
    assert_int_equal(committer_new(&world.committer, base, &config, on_done, NULL), 0);
    for (int i = 0; i < 2 * THREADS; i++) {
        struct job *job = calloc(1, sizeof *job);
        *job =
            (struct job){.kind = JOB_LOAD, .campaign = &campaign, .campaign_id = 1, .owner = "me"};
        committer_submit(&world, job);
    }
    last();
    check("pool", THREADS, 10, 1000);
    world.committer = committer_free(world.committer);
}

static void on_state(void *arg, bool up)
{
    (void)arg;
    (void)up;
}

TEST_WITH(test_links, set_up, tear_down)
{
    struct redis_link *links[THREADS];
    struct redis_config redis = {.connect_timeout_ms = 500, .command_timeout_ms = 500};
    strcpy(redis.socket, outage.path);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(redis_link_new(&links[i], base, &redis, on_state, NULL), 0);
    last();
    check("links", THREADS, 20, 1000);
    for (int i = 0; i < THREADS; i++)
        redis_link_free(links[i]);
}

BEFORE_ALL(prepare)
{
    signal(SIGPIPE, SIG_IGN);
    log_configure(LOG_LEVEL_ERROR, LOG_LOGFMT, LOG_PRIORITIES_AUTO);
}

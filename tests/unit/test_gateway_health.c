/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/health: the workers' common health when one of them stalls, or too much is in flight. */
#include "tests/support/test.h"

#include "gateway/health.h"
#include "shared/base/clock.h"

#include <stdlib.h>
#include <string.h>

#define WORKERS 2

static struct gateway gateway;
static struct gateway_config config;
static struct worker worker[WORKERS];
static struct workers workers = {{&worker[0], &worker[1]}, WORKERS};
static struct event_base *base;

static void on_link(void *arg, bool up)
{
    (void)arg;
    (void)up;
}

/* set_up: two active workers; neither reaches a store, because the loop never runs. */
static void set_up(void)
{
    config = (struct gateway_config){.health = {.backlog = 100, .lag_ms = 3000}};
    gateway.config = &config;
    gateway.in_flight.n = 0;
    base = event_base_new();
    memset(worker, 0, sizeof worker);
    for (int i = 0; i < WORKERS; i++) {
        worker[i].loop.gateway = &gateway;
        worker[i].ticked_us = clock_mono_us();
        assert_int_equal(redis_link_new(&worker[i].loop.link, base, &config.redis, on_link, NULL),
                         0);
    }
}

static void tear_down(void)
{
    for (int i = 0; i < WORKERS; i++)
        redis_link_free(worker[i].loop.link);
    event_base_free(base);
}

/* If one worker stalls, there is no progress, whatever the other does. */
TEST_WITH(test_progress, set_up, tear_down)
{
    assert_false(gateway_health_progress(&workers));
    pulse_beat(&worker[0].pulse);
    assert_false(gateway_health_progress(&workers));
    pulse_beat(&worker[1].pulse);
    assert_true(gateway_health_progress(&workers));
    assert_false(gateway_health_progress(&workers));
    worker[1].ended = true;
    pulse_beat(&worker[0].pulse);
    assert_true(gateway_health_progress(&workers));
    assert_false(gateway_health_ended(&workers));
    worker[0].ended = true;
    assert_true(gateway_health_ended(&workers));
}

TEST_WITH(test_missing, set_up, tear_down)
{
    char *text = NULL;
    size_t size;
    for (int up = 0; up <= WORKERS; up++) {
        FILE *missing = open_memstream(&text, &size);
        for (int i = 0; i < up; i++)
            metric_set(&worker[i].loop.metrics.mariadb_up, 1);
        gateway_health_missing(&workers, missing);
        fclose(missing);
        assert_string_equal(text, up < WORKERS ? "redis and mariadb" : "redis");
        free(text);
    }
}

static enum health_state found(enum health_component component)
{
    struct health_report report = {0};
    gateway_health(&gateway, &workers, &report);
    return report.found[component].state;
}

TEST_WITH(test_backlog, set_up, tear_down)
{
    gateway.in_flight.n = config.health.backlog - 1;
    assert_int_equal(found(HEALTH_backlog), HEALTH_OK);
    gateway.in_flight.n++;
    assert_int_equal(found(HEALTH_backlog), HEALTH_DEGRADED);
}

TEST_WITH(test_lag, set_up, tear_down)
{
    assert_int_equal(found(HEALTH_lag), HEALTH_OK);
    worker[1].ticked_us = clock_mono_us() - config.health.lag_ms * 1000;
    assert_int_equal(found(HEALTH_lag), HEALTH_DEGRADED);
}

TEST_WITH(test_stores, set_up, tear_down)
{
    assert_int_equal(found(HEALTH_redis), HEALTH_DOWN);
    assert_int_equal(found(HEALTH_mariadb), HEALTH_DOWN);
    metric_set(&worker[0].loop.metrics.mariadb_up, 1);
    assert_int_equal(found(HEALTH_mariadb), HEALTH_DEGRADED);
    config.journal = true;
    assert_int_equal(found(HEALTH_journal), HEALTH_DOWN); /* the other worker's */
    metric_set(&worker[1].loop.metrics.mariadb_up, 1);
    assert_int_equal(found(HEALTH_journal), HEALTH_DEGRADED);
}

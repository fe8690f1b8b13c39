/* SPDX-License-Identifier: Apache-2.0 */
/* Stopping, starting and reloading the daemons under load: every request in flight is answered,
 * every accepted one is kept, and the result stays exact. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLIENTS     16
#define ANSWERS_MAX 20000 /* answers of one client */

static struct stack stack;

BEFORE_ALL(up)
{
    stack_up(&stack, NULL);
}

/* --- clients; each posts users one after the other over one connection --- */

struct client {
    const struct event *event;
    pthread_t thread;
    int number;
    size_t n;
    size_t lost;   /* sent on a connection that the gateway had accepted, and never answered */
    size_t missed; /* reset before the gateway accepted it, because the listener closed */
    struct {
        int status;
        uint64_t ticket;
    } answers[ANSWERS_MAX];
};

static struct client *clients;
static atomic_bool enough;
static atomic_size_t answered;

static void user_of(char user[32], int client, size_t i)
{
    snprintf(user, 32, "c%d-%zu", client, i);
}

static void *client_run(void *arg)
{
    struct client *c = arg;
    struct http_answer *a = malloc(sizeof *a);
    for (c->n = 0; c->n < ANSWERS_MAX && !enough; c->n++) {
        char user[32], body[64];
        user_of(user, c->number, c->n);
        snprintf(body, sizeof body, "{\"user_id\":\"%s\"}", user);
        http_ask(&(struct http_request){.url = event_url(c->event, "/requests"),
                                        .body = body,
                                        .json = true,
                                        .keep_alive = true},
                 a);
        if (a->refused)
            break; /* the gateway is gone; this request was not sent */
        if (a->status == 0 && a->fresh) {
            c->missed++;
            break;
        }
        if (a->status == 0)
            c->lost++;
        c->answers[c->n].status = a->status;
        c->answers[c->n].ticket = event_ticket(a);
        answered++;
    }
    http_close();
    free(a);
    return NULL;
}

static void clients_start(const struct event *event)
{
    clients = calloc(CLIENTS, sizeof *clients);
    enough = false;
    answered = 0;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i].event = event;
        clients[i].number = i;
        assert_int_equal(pthread_create(&clients[i].thread, NULL, client_run, &clients[i]), 0);
    }
}

static void clients_wait_for(size_t n)
{
    wait_for(answered >= n);
}

/* clients_join: records what they were told in `event`; returns the number of unanswered requests.
 * */
static size_t clients_join(struct event *event, size_t statuses[600])
{
    size_t lost = 0, missed = 0;
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
        lost += clients[i].lost;
        missed += clients[i].missed;
        for (size_t j = 0; j < clients[i].n; j++) {
            char user[32];
            int status = clients[i].answers[j].status;
            user_of(user, i, j);
            statuses[status]++;
            if (clients[i].answers[j].ticket != 0)
                event_note(event, user, clients[i].answers[j].ticket);
        }
    }
    free(clients);
    assert_true(missed <= 2); /* the window lasts a few µs, so more would be a bug */
    return lost;
}

/* check_kept: Redis must have every accepted request with its ticket. */
static void check_kept(struct event *e)
{
    for (size_t i = 0; i < e->n; i++)
        assert_int_equal(stack_ticket(e->redis, e->name, e->told[i].user), e->told[i].ticket);
}

TEST(test_gateway_stops_under_load)
{
    struct event e;
    size_t statuses[600] = {0};
    event_make(&e, &stack, "gateway-stops", "--quota 1000000");
    clients_start(&e);
    clients_wait_for(3000);
    int64_t began_us = clock_mono_us();
    stack_kill(&stack, "gateway", "TERM");
    assert_in_range(clock_mono_us() - began_us, 0, 10000000); /* grace_s */
    enough = true;
    size_t lost = clients_join(&e, statuses);
    print_message("202: %zu, 200: %zu, 503: %zu\n", statuses[202], statuses[200], statuses[503]);
    assert_int_equal(lost, 0);
    assert_int_equal(statuses[202] + statuses[200], (size_t)answered);
    assert_true(e.n >= 3000);
    check_kept(&e);
    event_wait(&e, 20000);
    stack_start(&stack, "gateway");
    event_check(&e, 1000000);
    event_close(&e);
}

/* Requests are accepted while the scheduler is down; the next one decides them exactly. */
TEST(test_scheduler_restarts_under_load)
{
    struct event e;
    size_t statuses[600] = {0};
    event_make(&e, &stack, "scheduler-restarts", "--quota 3000 --overflow -1");
    clients_start(&e);
    clients_wait_for(1000);
    stack_kill(&stack, "scheduler", "TERM");
    clients_wait_for(answered + 2000);
    stack_start(&stack, "scheduler");
    clients_wait_for(answered + 3000);
    enough = true;
    assert_int_equal(clients_join(&e, statuses), 0);
    assert_int_equal(statuses[202] + statuses[200], (size_t)answered);
    event_wait(&e, 20000);
    event_check(&e, 3000);
    event_close(&e);
}

/* --- SIGHUP --- */

/* long_url: sends a GET with a URL of 400 bytes; returns the status. */
static int long_url(void)
{
    return http_get(textf("%s/v1/campaigns/nobody?%0400d", stack.url, 0), NULL);
}

TEST(test_gateway_rereads_its_tunables)
{
    assert_int_equal(long_url(), 404);
    event_edit(&stack, "gateway", "max_url_bytes = 300");
    event_reload(&stack, "gateway", "configuration reloaded");
    assert_int_equal(long_url(), 414);
    event_edit(&stack, "gateway", "max_url_bytes = 5");
    event_reload(&stack, "gateway", "the configuration is wrong; the one in force stays");
    assert_int_equal(long_url(), 414);
    event_edit(&stack, "gateway", "max_url_bytes = 1024");
    event_edit(&stack, "gateway", "max_connections = 9"); /* needs a restart */
    event_reload(&stack, "gateway", "msg=\"configuration reloaded\" keys_that_need_a_restart=1");
    assert_int_equal(long_url(), 404);
    event_edit(&stack, "gateway", "max_connections = 16384");
}

TEST(test_scheduler_rereads_its_tunables)
{
    event_edit(&stack, "scheduler", "batch_size = 0");
    event_reload(&stack, "scheduler", "the configuration is wrong; the one in force stays");
    event_edit(&stack, "scheduler", "batch_size = 7");
    event_edit(&stack, "scheduler", "pool_size = 3"); /* needs a restart */
    event_reload(&stack, "scheduler", "msg=\"configuration reloaded\" keys_that_need_a_restart=1");
    event_edit(&stack, "scheduler", "batch_size = 1000");
    event_edit(&stack, "scheduler", "pool_size = 4");
    event_reload(&stack, "scheduler", "msg=\"configuration reloaded\" keys_that_need_a_restart=0");
}

/* --- an unknown schema --- */

#define FUTURE_SCHEMA "INSERT INTO schema_version (version, name) VALUES (999, 'future')"
#define OWN_SCHEMA    "DELETE FROM schema_version WHERE version = 999"

/* A migration while everything runs: the daemons continue with their open connections. */
TEST(test_schema_ahead_of_running_daemons)
{
    struct event e;
    event_make(&e, &stack, "migrated", "--quota 10");
    event_sql(&e, FUTURE_SCHEMA);
    for (int i = 0; i < 20; i++) {
        struct http_answer *a = malloc(sizeof *a);
        const char *user = textf("u-%d", i);
        assert_int_equal(event_post(&e, user, a), 202);
        event_note(&e, user, event_ticket(a));
        free(a);
    }
    event_wait(&e, 20000);
    event_sql(&e, OWN_SCHEMA);
    event_check(&e, 10);
    event_close(&e);
}

TEST(test_unknown_schema)
{
    static const char *const parts[] = {"gateway", "scheduler"};
    struct event e;
    event_open(&e, &stack, "migrated");
    event_sql(&e, FUTURE_SCHEMA);
    int64_t own =
        stack_number(&e.db, "SELECT MAX(version) FROM schema_version WHERE version < 999");
    const char *wrong =
        textf("the schema has version 999, this binary knows %d: install the binaries", (int)own);
    for (size_t i = 0; i < LENGTH(parts); i++) {
        const char *config = textf("%s/%s.cfg", stack.dir, parts[i]);
        stack_kill(&stack, parts[i], "TERM");
        const char *said =
            event_no_start(&stack, parts[i], (const char *const[]){"--config", config, NULL}, 69);
        if (strstr(said, wrong) == NULL)
            fail_msg("%s says: %s", parts[i], said);
    }
    event_sql(&e, OWN_SCHEMA);
    event_close(&e);
    stack_start(&stack, "scheduler");
    stack_start(&stack, "gateway");
}

STACK_ENDS(stack)

/* SPDX-License-Identifier: Apache-2.0 */
/* Redis is away: requests are accepted durably in MariaDB, once per user, and the answers say so.
 * When Redis is back, all of them are decided in the order of arrival. The tests depend on their
 * order. */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)
#define QUOTA  1000 /* of campaign noon */
#define USERS  4000 /* in the burst while Redis is away */

static const char *const options[] = {
    "--set", "gateway.workers=2",
    "--set", "gateway.mariadb.query_timeout_ms=1000",
    "--set", "gateway.mariadb.connect_timeout_ms=1000",
    NULL,
};

static struct stack stack;
static struct event noon;
static struct told early; /* got a coupon of noon before Redis goes */
static int64_t n_noted;   /* noon's journal rows when Redis came back */

/* --- helpers --- */

/* event_of: another campaign of the same stack, for functions that need only its name. */
static struct event event_of(const char *name)
{
    return (struct event){.stack = &stack, .name = name};
}

/* check: the answer has this status; its body has the text `with` and not `without`. */
static void check(const struct http_answer *a, int status, const char *with, const char *without)
{
    if (a->status != status || strstr(a->body, with) == NULL ||
        (without != NULL && strstr(a->body, without) != NULL))
        fail_msg("%d %s instead of %d with %s", a->status, a->body, status, with);
}

static void post(const char *campaign, const char *user, int status, const char *with,
                 const char *without)
{
    static struct http_answer a;
    struct event e = event_of(campaign);
    event_post(&e, user, &a);
    check(&a, status, with, without);
    if (status == 202)
        assert_non_null(http_header(&a, "Location"));
    if (status == 503)
        assert_non_null(http_header(&a, "Retry-After"));
}

/* wait_accepted: waits until this user is accepted so often in a row that both workers have had a
 * request (each new connection may go to either). */
static void wait_accepted(const char *campaign, const char *user)
{
    struct event e = event_of(campaign);
    int64_t since_us = clock_mono_us();
    for (int row = 0; row < 20;) {
        row = event_post(&e, user, NULL) == 202 ? row + 1 : 0;
        if (row == 0)
            wait_a_moment();
        assert_false(waited_enough(since_us));
    }
}

static void get(const char *campaign, const char *path, int status, const char *with,
                const char *without)
{
    static struct http_answer a;
    struct event e = event_of(campaign);
    http_get(event_url(&e, "%s", path), &a);
    check(&a, status, with, without);
}

static void check_ready(int status, const char *with, const char *without)
{
    static struct http_answer a;
    http_get(textf("%s/readyz", stack.admin_url), &a);
    check(&a, status, with, without);
}

static int64_t journalled(const char *campaign)
{
    return stack_number(&noon.db,
                        "SELECT COUNT(*) FROM journal j JOIN campaigns k ON k.id = j.campaign_id "
                        "WHERE k.name = '%s'",
                        campaign);
}

static void create(const char *name, const char *more)
{
    event_ctl(&stack, "campaign create %s %s", name, more);
}

/* wait_granted: waits until this user has a coupon; *told gets ticket, serial and code. */
static void wait_granted(const char *campaign, const char *user, struct told *told)
{
    static struct http_answer a;
    struct event e = event_of(campaign);
    int64_t since_us = clock_mono_us();
    do {
        assert_int_equal(http_get(event_url(&e, "/requests/%s?wait=1", user), &a), 200);
        assert_false(waited_enough(since_us));
    } while (strstr(a.body, "\"granted\"") == NULL);
    json_t *d = json_loads(a.body, 0, NULL);
    *told = (struct told){.ticket = event_ticket(&a)};
    snprintf(told->user, sizeof told->user, "%s", user);
    snprintf(told->code, sizeof told->code, "%s", json_string_value(json_object_get(d, "code")));
    json_decref(d);
}

/* --- Redis goes --- */

BEFORE_ALL(up)
{
    static struct http_answer a;
    struct told ignored;
    event_start(&noon, &stack, options, "--quota 1000 --overflow -1");
    create("later", "--quota 5 --opens-at +1h");
    create("paused", "--quota 5");
    create("closed", "--quota 5");
    create("all-gone", "--quota 1");
    create("small", "--quota 2 --overflow 1");
    assert_int_equal(event_post(&noon, "early", &a), 202);
    wait_granted("noon", "early", &early);
    struct event all_gone = event_of("all-gone");
    assert_int_equal(event_post(&all_gone, "winner", &a), 202);
    wait_granted("all-gone", "winner", &ignored);
    event_ctl(&stack, "campaign pause paused");
    event_ctl(&stack, "campaign close closed");
    stack_kill(&stack, "redis", "KILL");
    event_wait_metric(stack.admin_url, "onrush_gateway_journals_in_use", 2);
}

TEST(test_accepted_without_position)
{
    for (int i = 0; i < 3; i++)
        post("noon", "ann", 202, "\"status\":\"waiting\"", "ticket");
    post("noon", "ann", 202, "\"status\":\"waiting\"", "position");
    get("noon", "/requests/ann", 200, "\"status\":\"waiting\"", "ticket");
    get("noon", "/requests/ann?wait=20", 200, "\"status\":\"waiting\"", "ticket");
    assert_int_equal(journalled("noon"), 1);
    int64_t arrival_us = stack_number(&noon.db, "SELECT ticket FROM journal WHERE user_id = 'ann'");
    assert_in_range(clock_wall_us() - arrival_us, 0, 60 * SECOND);
}

TEST(test_told_what_mariadb_knows)
{
    post("noon", "early", 200, early.code, NULL);
    get("noon", "/requests/early", 200, early.code, NULL);
    get("noon", "/requests/nobody", 503, "\"code\":\"UNAVAILABLE\"", NULL);
    get("noon", "", 200, "\"remaining\":999", NULL);
    get("no-such", "", 404, "\"code\":\"NO_CAMPAIGN\"", NULL);
    post("no-such", "ann", 404, "\"code\":\"NO_CAMPAIGN\"", NULL);
}

TEST(test_refused_as_ever)
{
    static struct http_answer a;
    struct event later = event_of("later");
    assert_int_equal(event_post(&later, "ann", &a), 403);
    check(&a, 403, "\"code\":\"NOT_OPEN\"", NULL);
    assert_in_range(atoi(http_header(&a, "Retry-After")), 3000, 3601);
    post("paused", "ann", 403, "\"code\":\"PAUSED\"", NULL);
    post("closed", "ann", 403, "\"code\":\"CLOSED\"", NULL);
    post("all-gone", "ann", 409, "\"code\":\"SOLD_OUT\"", "ticket");
    post("all-gone", "winner", 200, "\"granted\"", NULL);
    post("noon", "a b", 400, "\"code\":\"BAD_USER\"", NULL);
    assert_int_equal(journalled("later") + journalled("paused") + journalled("closed") +
                         journalled("all-gone"),
                     0);
}

/* Beyond quota + overflow nobody is accepted, and nobody is told "sold out". Accepted users stay
 * accepted, even if the campaign is paused. */
TEST(test_bounded)
{
    static const char *const users[] = {"u1", "u2", "u3", "u4", "u5", "u6"};
    for (size_t i = 0; i < LENGTH(users); i++)
        post("small", users[i], 202, "\"waiting\"", NULL);
    for (int i = 0; i < 4; i++) /* both workers get one */
        post("small", "u7", 503, "\"code\":\"UNAVAILABLE\"", "ticket");
    post("small", "u1", 202, "\"waiting\"", NULL);
    assert_int_equal(journalled("small"), LENGTH(users));
    event_ctl(&stack, "campaign pause small");
    post("small", "u2", 202, "\"waiting\"", NULL);
    post("small", "u7", 403, "\"code\":\"PAUSED\"", NULL);
    event_ctl(&stack, "campaign resume small");
}

TEST(test_ready)
{
    check_ready(200, "the journal is in use", NULL);
}

/* The gateway notices the loss of MariaDB even without requests. */
TEST(test_not_ready_without_mariadb)
{
    stack_kill(&stack, "mariadb", "TERM");
    db_close(&noon.db);
    event_wait_metric(stack.admin_url, "onrush_gateway_mariadb_links_up", 0);
    check_ready(503, "the journal cannot be used", "ready");
    stack_start(&stack, "mariadb");
    wait_accepted("noon", "ann");
    stack_db(&stack, &noon.db);
}

/* --- a burst --- */

/* burst_command: the command line, so that a thread can run it. */
static const char *burst_command(const char *ledger, const char *more)
{
    return textf("%s burst noon --no-progress --concurrency 200 --ledger '%s' %s >/dev/null",
                 stack.ctl, ledger, more);
}

/* check_ledger: every 202 of a ledger must be in the journal. Returns their number. */
static size_t check_ledger(const char *path)
{
    char text[256], user[USER_ID_MAX + 1];
    size_t n = 0;
    int status;
    struct told *t;
    struct event in_journal = {.n = 0};
    MYSQL_RES *rows;
    assert_int_equal(db_query(&noon.db,
                              "SELECT user_id FROM journal WHERE campaign_id = "
                              "(SELECT id FROM campaigns WHERE name = 'noon')",
                              &rows),
                     DB_OK);
    for (MYSQL_ROW row; (row = mysql_fetch_row(rows)) != NULL;)
        event_note(&in_journal, row[0], 0);
    mysql_free_result(rows);
    size_t before = in_journal.n;
    FILE *in = fopen(path, "re");
    assert_non_null(in);
    while (fgets(text, sizeof text, in) != NULL) {
        assert_int_equal(sscanf(text, "%64s\t%d", user, &status), 2);
        if (status != 202)
            continue;
        n++;
        event_note(&in_journal, user, 0);
        t = &in_journal.told[in_journal.n - 1];
        if (in_journal.n > before)
            fail_msg("%s was told 202 and is not in the journal", t->user);
    }
    fclose(in);
    free(in_journal.told);
    free(in_journal.index);
    return n;
}

TEST(test_burst)
{
    const char *ledger = textf("%s/burst.ledger", stack.dir);
    const char *more = textf("--users %d --requests %d", USERS, 4 * USERS);
    int64_t before = journalled("noon");
    assert_int_equal(system(burst_command(ledger, more)), 0);
    assert_int_equal(check_ledger(ledger), 4 * USERS);
    assert_int_equal(journalled("noon"), before + USERS);
    assert_int_equal(event_metric(stack.admin_url, "onrush_gateway_journal_rows_total"),
                     before + USERS + 6);
    assert_true(event_metric(stack.admin_url, "onrush_gateway_journal_batches_total") < 4 * USERS);
}

static void *run_command(void *command)
{
    return (void *)(intptr_t)system(command);
}

/* MariaDB is killed and restarted during writes: every 202 is in the journal, and the others got
 * 503. */
TEST(test_mariadb_dies_too)
{
    const char *ledger = textf("%s/killed.ledger", stack.dir);
    const char *command =
        burst_command(ledger, "--first-user 10001 --users 6000 --requests 6000 --rate 2000");
    int64_t before = journalled("noon");
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_command, (void *)(uintptr_t)command), 0);
    wait_for(journalled("noon") >= before + 1000);
    stack_kill(&stack, "mariadb", "KILL");
    db_close(&noon.db);
    event_wait_metric(stack.admin_url, "onrush_gateway_mariadb_links_up", 0);
    post("noon", "bob", 503, "\"code\":\"UNAVAILABLE\"", NULL);
    get("noon", "/requests/ann", 503, "\"code\":\"UNAVAILABLE\"", NULL);
    check_ready(503, "the journal cannot be used", "ready");
    stack_start(&stack, "mariadb");
    wait_accepted("noon", "bob");
    pthread_join(thread, NULL);
    stack_db(&stack, &noon.db);
    size_t told = check_ledger(ledger);
    print_message("%zu of 6000 were told 202\n", told);
    assert_in_range(told, 1000, 5999);
}

/* MariaDB hangs: the deadlines answer, and the gateway recovers with it. */
TEST(test_mariadb_hangs)
{
    int64_t begun_us = clock_mono_us();
    stack_kill(&stack, "mariadb", "STOP");
    post("noon", "eve", 503, "\"code\":\"UNAVAILABLE\"", NULL);
    assert_in_range(clock_mono_us() - begun_us, 0, 9 * SECOND);
    stack_kill(&stack, "mariadb", "CONT");
    wait_accepted("noon", "eve");
}

/* --- the switch --- */

static void switch_journal(const char *setting)
{
    event_edit(&stack, "gateway", setting);
    event_reload(&stack, "gateway", "configuration reloaded");
}

TEST(test_switched_off)
{
    switch_journal("journal = false");
    post("noon", "ann", 503, "\"code\":\"UNAVAILABLE\"", NULL);
    get("noon", "/requests/ann", 503, "\"code\":\"UNAVAILABLE\"", NULL);
    check_ready(503, "redis", NULL);
    switch_journal("journal = true");
    post("noon", "ann", 202, "\"waiting\"", NULL);
}

/* --- Redis is back --- */

struct arrival {
    char user[USER_ID_MAX + 1];
    uint64_t us;
};

static struct arrival *read_arrivals(void)
{
    MYSQL_RES *rows;
    assert_int_equal(db_query(&noon.db,
                              "SELECT user_id, ticket FROM journal WHERE campaign_id = "
                              "(SELECT id FROM campaigns WHERE name = 'noon') ORDER BY ticket",
                              &rows),
                     DB_OK);
    n_noted = (int64_t)mysql_num_rows(rows);
    struct arrival *arrivals = calloc((size_t)n_noted, sizeof *arrivals);
    for (int64_t i = 0; i < n_noted; i++) {
        MYSQL_ROW row = mysql_fetch_row(rows);
        snprintf(arrivals[i].user, sizeof arrivals[i].user, "%s", row[0]);
        arrivals[i].us = strtoull(row[1], NULL, 10);
    }
    mysql_free_result(rows);
    return arrivals;
}

static uint64_t ticket_of(const char *user)
{
    uint64_t ticket = stack_ticket(noon.redis, "noon", user);
    if (ticket == 0)
        fail_msg("redis does not know %s", user);
    return ticket;
}

/* check_kept: every row is kept for the audit, with the numbers of grants at its time and at the
 * drain. */
static void check_kept(void)
{
    assert_int_equal(stack_number(&noon.db,
                                  "SELECT COUNT(*) FROM journalled j JOIN campaigns k ON k.id = "
                                  "j.campaign_id WHERE k.name = 'noon' AND j.granted = 1 AND "
                                  "drained >= 1 AND decided_to >= %" PRIu64 " AND batches > 0",
                                  early.ticket),
                     n_noted);
}

TEST(test_decided_in_the_order_of_arrival)
{
    struct arrival *arrivals = read_arrivals();
    assert_true(n_noted > USERS);
    stack_start(&stack, "redis");
    event_reconnect(&noon);
    event_wait_metric(stack.admin_url, "onrush_gateway_journals_in_use", 0);
    get("noon", "/requests/ann", 200, "\"status\":", NULL); /* never "no request" */
    wait_for(journalled("noon") == 0);
    event_wait(&noon, 30000);
    event_note(&noon, "early", early.ticket);
    uint64_t last = 0, last_us = 0;
    for (int64_t i = 0; i < n_noted; i++) {
        uint64_t ticket = ticket_of(arrivals[i].user);
        if (ticket < arrivals[i].us || (arrivals[i].us > last_us && ticket <= last))
            fail_msg("%s arrived at %" PRIu64 " and got ticket %" PRIu64 " after %" PRIu64,
                     arrivals[i].user, arrivals[i].us, ticket, last);
        last = ticket > last ? ticket : last;
        last_us = arrivals[i].us;
        event_note(&noon, arrivals[i].user, ticket);
    }
    free(arrivals);
    check_kept();
    event_check(&noon, QUOTA);
    event_check_answers(&noon);
}

TEST(test_later_ones_go_to_redis)
{
    static struct http_answer a;
    struct event small = event_of("small");
    struct told ignored;
    wait_granted("small", "u1", &ignored);
    wait_granted("small", "u2", &ignored);
    event_post(&small, "u4", &a);
    assert_true(a.status == 202 || a.status == 409);
    assert_int_equal(stack_number(&noon.db, "SELECT COUNT(*) FROM journal"), 0);
}

/* --- Redis is back but does not know the campaign --- */

TEST(test_campaign_that_redis_does_not_know)
{
    struct told ignored;
    stack_kill(&stack, "scheduler", "TERM");
    event_ctl(&stack, "campaign create fresh --quota 5 --no-wait");
    post("fresh", "ann", 202, "\"waiting\"", "ticket");
    post("fresh", "ann", 202, "\"waiting\"", "ticket");
    get("fresh", "/requests/ann", 200, "\"waiting\"", "ticket");
    get("fresh", "/requests/nobody", 503, "\"code\":\"UNAVAILABLE\"", NULL);
    assert_int_equal(journalled("fresh"), 1);
    stack_start(&stack, "scheduler");
    wait_granted("fresh", "ann", &ignored);
    get("fresh", "/requests/nobody", 404, "\"code\":\"NO_REQUEST\"", NULL);
}

EVENT_ENDS(noon)

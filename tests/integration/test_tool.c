/* SPDX-License-Identifier: Apache-2.0 */
/* onrushctl: the examples of --help, request show, export, a lower quota, times after 2038, and an
 * audit that finds each planted breach. */
#include "tests/integration/event.h"

#include "tests/support/private_redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct stack stack;

BEFORE_ALL(up)
{
    stack_up(&stack, NULL);
}

/* fill: creates a campaign in which ann, bob and cid are decided. */
static void fill(struct event *e, const char *name, int quota)
{
    static const char *const users[] = {"ann", "bob", "cid"};
    event_open(e, &stack, name);
    event_create(e, textf("--quota %d", quota));
    for (size_t i = 0; i < LENGTH(users); i++)
        assert_int_equal(event_post(e, users[i], NULL), 202);
    event_wait(e, 10000);
}

static const char *text_at(const json_t *object, const char *side, const char *member)
{
    return json_string_value(json_object_get(json_object_get(object, side), member));
}

TEST(test_request_show)
{
    struct event e;
    fill(&e, "shown", 2);
    json_t *ann = stack_ctl_json(&stack, "request show shown ann");
    assert_string_equal(text_at(ann, "redis", "status"), "granted");
    assert_string_equal(text_at(ann, "mariadb", "code"), text_at(ann, "redis", "code"));
    assert_int_equal(json_integer_value(json_object_get(json_object_get(ann, "mariadb"), "serial")),
                     1);
    json_decref(ann);
    json_t *cid = stack_ctl_json(&stack, "request show shown cid");
    assert_string_equal(text_at(cid, "redis", "status"), "sold_out");
    assert_true(json_is_null(json_object_get(cid, "mariadb")));
    json_decref(cid);
    assert_int_equal(stack_ctl(&stack, NULL, "request show shown nobody"), 2);
    assert_int_equal(stack_ctl(&stack, NULL, "request show nothing ann 2>&1"), 2);
    assert_int_equal(stack_ctl(&stack, NULL, "request show shown 'a b' 2>&1"), 64);
    event_close(&e);
}

TEST(test_export)
{
    struct event e;
    char *text, *line;
    fill(&e, "exported", 2);
    assert_int_equal(stack_ctl(&stack, &text, "export exported"), 0);
    line = strtok(text, "\n");
    assert_string_equal(line, "serial,user_id,code,ticket,granted_at");
    assert_memory_equal(strtok(NULL, "\n"), "1,ann,", 6);
    assert_memory_equal(strtok(NULL, "\n"), "2,bob,", 6);
    assert_null(strtok(NULL, "\n"));
    free(text);
    json_t *rows = stack_ctl_json(&stack, "export exported --format json");
    assert_int_equal(json_array_size(rows), 2);
    const json_t *second = json_array_get(rows, 1);
    assert_string_equal(json_string_value(json_object_get(second, "user_id")), "bob");
    assert_int_equal(json_integer_value(json_object_get(second, "ticket")),
                     stack_number(&e.db,
                                  "SELECT ticket FROM coupons WHERE user_id = 'bob' AND code "
                                  "= '%s'",
                                  json_string_value(json_object_get(second, "code"))));
    json_decref(rows);
    assert_int_equal(stack_ctl(&stack, NULL, "export exported --format xml 2>&1"), 64);
    assert_int_equal(stack_ctl(&stack, NULL, "export nothing 2>&1"), 2);
    event_close(&e);
}

static int64_t quota_of(struct event *e)
{
    return stack_number(&e->db, "SELECT quota FROM campaigns WHERE name = '%s'", e->name);
}

/* A quota can fall to the granted number and no lower; losers stay losers. */
TEST(test_lower_quota)
{
    struct event e;
    struct campaign_head head;
    char *text;
    fill(&e, "lower", 5);
    event_ctl(&stack, "campaign set-quota lower 3");
    assert_true(stack_head(e.redis, "lower", &head));
    assert_int_equal(head.quota, 3);
    assert_int_equal(event_post(&e, "dan", NULL), 202);
    event_wait(&e, 10000);
    assert_int_equal(event_post(&e, "dan", NULL), 409);
    assert_int_equal(stack_ctl(&stack, &text, "campaign set-quota lower 2 2>&1"), 75);
    assert_non_null(strstr(text, "3"));
    free(text);
    assert_int_equal(quota_of(&e), 3);
    event_ctl(&stack, "audit lower");
    event_close(&e);
}

TEST(test_beyond_2038)
{
    static struct http_answer a;
    struct event e;
    struct campaign_head head;
    event_make(&e, &stack, "far",
               "--quota 1 --opens-at 2107-01-01T00:00:00Z --closes-at 2108-01-01T00:00:00Z");
    json_t *object = stack_ctl_json(&stack, "campaign show far");
    assert_string_equal(json_string_value(json_object_get(object, "opens_at")),
                        "2107-01-01T00:00:00Z");
    json_decref(object);
    assert_true(stack_head(e.redis, "far", &head));
    assert_true(head.opens_us == INT64_C(4323283200000000));
    assert_int_equal(event_post(&e, "ann", &a), 403);
    assert_non_null(strstr(a.body, "NOT_OPEN"));
    event_close(&e);
}

/* --- planted breaches --- */

/* SQL that ends before the campaign's id, or a Redis command that damages a campaign of three users
 * with this quota, and the check that must find it. */
static const struct breach {
    const char *check;
    int quota;
    const char *sql, *redis;
} breaches[] = {
    {"over_quota", 3, "UPDATE campaigns SET quota = 2, granted = 2 WHERE id = ", NULL},
    {"inversions", 3,
     "UPDATE coupons SET ticket = ticket + 60000000 WHERE serial = 1 AND campaign_id = ", NULL},
    {"overtaken", 3,
     "INSERT INTO journalled SELECT id, 'eve', 1, NULL, 3, 0, 8 FROM campaigns WHERE id = ", NULL},
    {"serial_gaps", 4, "UPDATE coupons SET serial = 4 WHERE serial = 3 AND campaign_id = ", NULL},
    {"granted_column", 3, "UPDATE campaigns SET granted = 2 WHERE id = ", NULL},
    {"journal_forgotten", 3,
     "INSERT INTO journal (campaign_id, user_id, ticket, gateway) SELECT id, 'eve', 1, 'g' FROM "
     "campaigns WHERE state = 'settled' AND id = ",
     NULL},
    {"unaccounted", 3, NULL, "HINCRBY onrush:{%s}:meta admitted 1"},
    {"shown_uncommitted", 3, NULL, "HSET onrush:{%s}:users eve g4:AAAA-AAAA-AAAA-AAAA:1"},
    {"not_shown", 3, NULL, "HDEL onrush:{%s}:users bob"},
    {"misplaced", 3, NULL, "ZADD onrush:{%s}:queue 1 bob"},
    {"miscounted", 3, NULL, "HINCRBY onrush:{%s}:meta refused 1"},
    {"told_too_early", 4, NULL, "HINCRBY onrush:{%s}:meta sold_out 1"},
};

static void plant(struct event *e, const struct breach *b)
{
    int64_t id = stack_number(&e->db, "SELECT id FROM campaigns WHERE name = '%s'", e->name);
    if (b->sql != NULL)
        event_sql(e, textf("%s%" PRId64, b->sql, id));
    else
        redis_says(e->redis, b->redis, e->name);
}

TEST(test_audit_finds)
{
    enum { N = LENGTH(breaches) };
    static struct event events[N];
    for (size_t i = 0; i < N; i++) {
        const char *name = textf("breach-%zu", i);
        fill(&events[i], name, breaches[i].quota);
        if (strcmp(breaches[i].check, "journal_forgotten") != 0)
            continue;
        event_ctl(&stack, "campaign close %s", name);
        wait_for(stack_number(&events[i].db,
                              "SELECT state = 'settled' FROM campaigns WHERE name = '%s'",
                              name) == 1);
    }
    stack_kill(&stack, "scheduler", "TERM"); /* it would repair some damage */
    for (size_t i = 0; i < N; i++) {
        const char *name = events[i].name;
        event_ctl(&stack, "audit %s", name);
        plant(&events[i], &breaches[i]);
        json_t *audit = stack_ctl_json(&stack, "audit %s", name);
        if (json_integer_value(json_object_get(audit, breaches[i].check)) == 0)
            fail_msg("the audit does not find %s", breaches[i].check);
        assert_true(json_is_false(json_object_get(audit, "ok")));
        json_decref(audit);
        assert_int_equal(stack_ctl(&stack, NULL, "audit %s", name), 1);
        event_close(&events[i]);
    }
    stack_start(&stack, "scheduler");
}

/* --- journalled, and overtaken --- */

static uint64_t ticket_of(struct event *e, const char *user)
{
    uint64_t ticket = stack_ticket(e->redis, e->name, user);
    assert_true(ticket != 0);
    return ticket;
}

/* journalled: records that this user came by the journal. */
static void journalled(struct event *e, const char *user, uint64_t arrival, uint64_t decided_to)
{
    assert_int_equal(db_execf(&e->db, NULL,
                              "REPLACE INTO journalled SELECT id, %s, %" PRIu64 ", 0, 2, %" PRIu64
                              ", 8 FROM campaigns WHERE name = %s",
                              user, arrival, decided_to, e->name),
                     DB_OK);
}

/* expect_overtaken: the audit finds exactly this user behind that one; its exit code and text say
 * so, too. */
static void expect_overtaken(struct event *e, const char *user, const char *by)
{
    char *text;
    json_t *audit = stack_ctl_json(&stack, "audit %s", e->name);
    const json_t *example = json_array_get(json_object_get(audit, "overtaken_examples"), 0);
    assert_int_equal(json_integer_value(json_object_get(audit, "overtaken")), 1);
    assert_string_equal(json_string_value(json_object_get(example, "user")), user);
    assert_string_equal(text_at(example, "by", "user"), by);
    assert_int_equal(json_integer_value(json_object_get(audit, "inversions")), 0);
    json_decref(audit);
    assert_int_equal(stack_ctl(&stack, &text, "audit %s", e->name), 1);
    assert_non_null(strstr(text, textf("\novertaken: %s came at", user)));
    free(text);
    event_sql(e, "DELETE FROM journalled");
}

static void expect_fine(struct event *e)
{
    event_ctl(&stack, "audit %s", e->name);
    event_sql(e, "DELETE FROM journalled");
}

/* In Redis' order, ann and bob have the two coupons and cid has none. */
TEST(test_audit_overtaken)
{
    struct event e;
    fill(&e, "arrivals", 2);
    uint64_t ann = ticket_of(&e, "ann"), bob = ticket_of(&e, "bob"), cid = ticket_of(&e, "cid");
    journalled(&e, "bob", ann - 1000, ann - 2000); /* came before ann and lost that place */
    expect_overtaken(&e, "bob", "ann");
    journalled(&e, "cid", ann - 1000, ann); /* ann was in the queue; bob was not */
    expect_overtaken(&e, "cid", "bob");
    journalled(&e, "eve", ann - 1000, ann - 2000); /* neither store knows her */
    expect_overtaken(&e, "eve", "ann");
    journalled(&e, "bob", ann - 1000, ann);
    expect_fine(&e);
    journalled(&e, "bob", ann - 1, ann - 2000); /* no ticket before ann's was free */
    expect_fine(&e);
    journalled(&e, "cid", cid - 1, bob);
    expect_fine(&e);
    event_sql(&e, "INSERT INTO refused (campaign_id, member, ticket, reason) "
                  "SELECT id, 'eve', 1, 'row-refused' FROM campaigns WHERE name = 'arrivals'");
    journalled(&e, "eve", ann - 1000, ann - 2000);
    expect_fine(&e);
    event_close(&e);
}

/* --- help --- */

/* The commands, in an order in which their examples work. */
static const char *const commands[] = {
    "migrate",        "campaign create", "campaign list",
    "campaign pause", "campaign resume", "campaign set-quota",
    "campaign show",  "burst",           "campaign set-instant-wait",
    "request show",   "export",          "audit",
    "campaign close", "drill",
};

/* example_of: extracts the arguments of a command's example from its help. */
static void example_of(const char *command, char example[256])
{
    static const char mark[] = "\nExample:\n  onrushctl ";
    char *help;
    assert_int_equal(stack_ctl(&stack, &help, "%s --help", command), 0);
    const char *at = strstr(help, mark);
    if (at == NULL)
        fail_msg("%s --help shows no example", command);
    at += strlen(mark);
    snprintf(example, 256, "%.*s", (int)strcspn(at, "\n"), at);
    free(help);
    if (strncmp(example, command, strlen(command)) != 0)
        fail_msg("the example of %s is: %s", command, example);
}

static size_t count_commands(void)
{
    char *help;
    size_t n = 0;
    assert_int_equal(stack_ctl(&stack, &help, "--help"), 0);
    for (const char *at = help; (at = strstr(at, "\n  ")) != NULL; at++)
        n += at[3] >= 'a' && at[3] <= 'z';
    free(help);
    return n;
}

TEST(test_examples_work)
{
    assert_int_equal(count_commands(), LENGTH(commands));
    for (size_t i = 0; i < LENGTH(commands); i++) {
        char example[256], *said;
        example_of(commands[i], example);
        int code = stack_ctl(&stack, &said, "%s 2>&1", example);
        if (code != 0)
            fail_msg("onrushctl %s: exit code %d: %s", example, code, said);
        free(said);
    }
}

/* --- bursts --- */

/* A rehearsal that gets only errors has tested nothing: it fails and says why. Some errors are
 * normal: 5 of 20 users are admitted. */
TEST(test_burst_of_errors)
{
    struct event e;
    char *said;
    assert_int_equal(stack_ctl(&stack, &said, "burst nowhere --requests 20 2>&1"), 1);
    assert_non_null(strstr(said, "every answer was an error, such as 404 NO_CAMPAIGN"));
    free(said);
    event_make(&e, &stack, "partly", "--quota 1 --overflow 4");
    assert_int_equal(stack_ctl(&stack, &said, "burst partly --requests 20 2>&1"), 0);
    assert_non_null(strstr(said, "409 SOLD_OUT"));
    free(said);
    event_close(&e);
}

STACK_ENDS(stack)

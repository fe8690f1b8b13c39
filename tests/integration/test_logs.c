/* SPDX-License-Identifier: Apache-2.0 */
/* The logs of a whole event: every line is JSON and has no code, token or password. Request ids
 * appear in answers, problems and the log. */
#include "tests/integration/event.h"

#include "tests/support/file.h"
#include "tests/support/raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACEPARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static struct stack stack;
static struct event event;

BEFORE_ALL(up)
{
    event_start(&event, &stack,
                (const char *const[]){
                    "--set", "gateway.log.level=debug", "--set", "gateway.log.format=json", "--set",
                    "scheduler.log.level=debug", "--set", "scheduler.log.format=json", NULL},
                "--quota 50");
}

/* --- request ids --- */

/* ask: posts this body with one more header (NULL: none). */
static void ask(const char *body, const char *header, struct http_answer *a)
{
    http_ask(
        &(struct http_request){
            .url = event_url(&event, "/requests"), .body = body, .json = true, .headers = {header}},
        a);
}

static const char *id_in(const struct http_answer *a)
{
    const char *id = http_header(a, "X-Request-Id");
    return id != NULL ? id : "";
}

TEST(test_the_id_comes_back)
{
    struct http_answer a;
    ask("{\"user_id\":\"u-1\"}", "X-Request-Id: shop-17.a_b", &a);
    assert_int_equal(a.status, 202);
    assert_string_equal(id_in(&a), "shop-17.a_b");
    ask("{\"user_id\":\"u-2\"}", "traceparent: " TRACEPARENT, &a);
    assert_int_equal(a.status, 202);
    assert_string_equal(id_in(&a), "4bf92f3577b34da6a3ce929d0e0e4736");
    ask("{\"user_id\":\"u-3\"}", NULL, &a); /* no id was sent, and nothing is wrong */
    assert_int_equal(a.status, 202);
    assert_string_equal(id_in(&a), "");
}

TEST(test_a_problem_has_one)
{
    struct http_answer a;
    ask("{", "X-Request-Id: mine", &a);
    assert_int_equal(a.status, 400);
    assert_string_equal(id_in(&a), "mine");
    assert_non_null(strstr(a.body, ",\"request_id\":\"mine\"}"));
    ask("{", NULL, &a);
    const char *first = textf("%s", id_in(&a));
    assert_int_equal(strlen(first), 16);
    assert_non_null(strstr(a.body, textf(",\"request_id\":\"%s\"}", first)));
    ask("{", NULL, &a);
    assert_string_not_equal(id_in(&a), first);
    ask("{", "X-Request-Id: \"},{\"", &a); /* invalid, so the gateway makes one */
    assert_int_equal(strlen(id_in(&a)), 16);
    json_t *doc = json_loads(a.body, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(doc, "request_id")), id_in(&a));
    json_decref(doc);
}

TEST(test_the_log_knows_it)
{
    struct http_answer a;
    ask("{", "X-Request-Id: look-for-me", &a);
    assert_true(stack_log_wait(&stack, "gateway", 0, "\"request\":\"look-for-me\""));
}

/* Every fault has a log line, even if it is no request; a campaign's decisions have none. */
TEST(test_faults_are_logged)
{
    static const char nonsense[] = "NONSENSE\r\n\r\n";
    struct event later;
    event_make(&later, &stack, "later", "--quota 1 --opens-at +1h");
    assert_int_equal(event_post(&later, "u-1", NULL), 403);
    event_close(&later);
    int fd = raw_connect(stack.url);
    raw_send(fd, nonsense, sizeof nonsense - 1);
    assert_true(stack_log_wait(&stack, "gateway", 0, "\"code\":\"BAD_REQUEST\""));
    close(fd);
    assert_int_equal(http_get(textf("%s/v1/campaigns/nobody", stack.url), NULL), 404);
    assert_true(stack_log_wait(&stack, "gateway", 0, "\"code\":\"NO_CAMPAIGN\""));
    assert_false(stack_log_says(&stack, "gateway", 0, "NOT_OPEN"));
}

/* --- forbidden content --- */

static size_t check_json(const char *log)
{
    size_t n = 0;
    for (const char *line = log; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        json_t *doc = json_loadb(line, len, 0, NULL);
        if (doc == NULL)
            fail_msg("this is no JSON: %.*s", (int)len, line);
        json_decref(doc);
        n++;
        line += len + (line[len] == '\n');
    }
    return n;
}

TEST(test_no_secrets)
{
    static const char *const parts[] = {"gateway", "scheduler"};
    static const char *const files[] = {"db.password", "admin.token"};
    for (int i = 0; i < 60; i++)
        event_post(&event, textf("late-%d", i), NULL);
    event_wait(&event, 20000);
    MYSQL_RES *rows;
    MYSQL_ROW row;
    size_t codes = 0;
    for (size_t i = 0; i < LENGTH(parts); i++) {
        char *log = stack_log(&stack, parts[i]);
        assert_true(check_json(log) > 3);
        assert_int_equal(db_query(&event.db, "SELECT code FROM coupons", &rows), DB_OK);
        for (; (row = mysql_fetch_row(rows)) != NULL; codes++)
            assert_null(strstr(log, row[0]));
        mysql_free_result(rows);
        for (size_t j = 0; j < LENGTH(files); j++) {
            char *secret = file_read(textf("%s/%s", stack.dir, files[j]));
            secret[strcspn(secret, "\n")] = '\0';
            assert_true(strlen(secret) > 8);
            assert_null(strstr(log, secret));
            free(secret);
        }
        free(log);
    }
    assert_int_equal(codes, 100);
}

EVENT_ENDS(event)

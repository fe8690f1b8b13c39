/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: with auth.key_file, a user is served only with their own token, and a bad request is
 * rejected before Redis is asked. */
#include "tests/integration/event.h"

#include "tests/support/child.h"
#include "tests/support/file.h"

#include <jwt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECRET "an integration test's own secret"

static struct stack stack;
static struct event event;
static char *anns, *bobs, *old, *forged; /* headers with tokens */

/* bearer: returns a header with a token of `user` that expires in `life_s`. */
static char *bearer(const char *user, long life_s, const char *secret)
{
    char *header = NULL;
    jwt_t *jwt = NULL;
    assert_int_equal(jwt_new(&jwt), 0);
    assert_int_equal(jwt_add_grant(jwt, "sub", user), 0);
    assert_int_equal(jwt_add_grant_int(jwt, "exp", (long)time(NULL) + life_s), 0);
    assert_int_equal(
        jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)secret, (int)strlen(secret)), 0);
    char *token = jwt_encode_str(jwt);
    assert_true(asprintf(&header, "Authorization: Bearer %s", token) > 0);
    free(token);
    jwt_free(jwt);
    return header;
}

BEFORE_ALL(up)
{
    const char *set = textf("gateway.auth.key_file=%s", file_make("key", SECRET "\n"));
    event_start(&event, &stack,
                (const char *const[]){"--set", set, "--set", "gateway.log.level=debug", NULL},
                "--quota 10");
    anns = bearer("ann", 3600, SECRET);
    bobs = bearer("bob", 3600, SECRET);
    old = bearer("ann", -3600, SECRET);
    forged = bearer("ann", 3600, "not the secret of this gateway!!");
}

AFTER_ALL(down)
{
    free(anns);
    free(bobs);
    free(old);
    free(forged);
    event_close(&event);
}

/* ask: sends a POST for `user`, or a GET if `path` is not NULL; `header` NULL: no token. */
static int ask(const char *path, const char *user, const char *header, struct http_answer *a)
{
    struct http_request r = {.url = event_url(&event, "%s", path != NULL ? path : "/requests"),
                             .json = true,
                             .headers = {header}};
    if (path == NULL)
        r.body = textf("{\"user_id\":\"%s\"}", user);
    return http_ask(&r, a);
}

TEST(test_refused)
{
    static struct http_answer a;
    const struct {
        const char *header;
        int status;
        const char *code;
    } cases[] = {{NULL, 401, "UNAUTHORIZED"},
                 {"Authorization: Basic YW5uOnB3", 401, "UNAUTHORIZED"},
                 {"Authorization: Bearer garbage", 401, "UNAUTHORIZED"},
                 {old, 401, "UNAUTHORIZED"},
                 {forged, 401, "UNAUTHORIZED"},
                 {bobs, 403, "WRONG_USER"}};
    for (size_t i = 0; i < 2 * LENGTH(cases); i++) {
        const char *path = i % 2 == 0 ? NULL : "/requests/ann?wait=1";
        int status = ask(path, "ann", cases[i / 2].header, &a);
        const char *challenge = http_header(&a, "WWW-Authenticate");
        if (status != cases[i / 2].status || strstr(a.body, cases[i / 2].code) == NULL ||
            (challenge != NULL && strcmp(challenge, "Bearer") == 0) != (status == 401))
            fail_msg("case %zu: %d %s", i, status, a.body);
    }
}

TEST(test_nothing_of_it_reached_redis)
{
    static const struct {
        const char *series;
        long value;
    } metrics[] = {{"onrush_gateway_redis_calls_total{call=\"enqueue\"}", 0},
                   {"onrush_gateway_redis_calls_total{call=\"status\"}", 0},
                   {"onrush_gateway_answers_total{outcome=\"unauthorized\"}", 10},
                   {"onrush_gateway_answers_total{outcome=\"wrong_user\"}", 2}};
    for (size_t i = 0; i < LENGTH(metrics); i++)
        assert_int_equal(event_metric(stack.admin_url, metrics[i].series), metrics[i].value);
}

TEST(test_taken)
{
    static struct http_answer a;
    assert_int_equal(ask("", "", NULL, &a), 200); /* the campaign itself needs no token */
    assert_int_equal(ask(NULL, "ann", anns, &a), 202);
    assert_int_equal(ask("/requests/ann?wait=10", "ann", anns, &a), 200);
    assert_non_null(strstr(a.body, "\"status\":\"granted\""));
    assert_int_equal(ask("/requests/ann", "ann", bobs, &a), 403);
    assert_int_equal(ask("/requests/bob", "bob", bobs, &a), 404);
}

/* Even at level debug. */
TEST(test_no_token_in_the_log)
{
    const char *const headers[] = {anns, bobs, old, forged};
    for (size_t i = 0; i < LENGTH(headers); i++)
        assert_false(stack_log_says(&stack, "gateway", 0, strrchr(headers[i], '.')));
    assert_false(stack_log_says(&stack, "gateway", 0, SECRET));
}

TEST(test_a_wrong_key_stops_the_start)
{
    static const char *const wrong[] = {"auth.key_file=/does/not/exist", "auth.algorithm=none"};
    for (size_t i = 0; i < LENGTH(wrong); i++)
        event_no_start(&stack, "gateway",
                       (const char *const[]){"--config", "/dev/null", "--set", wrong[i], NULL}, 78);
}

STACK_ENDS(stack)

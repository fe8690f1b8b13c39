/* SPDX-License-Identifier: Apache-2.0 */
/* shared/daemon/callback_sender against real servers: good, slow, faulty and absent ones. */
#include "tests/support/test.h"

#include "shared/base/clock.h"
#include "shared/daemon/callback_sender.h"
#include "tests/support/child.h"
#include "tests/support/hook.h"

#include <stdlib.h>
#include <string.h>

#define SECRET "s3cret of the hook"

static struct callback_sender *sender;
static struct callback_sender_config config;
static struct callback_receiver receiver;
static struct hook *hook;

static void up(void)
{
    hook = hook_start(NULL);
    config = (struct callback_sender_config){
        .timeout_ms = 1000, .flush_ms = 3000, .ca_file = "", .tick_ms = 20};
    receiver = (struct callback_receiver){.name = "the hook",
                                          .url = hook_url(hook),
                                          .secret = SECRET,
                                          .queue = 4,
                                          .retry_for_ms = 60000};
}

static void down(void)
{
    sender = callback_sender_free(sender);
    hook = hook_stop(hook);
}

static void start(void)
{
    sender = callback_sender_new(&config);
    assert_non_null(sender);
    assert_int_equal(callback_sender_add(sender, &receiver), 0);
    assert_int_equal(callback_sender_start(sender), 0);
}

static void send_text(const char *id, const char *text)
{
    assert_true(callback_sender_send(sender, 0, id, strdup(text)));
}

static void reaches(metric_value *counter, int64_t value)
{
    wait_for(metric_get(counter) == value);
}

static struct callback_metrics *m(void)
{
    return callback_sender_metrics(sender);
}

static const char *body_of(size_t i)
{
    static struct hook_request r;
    hook_get(hook, i, &r);
    return r.body;
}

TEST_WITH(test_delivers_and_signs, up, down)
{
    struct hook_request r;
    char id[64], stamp[32], text[80];
    start();
    send_text("id-1", "{\"a\":1}");
    assert_true(hook_wait(hook, 1, 10000));
    reaches(&m()->delivered, 1);
    reaches(&m()->waiting, 0);
    hook_get(hook, 0, &r);
    assert_string_equal(r.body, "{\"a\":1}");
    assert_int_equal(strncmp(r.head, "POST /hook HTTP/1.1\r\n", 21), 0);
    assert_true(hook_header(&r, "Content-Type", text, sizeof text));
    assert_string_equal(text, "application/json");
    assert_true(hook_header(&r, "Onrush-Event", id, sizeof id));
    assert_string_equal(id, "id-1");
    assert_true(hook_header(&r, "Onrush-Timestamp", stamp, sizeof stamp));
    assert_in_range(clock_wall_us() / 1000000 - atoll(stamp), 0, 30);
    hook_check_signature(&r, SECRET);
    assert_false(hook_header(&r, "Expect", text, sizeof text));
}

TEST_WITH(test_no_secret_no_signature, up, down)
{
    struct hook_request r;
    char text[80];
    receiver.secret = "";
    start();
    send_text("id", "{}");
    assert_true(hook_wait(hook, 1, 10000));
    hook_get(hook, 0, &r);
    assert_false(hook_header(&r, "Onrush-Signature", text, sizeof text));
}

/* tries_again: after any failure the same message arrives once the server works. */
static void tries_again(enum hook_answer first)
{
    hook_answer(hook, first);
    start();
    send_text("one", "{\"n\":1}");
    send_text("two", "{\"n\":2}");
    assert_true(hook_wait(hook, 1, 10000));
    reaches(&m()->failed_tries, 1);
    hook_answer(hook, HOOK_OK);
    reaches(&m()->delivered, 2);
    size_t n = hook_count(hook);
    assert_string_equal(body_of(n - 2), "{\"n\":1}"); /* in order */
    assert_string_equal(body_of(n - 1), "{\"n\":2}");
    assert_int_equal(metric_get(&m()->rejected), 0);
}

TEST_WITH(test_after_500, up, down)
{
    tries_again(HOOK_ERROR);
}

TEST_WITH(test_after_silence, up, down)
{
    config.timeout_ms = 300;
    tries_again(HOOK_HANG);
}

TEST_WITH(test_after_a_cut, up, down)
{
    tries_again(HOOK_CLOSE);
}

TEST_WITH(test_after_garbage, up, down)
{
    tries_again(HOOK_GARBAGE);
}

TEST_WITH(test_after_a_flood, up, down)
{
    tries_again(HOOK_FLOOD);
}

TEST_WITH(test_redirects_are_not_followed, up, down)
{
    hook_answer(hook, HOOK_REDIRECT);
    start();
    send_text("id", "{}");
    reaches(&m()->rejected, 1);
    send_text("id", "{}");
    reaches(&m()->rejected, 2);
    assert_int_equal(hook_count(hook), 2);
}

TEST_WITH(test_400_is_final, up, down)
{
    hook_answer(hook, HOOK_WRONG);
    start();
    send_text("bad", "{\"n\":1}");
    reaches(&m()->rejected, 1);
    hook_answer(hook, HOOK_OK);
    send_text("good", "{\"n\":2}");
    reaches(&m()->delivered, 1);
    assert_int_equal(hook_count(hook), 2);
}

TEST_WITH(test_gives_up, up, down)
{
    receiver.retry_for_ms = 0;
    hook_answer(hook, HOOK_ERROR);
    start();
    send_text("id", "{}");
    reaches(&m()->expired, 1);
    assert_int_equal(hook_count(hook), 1);
    reaches(&m()->waiting, 0);
}

/* One message is in flight and hangs, and four are queued: of six more the oldest two are dropped.
 * */
TEST_WITH(test_full, up, down)
{
    config.timeout_ms = 1500;
    hook_answer(hook, HOOK_HANG);
    start();
    send_text("head", "{\"n\":0}");
    assert_true(hook_wait(hook, 1, 10000));
    for (char body[] = "{\"n\":1}"; body[5] <= '6'; body[5]++)
        send_text("id", body);
    assert_int_equal(metric_get(&m()->dropped), 2);
    assert_int_equal(callback_sender_waiting(sender, 0), 4);
    assert_int_equal(metric_get(&m()->waiting), 5);
    hook_answer(hook, HOOK_OK);
    reaches(&m()->delivered, 5);
    size_t n = hook_count(hook);
    assert_string_equal(body_of(n - 5), "{\"n\":0}");
    assert_string_equal(body_of(n - 4), "{\"n\":3}");
    assert_string_equal(body_of(n - 1), "{\"n\":6}");
}

/* A hanging receiver does not affect the other. */
TEST_WITH(test_receivers_are_apart, up, down)
{
    struct hook *other = hook_start(NULL);
    config.timeout_ms = 30000;
    config.flush_ms = 100;
    hook_answer(hook, HOOK_HANG);
    sender = callback_sender_new(&config);
    assert_int_equal(callback_sender_add(sender, &receiver), 0);
    receiver.url = hook_url(other);
    assert_int_equal(callback_sender_add(sender, &receiver), 1);
    assert_int_equal(callback_sender_start(sender), 0);
    send_text("id", "{}");
    assert_true(hook_wait(hook, 1, 10000));
    for (int i = 0; i < 3; i++)
        callback_sender_send(sender, 1, "id", strdup("{}"));
    reaches(&m()->delivered, 3);
    sender = callback_sender_free(sender); /* does not wait 30 s for the hanging one */
    hook_stop(other);
}

/* A message sent just before the end arrives. */
TEST_WITH(test_flush, up, down)
{
    start();
    for (int i = 0; i < 4; i++)
        send_text("id", "{}");
    sender = callback_sender_free(sender);
    assert_int_equal(hook_count(hook), 4);
}

TEST_WITH(test_nobody_listens, up, down)
{
    receiver.url = "http://127.0.0.1:1/";
    start();
    send_text("id", "{}");
    reaches(&m()->failed_tries, 1);
    int64_t began_us = clock_mono_us();
    sender = callback_sender_free(sender); /* does not wait for a failing server */
    assert_in_range(clock_mono_us() - began_us, 0, 2500000);
}

TEST_WITH(test_other_protocols, up, down)
{
    receiver.retry_for_ms = 0;
    receiver.url = "file:///etc/passwd";
    start();
    send_text("id", "{}");
    reaches(&m()->expired, 1);
}

TEST_WITH(test_tls_is_verified, up, down)
{
    const char *ca = textf("%s/ca.pem", tempdir_make());
    struct hook *safe = hook_start(ca);
    receiver.url = hook_url(safe);
    receiver.retry_for_ms = 0;
    start();
    send_text("id", "{}"); /* signed by an unknown authority */
    reaches(&m()->expired, 1);
    assert_int_equal(hook_count(safe), 0);
    sender = callback_sender_free(sender);
    config.ca_file = ca;
    start();
    send_text("id", "{}");
    reaches(&m()->delivered, 1);
    sender = callback_sender_free(sender);
    char *url = strdup(hook_url(safe)); /* the right key, but another name */
    memcpy(strstr(url, "127.0.0.1"), "localhost", 9);
    receiver.url = url;
    start();
    send_text("id", "{}");
    reaches(&m()->expired, 1);
    free(url);
    hook_stop(safe);
}

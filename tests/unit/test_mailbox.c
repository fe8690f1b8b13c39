/* SPDX-License-Identifier: Apache-2.0 */
/* shared/base/mailbox: each mail arrives once, in its sender's order, at threads and in an event
 * loop. */
#include "tests/support/test.h"

#include "shared/base/clock.h"
#include "shared/base/mailbox.h"

#include <event2/event.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SENDERS     4
#define READERS     3
#define MAILS       5000 /* per sender */
#define PATIENCE_US 20000000

struct letter {
    struct mail mail;
    int sender, number;
};

static struct letter letters[SENDERS][MAILS];
static atomic_int seen[SENDERS][MAILS], n_seen;
static struct mailbox box;
static struct event_base *base;

static void see(const struct mail *mail)
{
    const struct letter *letter = (const struct letter *)mail;
    seen[letter->sender][letter->number]++;
    n_seen++;
}

static void set_up(void)
{
    mailbox_init(&box);
    base = event_base_new();
    n_seen = 0;
    for (int i = 0; i < SENDERS; i++) {
        for (int j = 0; j < MAILS; j++) {
            letters[i][j] = (struct letter){.sender = i, .number = j};
            seen[i][j] = 0;
        }
    }
    assert_non_null(base);
}

static void tear_down(void)
{
    mailbox_end(&box, NULL);
    event_base_free(base);
}

static void *send_all(void *arg)
{
    struct letter *mine = arg;
    for (int i = 0; i < MAILS; i++)
        mailbox_put(&box, &mine[i].mail);
    return NULL;
}

static void start_senders(pthread_t threads[SENDERS])
{
    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, letters[i]), 0);
}

static void join(pthread_t *threads, int n)
{
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
}

static void assert_each_seen_once(void)
{
    assert_int_equal(n_seen, SENDERS * MAILS);
    for (int i = 0; i < SENDERS; i++) {
        for (int j = 0; j < MAILS; j++)
            assert_int_equal(seen[i][j], 1);
    }
}

static void *read_some(void *arg)
{
    (void)arg;
    while (n_seen < SENDERS * MAILS && mailbox_wait(&box, MAILBOX_FOREVER)) {
        struct mail *mail = mailbox_take(&box);
        if (mail != NULL)
            see(mail);
    }
    mailbox_shut(&box); /* ends the waiting of the other readers */
    return NULL;
}

#define MAILBOX_TEST(name) TEST_WITH(name, set_up, tear_down)

MAILBOX_TEST(test_many_threads)
{
    pthread_t senders[SENDERS], readers[READERS];
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_some, NULL), 0);
    start_senders(senders);
    join(senders, SENDERS);
    join(readers, READERS);
    assert_each_seen_once();
}

MAILBOX_TEST(test_first_in_first_out)
{
    struct mail_list list = STAILQ_HEAD_INITIALIZER(list);
    for (int i = 0; i < 3; i++)
        mailbox_put(&box, &letters[0][i].mail);
    assert_ptr_equal(mailbox_take(&box), &letters[0][0]);
    mailbox_take_all(&box, &list);
    assert_ptr_equal(STAILQ_FIRST(&list), &letters[0][1]);
    assert_ptr_equal(STAILQ_NEXT(STAILQ_FIRST(&list), next), &letters[0][2]);
    assert_null(mailbox_take(&box));
}

MAILBOX_TEST(test_wait_ends_in_time)
{
    int64_t until_us = clock_mono_us() + 20000;
    assert_true(mailbox_wait(&box, until_us));
    assert_true(clock_mono_us() >= until_us);
    mailbox_put(&box, &letters[0][0].mail);
    assert_true(mailbox_wait(&box, MAILBOX_FOREVER));
    until_us = clock_mono_us() + 20000;
    assert_true(mailbox_sleep(&box, until_us)); /* although there is mail */
    assert_true(clock_mono_us() >= until_us);
    mailbox_take(&box);
}

/* A waiting or sleeping thread, and its result. */
struct idler {
    bool (*idle)(struct mailbox *box, int64_t until_us);
    atomic_int tid;
    pthread_t thread;
    bool result;
};

static void *idle(void *arg)
{
    struct idler *i = arg;
    i->tid = gettid();
    i->result = i->idle(&box, MAILBOX_FOREVER);
    return NULL;
}

static bool is_asleep(int tid)
{
    char path[64], state = '?';
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
    fclose(file);
    return state == 'S';
}

static void start_idler(struct idler *i)
{
    assert_int_equal(pthread_create(&i->thread, NULL, idle, i), 0);
    while (i->tid == 0 || !is_asleep(i->tid))
        sched_yield();
}

/* A mail wakes a waiting thread, even if another sleeps there; closing the box wakes all. */
MAILBOX_TEST(test_who_is_woken)
{
    struct idler sleeper = {.idle = mailbox_sleep}, waiter = {.idle = mailbox_wait}, late = waiter;
    start_idler(&sleeper);
    start_idler(&waiter);
    mailbox_put(&box, &letters[0][0].mail);
    pthread_join(waiter.thread, NULL);
    assert_true(waiter.result);
    mailbox_take(&box);
    start_idler(&late);
    mailbox_shut(&box);
    pthread_join(sleeper.thread, NULL);
    pthread_join(late.thread, NULL);
    assert_false(sleeper.result || late.result);
    assert_false(mailbox_wait(&box, MAILBOX_FOREVER));
}

static int last_of[SENDERS];

static void on_mail(void *arg, struct mail *mail)
{
    const struct letter *letter = (const struct letter *)mail;
    assert_ptr_equal(arg, base);
    assert_int_equal(letter->number, last_of[letter->sender]++);
    see(mail);
}

static void turn_until(int n)
{
    for (int64_t began_us = clock_mono_us(); n_seen < n;) {
        assert_true(clock_mono_us() - began_us < PATIENCE_US);
        event_base_loop(base, EVLOOP_ONCE);
    }
}

MAILBOX_TEST(test_loop)
{
    pthread_t senders[SENDERS];
    assert_int_equal(mailbox_attach(&box, base, on_mail, base), 0);
    start_senders(senders);
    turn_until(SENDERS * MAILS);
    join(senders, SENDERS);
    assert_each_seen_once();
}

MAILBOX_TEST(test_ring)
{
    assert_int_equal(mailbox_attach(&box, base, on_mail, base), 0);
    mailbox_ring(&box);
    event_base_loop(base, EVLOOP_ONCE); /* returns because of the mail */
    assert_int_equal(n_seen, 0);
}

MAILBOX_TEST(test_shut_tells_the_loop_no_more)
{
    assert_int_equal(mailbox_attach(&box, base, on_mail, base), 0);
    mailbox_shut(&box);
    mailbox_put(&box, &letters[0][0].mail);
    assert_int_equal(event_base_loop(base, EVLOOP_NONBLOCK), 1); /* no event is registered */
    assert_ptr_equal(mailbox_take(&box), &letters[0][0]);
}

/* The handler of the last mail may end the mailbox. */
static void end_box(void *arg, struct mail *mail)
{
    see(mail);
    mailbox_end(arg, NULL);
}

MAILBOX_TEST(test_end_by_the_last_mail)
{
    struct mailbox *own = malloc(sizeof *own);
    mailbox_init(own);
    assert_int_equal(mailbox_attach(own, base, end_box, own), 0);
    mailbox_put(own, &letters[0][0].mail);
    turn_until(1);
    free(own);
    assert_int_equal(event_base_loop(base, EVLOOP_NONBLOCK), 1);
}

static void see_left(void *mail)
{
    see(mail);
}

MAILBOX_TEST(test_end_frees_the_mails_that_are_left)
{
    struct mailbox own;
    mailbox_init(&own);
    mailbox_put(&own, &letters[0][0].mail);
    mailbox_put(&own, &letters[0][1].mail);
    mailbox_end(&own, see_left);
    assert_int_equal(n_seen, 2);
    assert_int_equal(seen[0][0] + seen[0][1], 2);
}

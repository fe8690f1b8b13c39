/* SPDX-License-Identifier: Apache-2.0 */
/* What the integration tests do with a campaign: create it, send a burst, wait until everybody is
 * decided, and compare what the clients were told with what Redis and MariaDB hold. */
#ifndef ONRUSH_TESTS_EVENT_H
#define ONRUSH_TESTS_EVENT_H

#include "tests/support/http.h"
#include "tests/support/stack.h"
#include "tests/support/test.h"

#include <pthread.h>

/* What one user was told, over all answers. */
struct told {
    char user[USER_ID_MAX + 1];
    uint64_t ticket; /* 0: never admitted */
    uint32_t serial; /* by MariaDB; 0: none */
    char code[COUPON_CODE_LEN + 1];
};

struct event {
    struct stack *stack;
    const char *name;
    redisContext *redis;
    struct db db;
    struct told *told; /* one a user, by ticket; those without one at the end */
    uint32_t *index;   /* places in told[] + 1, by a hash of the user; 0: free. Rebuilt as needed */
    size_t room;       /* of the index */
    size_t n, n_tickets;
    size_t answers, faults; /* lines of the ledger; those that are no answer, or a 5xx */
};

/* event_open: connects; `name` must live as long. event_close: frees. */
void event_open(struct event *event, struct stack *stack, const char *name);
void event_close(struct event *event);

/* event_metric: the value of one series of the daemon with this admin listener; fails when there is
 * none. event_wait_metric: until it is `value`; fails after 20 s. */
long event_metric(const char *admin_url, const char *series);
void event_wait_metric(const char *admin_url, const char *series, long value);

/* event_create: `onrushctl campaign create NAME options`, and waits until Redis has it.
 * event_wait_open: this alone. */
void event_create(struct event *event, const char *options);
void event_wait_open(const struct event *event);

/* event_url: path of the campaign behind the gateway's address: "" or "/requests" or
 * "/requests/u-1"; static. */
const char *event_url(const struct event *event, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* event_post: the status of POST for this user; the answer may be NULL. */
int event_post(const struct event *event, const char *user, struct http_answer *answer);

/* A POST in a thread of its own. */
struct posting {
    pthread_t thread;
    const struct event *event;
    const char *user;
    _Atomic int status; /* 0: not answered yet */
    struct http_answer answer;
};

/* posting_begin: returns at once. posting_end: waits for the answer; the status. */
void posting_begin(struct posting *posting, const struct event *event, const char *user);
int posting_end(struct posting *posting);

/* event_wait: until nobody waits for a decision; fails the test after `timeout_ms`. */
void event_wait(struct event *event, int64_t timeout_ms);

/* event_read_ledger: reads what `onrushctl burst --ledger` wrote into told[]. */
void event_read_ledger(struct event *event, const char *path);

/* event_note: notes one answer of one user, the answers in their order; ticket 0: none was told. A
 * ticket may get lower, when an earlier request is found in the journal; the test fails when it
 * gets higher. */
void event_note(struct event *event, const char *user, uint64_t ticket);

/* event_check: the grants in MariaDB are exactly the first min(quota, tickets) tickets, with the
 * serials 1, 2, 3 ... in their order, and distinct codes; Redis holds the same of every user; audit
 * agrees. Fills in serial and code. */
void event_check(struct event *event, uint32_t quota);

/* event_check_answers: asks GET and POST again for every user; both must say what MariaDB says. */
void event_check_answers(struct event *event);

/* The last test of a program: everything stops in order, and no log tells of a fault. With an
 * event, that is closed before. */
#define STACK_ENDS(stack) cmocka_unit_test_prestate(test_stack_ends, &(stack))
#define EVENT_ENDS(event) cmocka_unit_test_prestate(test_event_ends, &(event))
void test_stack_ends(void **stack);
void test_event_ends(void **event);

#endif

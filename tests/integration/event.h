/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of the integration tests: create a campaign, send a burst, wait until everybody is
 * decided, and compare what clients were told with Redis and MariaDB. */
#ifndef ONRUSH_TESTS_EVENT_H
#define ONRUSH_TESTS_EVENT_H

#include "tests/support/http.h"
#include "tests/support/stack.h"
#include "tests/support/test.h"

#include <pthread.h>

/* What one user was told in all answers. */
struct told {
    char user[USER_ID_MAX + 1];
    uint64_t ticket; /* 0: never admitted */
    uint32_t serial; /* from MariaDB; 0: none */
    char code[COUPON_CODE_LEN + 1];
};

struct event {
    struct stack *stack;
    const char *name;
    redisContext *redis;
    struct db db;
    struct told *told; /* one per user, by ticket; users without a ticket last */
    uint32_t *index;   /* index in told[] + 1, by a hash of the user; 0: free. Built on demand */
    size_t room;       /* slots in `index` */
    size_t n, n_tickets;
    size_t answers, faults; /* lines of the ledger; those without an answer or with a 5xx */
};

/* event_open: connects; `name` must outlive the event. event_close: frees it. */
void event_open(struct event *event, struct stack *stack, const char *name);
void event_close(struct event *event);

/* event_start: starts a stack with these options of stack_up(), and creates the campaign "noon".
 * event_reconnect: opens a new connection to a Redis that was restarted. */
void event_start(struct event *event, struct stack *stack, const char *const *options,
                 const char *campaign);
void event_reconnect(struct event *event);

/* event_make: event_open() and event_create(). */
void event_make(struct event *event, struct stack *stack, const char *name, const char *options);

/* event_ctl: runs onrushctl; fails if its exit code is not 0. */
void event_ctl(struct stack *stack, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* event_wait_ready: waits until /readyz of this admin listener has the status and the text. */
void event_wait_ready(const char *admin_url, int status, const char *text);

/* event_edit: changes the lines of this key in a part's configuration file, for example to
 * "max_url_bytes = 300". event_reload: sends SIGHUP and waits until the part's log has the text. */
void event_edit(struct stack *stack, const char *part, const char *setting);
void event_reload(struct stack *stack, const char *part, const char *text);

/* event_no_start: starts a daemon with these arguments, NULL-terminated; it must end with this exit
 * code. Returns what it says. */
const char *event_no_start(struct stack *stack, const char *daemon, const char *const *arguments,
                           int code);

/* event_metric: reads a series from a daemon's admin listener; fails if it is missing.
 * event_wait_metric: waits for `value`; fails after 60 s. */
long event_metric(const char *admin_url, const char *series);
void event_wait_metric(const char *admin_url, const char *series, long value);

/* event_create: runs `onrushctl campaign create NAME options` and waits until Redis has the
 * campaign. event_wait_open: only waits. */
void event_create(struct event *event, const char *options);
void event_wait_open(const struct event *event);

/* event_url: the gateway's URL of the campaign with "", "/requests" or "/requests/u-1". The text is
 * static. */
const char *event_url(const struct event *event, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* event_post: sends a POST for this user; returns the status. `answer` may be NULL. event_ticket:
 * the ticket in an answer; 0: none. */
int event_post(const struct event *event, const char *user, struct http_answer *answer);
uint64_t event_ticket(const struct http_answer *answer);

/* event_raw_post, event_raw_poll: send a POST or a long-poll for this user over an open connection,
 * and do not wait. */
void event_raw_post(const struct event *event, int fd, const char *user);
void event_raw_poll(const struct event *event, int fd, const char *user);

/* event_accept: sends a POST for a user that must get 202. */
void event_accept(const struct event *event, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* event_granted: the campaign's number of coupons in MariaDB. event_sql: runs a statement. */
int64_t event_granted(struct event *event);
void event_sql(struct event *event, const char *sql);

/* A POST in its own thread. */
struct posting {
    pthread_t thread;
    const struct event *event;
    const char *user;
    _Atomic int status; /* 0: not answered yet */
    struct http_answer answer;
};

/* posting_begin: returns at once. posting_end: waits for the answer; returns the status. */
void posting_begin(struct posting *posting, const struct event *event, const char *user);
int posting_end(struct posting *posting);

/* event_wait_post: posts this user until the status is `status`. event_wait_campaign: waits until
 * the campaign's resource has the text. event_wait_request: the same for the user's request. */
void event_wait_post(const struct event *event, const char *user, int status);
void event_wait_campaign(const struct event *event, const char *text);
void event_wait_request(const struct event *event, const char *user, const char *text);

/* event_wait_grant: waits until the user has a coupon in MariaDB; returns its ticket. */
uint64_t event_wait_grant(struct event *event, const char *user);

/* event_wait: waits until nobody waits for a decision; fails after `timeout_ms`. */
void event_wait(struct event *event, int64_t timeout_ms);

/* event_read_ledger: reads the file of `onrushctl burst --ledger` into told[]. */
void event_read_ledger(struct event *event, const char *path);

/* event_note: records an answer to a user; call it in the order of the answers. Ticket 0: none was
 * told. A ticket may become lower when the journal has an earlier request; the test fails if it
 * becomes higher. */
void event_note(struct event *event, const char *user, uint64_t ticket);

/* event_check: MariaDB's grants must be exactly the first min(quota, tickets) tickets, in order,
 * with the serials 1, 2, 3 ... and distinct codes. Redis must agree for every user, and so must the
 * audit. Sets serial and code in told[]. */
void event_check(struct event *event, uint32_t quota);

/* event_check_answers: repeats GET and POST for every user; both must match MariaDB. */
void event_check_answers(struct event *event);

/* The last test of a program: everything stops in order, and no log shows a fault. EVENT_ENDS also
 * closes the event. */
#define STACK_ENDS(stack)                                                                          \
    TEST(test_stack_ends)                                                                          \
    {                                                                                              \
        assert_int_equal(stack_finish(&(stack)), 0);                                               \
    }
#define EVENT_ENDS(event)                                                                          \
    TEST(test_event_ends)                                                                          \
    {                                                                                              \
        event_ends(&(event));                                                                      \
    }
void event_ends(struct event *event);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A mailbox passes objects between threads. The sender gives a mail away; the receiver owns it.
 *
 *   any thread ── mailbox_put() ──► the list ──┬──► mailbox_wait(), mailbox_take(): threads
 *                                              └──► eventfd ──► fn(): a loop that is attached
 *
 * Mails are received once each, in the order they were sent. Sending never blocks, allocates or
 * fails. A mailbox is unbounded; its senders have bounds (requests in flight, jobs of a campaign).
 * The mutex is held only to link and unlink. Times are those of clock_mono_us(). */
#ifndef ONRUSH_MAILBOX_H
#define ONRUSH_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct event;
struct event_base;

/* The first member of every object that is sent, so that the receiver can cast it back. */
struct mail {
    STAILQ_ENTRY(mail) next;
};

STAILQ_HEAD(mail_list, mail);

typedef void mailbox_fn(void *arg, struct mail *mail);

struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t filled, shutting;
    struct mail_list mails; /* under the lock, as is `shut` */
    bool shut;
    int fd; /* the eventfd of a loop; -1: threads receive */
    struct event *event;
    mailbox_fn *fn;
    void *arg;
};

#define MAILBOX_FOREVER INT64_MAX

/* mailbox_init: for threads as receivers. Cannot fail. */
void mailbox_init(struct mailbox *box);

/* mailbox_attach: makes a loop the receiver, before anybody sends. `fn` gets each mail in the
 * thread of `base`; with the last mail it may end the mailbox. Returns 0 or a negative errno. */
int mailbox_attach(struct mailbox *box, struct event_base *base, mailbox_fn *fn, void *arg);

/* mailbox_put: sends. Any thread. */
void mailbox_put(struct mailbox *box, struct mail *mail);

/* mailbox_ring: wakes the attached loop, without a mail. Any thread. */
void mailbox_ring(struct mailbox *box);

/* mailbox_take: returns the oldest mail, or NULL. mailbox_take_all: appends all mails to `list`.
 * Neither waits. */
struct mail *mailbox_take(struct mailbox *box);
void mailbox_take_all(struct mailbox *box, struct mail_list *list);

/* mailbox_wait: waits until there is a mail (another thread may take it first), the time is
 * `until_us`, or the mailbox is shut. mailbox_sleep: the same, but ignores mails. Both return false
 * once it is shut. */
bool mailbox_wait(struct mailbox *box, int64_t until_us);
bool mailbox_sleep(struct mailbox *box, int64_t until_us);

/* mailbox_shut: wakes all threads that wait, and detaches the loop; with a loop, call it in the
 * loop's thread. Mails may still be sent and taken. */
void mailbox_shut(struct mailbox *box);

/* mailbox_end: frees a mailbox that nobody else uses; `free_mail` gets the mails left in it (NULL:
 * there are none). With a loop, call it in the loop's thread or after mailbox_shut(). */
void mailbox_end(struct mailbox *box, void (*free_mail)(void *mail));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A mailbox hands things from thread to thread. Whoever puts a mail gives it away; whoever takes it
 * owns it.
 *
 *   any thread ── mailbox_put() ──► the list ──┬──► mailbox_wait(), mailbox_take(): threads
 *                                              └──► eventfd ──► fn(): a loop that is attached
 *
 * Mails come out in the order in which they went in, each once. Putting never blocks, allocates or
 * fails. A mailbox has no bound of its own: its senders have one (requests in flight, jobs of a
 * campaign). The mutex is held to link and unlink only. All times are those of clock_mono_us(). */
#ifndef ONRUSH_MAILBOX_H
#define ONRUSH_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct event;
struct event_base;

/* The first member of what is sent, so that the receiver can cast it back. */
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
    int fd; /* the eventfd of a loop; -1: threads take the mails */
    struct event *event;
    mailbox_fn *fn;
    void *arg;
};

#define MAILBOX_FOREVER INT64_MAX

/* mailbox_init: for threads. Cannot fail. */
void mailbox_init(struct mailbox *box);

/* mailbox_attach: a loop takes the mails: `fn` gets each of them in the thread of `base`, and may
 * end the box when it knows that there are no more. Before anybody puts. 0, or a negative errno. */
int mailbox_attach(struct mailbox *box, struct event_base *base, mailbox_fn *fn, void *arg);

/* mailbox_put: from any thread. */
void mailbox_put(struct mailbox *box, struct mail *mail);

/* mailbox_ring: wakes the loop that is attached, without a mail. Any thread. */
void mailbox_ring(struct mailbox *box);

/* mailbox_take: the oldest mail, or NULL. mailbox_take_all: moves all of them to the end of `list`.
 * Neither waits. */
struct mail *mailbox_take(struct mailbox *box);
void mailbox_take_all(struct mailbox *box, struct mail_list *list);

/* mailbox_wait: until there is a mail (another thread may take it first), `until_us` has come, or
 * the box is shut. mailbox_sleep: whatever mail comes. False when the box is shut. */
bool mailbox_wait(struct mailbox *box, int64_t until_us);
bool mailbox_sleep(struct mailbox *box, int64_t until_us);

/* mailbox_shut: nobody waits any more, and no loop is told any more (then call it in the thread of
 * the loop). Mails may still be put and taken. */
void mailbox_shut(struct mailbox *box);

/* mailbox_end: nobody else uses it any more, and it is empty. With a loop, in its thread, or after
 * mailbox_shut(). */
void mailbox_end(struct mailbox *box);

#endif

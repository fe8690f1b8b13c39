/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/base/mailbox.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* --- waiting --- */

/* wait_on: returns false once the mailbox is shut. `mails`: a mail ends the waiting, too. */
static bool wait_on(struct mailbox *box, pthread_cond_t *cond, bool mails, int64_t until_us)
{
    struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    pthread_mutex_lock(&box->lock);
    for (int r = 0; r != ETIMEDOUT && !box->shut && (!mails || STAILQ_EMPTY(&box->mails));)
        r = pthread_cond_timedwait(cond, &box->lock, &until);
    bool go_on = !box->shut;
    pthread_mutex_unlock(&box->lock);
    return go_on;
}

bool mailbox_wait(struct mailbox *box, int64_t until_us)
{
    return wait_on(box, &box->filled, true, until_us);
}

bool mailbox_sleep(struct mailbox *box, int64_t until_us)
{
    return wait_on(box, &box->shutting, false, until_us);
}

/* --- sending and receiving --- */

void mailbox_ring(struct mailbox *box)
{
    eventfd_write(box->fd, 1); /* fails only if the counter is full, which wakes the loop too */
}

/* mailbox_put: rings for the first mail only; the loop takes all mails at once. */
void mailbox_put(struct mailbox *box, struct mail *mail)
{
    pthread_mutex_lock(&box->lock);
    bool ring = STAILQ_EMPTY(&box->mails) && box->fd >= 0;
    STAILQ_INSERT_TAIL(&box->mails, mail, next);
    pthread_cond_signal(&box->filled);
    pthread_mutex_unlock(&box->lock);
    if (ring)
        mailbox_ring(box);
}

struct mail *mailbox_take(struct mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    struct mail *mail = STAILQ_FIRST(&box->mails);
    if (mail != NULL)
        STAILQ_REMOVE_HEAD(&box->mails, next);
    pthread_mutex_unlock(&box->lock);
    return mail;
}

void mailbox_take_all(struct mailbox *box, struct mail_list *list)
{
    pthread_mutex_lock(&box->lock);
    STAILQ_CONCAT(list, &box->mails);
    pthread_mutex_unlock(&box->lock);
}

/* on_ring: does not touch the box after the last mail, because fn() may have ended it. */
static void on_ring(evutil_socket_t fd, short what, void *arg)
{
    struct mailbox *box = arg;
    struct mail_list list = STAILQ_HEAD_INITIALIZER(list);
    eventfd_t count;
    (void)what;
    eventfd_read(fd, &count);
    mailbox_take_all(box, &list);
    for (struct mail *mail; (mail = STAILQ_FIRST(&list)) != NULL;) {
        STAILQ_REMOVE_HEAD(&list, next);
        box->fn(box->arg, mail);
    }
}

/* --- beginning and end --- */

void mailbox_init(struct mailbox *box)
{
    pthread_condattr_t attr;
    *box = (struct mailbox){.mails = STAILQ_HEAD_INITIALIZER(box->mails), .fd = -1};
    pthread_mutex_init(&box->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&box->filled, &attr);
    pthread_cond_init(&box->shutting, &attr);
    pthread_condattr_destroy(&attr);
}

int mailbox_attach(struct mailbox *box, struct event_base *base, mailbox_fn *fn, void *arg)
{
    box->fn = fn;
    box->arg = arg;
    box->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (box->fd < 0)
        return -errno;
    box->event = event_new(base, box->fd, EV_READ | EV_PERSIST, on_ring, box);
    return box->event != NULL && event_add(box->event, NULL) == 0 ? 0 : -ENOMEM;
}

void mailbox_shut(struct mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    box->shut = true;
    pthread_cond_broadcast(&box->filled);
    pthread_cond_broadcast(&box->shutting);
    pthread_mutex_unlock(&box->lock);
    if (box->event == NULL)
        return;
    event_free(box->event);
    box->event = NULL;
}

void mailbox_end(struct mailbox *box, void (*free_mail)(void *mail))
{
    mailbox_shut(box);
    for (struct mail *mail; free_mail != NULL && (mail = mailbox_take(box)) != NULL;)
        free_mail(mail);
    if (box->fd >= 0)
        close(box->fd);
    pthread_cond_destroy(&box->filled);
    pthread_cond_destroy(&box->shutting);
    pthread_mutex_destroy(&box->lock);
}

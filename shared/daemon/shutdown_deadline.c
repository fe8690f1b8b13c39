/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/daemon/shutdown_deadline.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mailbox.h"
#include "shared/store/db.h"

#include <signal.h>
#include <unistd.h>

static struct {
    pthread_t thread;
    struct mailbox end; /* shut when the daemon has stopped in order */
    bool started;
    int64_t from_us; /* monotonic: the end of the grace time */
} overdue;

static void *watch(void *arg)
{
    (void)arg;
    if (!mailbox_sleep(&overdue.end, overdue.from_us + SHUTDOWN_CUT_MS * 1000))
        return NULL;
    log_warning("the grace time is over and mariadb has not answered; its connections are cut",
                "connections=%zu", db_cut_all());
    if (!mailbox_sleep(&overdue.end, overdue.from_us + SHUTDOWN_EXIT_MS * 1000))
        return NULL;
    log_error("something hangs, and the daemon ends without it: what was promised is on disk",
              "exit=%d", SHUTDOWN_EXIT_CODE);
    _exit(SHUTDOWN_EXIT_CODE);
}

void shutdown_deadline_start(int64_t grace_ms)
{
    sigset_t all, before;
    if (overdue.started)
        return;
    overdue.from_us = clock_mono_us() + grace_ms * 1000;
    mailbox_init(&overdue.end);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&overdue.thread, NULL, watch, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    overdue.started = r == 0;
    if (r != 0)
        log_error("the end of this daemon has no bound", "errno=%d", r);
}

void shutdown_deadline_end(void)
{
    if (!overdue.started)
        return;
    mailbox_shut(&overdue.end);
    pthread_join(overdue.thread, NULL);
    mailbox_end(&overdue.end, NULL);
    overdue.started = false;
}

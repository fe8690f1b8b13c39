/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/daemon/shutdown_deadline.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/store/db.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static struct {
    pthread_t thread;
    pthread_mutex_t lock; /* guards `ended` */
    pthread_cond_t wake;
    bool started, ended;
    int64_t from_us; /* monotonic: the end of the grace time */
} overdue = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* sleep_until: returns false if the daemon has stopped in the meantime. */
static bool sleep_until(int64_t at_us)
{
    struct timespec at = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
    pthread_mutex_lock(&overdue.lock);
    for (int r = 0; r != ETIMEDOUT && !overdue.ended;)
        r = pthread_cond_timedwait(&overdue.wake, &overdue.lock, &at);
    bool go_on = !overdue.ended;
    pthread_mutex_unlock(&overdue.lock);
    return go_on;
}

static void *watch(void *arg)
{
    (void)arg;
    if (!sleep_until(overdue.from_us + SHUTDOWN_CUT_MS * 1000))
        return NULL;
    log_warning("the grace time is over and mariadb has not answered; its connections are cut",
                "connections=%zu", db_cut_all());
    if (!sleep_until(overdue.from_us + SHUTDOWN_EXIT_MS * 1000))
        return NULL;
    log_error("something hangs, and the daemon ends without it: what was promised is on disk",
              "exit=%d", SHUTDOWN_EXIT_CODE);
    _exit(SHUTDOWN_EXIT_CODE);
}

void shutdown_deadline_start(int64_t grace_ms)
{
    pthread_condattr_t attr;
    sigset_t all, before;
    if (overdue.started)
        return;
    overdue.from_us = clock_mono_us() + grace_ms * 1000;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&overdue.wake, &attr);
    pthread_condattr_destroy(&attr);
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
    pthread_mutex_lock(&overdue.lock);
    overdue.ended = true;
    pthread_cond_signal(&overdue.wake);
    pthread_mutex_unlock(&overdue.lock);
    pthread_join(overdue.thread, NULL);
    overdue.started = false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon as systemd sees it: ready, figures, watchdog, reload, stop. A thin layer over
 * libsystemd; without $NOTIFY_SOCKET nothing is sent, and no timer runs.
 *
 *   STARTING ──► RUNNING ──► STOPPING
 *       └───────────────────────┘
 *
 * STARTING ends when every store has answered, or after SERVICE_START_MS: a daemon that does what
 * it can while one of them is away must hold up neither a boot nor an upgrade. While it starts and
 * while it stops, it extends the time that systemd gives it, as long as it makes progress.
 *
 * One for a process; all calls from the thread of its event base. */
#ifndef ONRUSH_SERVICE_H
#define ONRUSH_SERVICE_H

#include <event2/event.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SERVICE_START_MS 30000

struct service;

struct service_hooks {
    void *arg;
    /* answered: every store has answered; else writes who has not: "redis", "redis and mariadb". */
    bool (*answered)(void *arg, FILE *missing);
    /* progress: whatever must go on has gone on since this last gave true. Feeds the watchdog. */
    bool (*progress)(void *arg);
    /* figures: one line for `systemctl status`. */
    void (*figures)(void *arg, FILE *out);
};

/* service_new: from here on the daemon is starting. 0 and *out, or -ENOMEM. `hooks` is copied. */
int service_new(struct service **out, struct event_base *base, const struct service_hooks *hooks);

/* service_reloading, service_reloaded: around a reload of the configuration. */
void service_reloading(struct service *service);
void service_reloaded(struct service *service);

/* service_stopping: from now on it ends; the second call does nothing. */
void service_stopping(struct service *service);

/* service_free: NULL is fine. Gives NULL. */
struct service *service_free(struct service *service);

/* A pulse: a thread beats once a turn, another one looks whether it has. */
struct pulse {
    _Atomic uint64_t beats;
    uint64_t seen; /* of the one who looks */
};

static inline void pulse_beat(struct pulse *pulse)
{
    atomic_fetch_add_explicit(&pulse->beats, 1, memory_order_relaxed);
}

/* pulse_moved: has it beaten since the last pulse_mark()? */
static inline bool pulse_moved(const struct pulse *pulse)
{
    return atomic_load_explicit(&pulse->beats, memory_order_relaxed) != pulse->seen;
}

static inline void pulse_mark(struct pulse *pulse)
{
    pulse->seen = atomic_load_explicit(&pulse->beats, memory_order_relaxed);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A thin layer over libsystemd: readiness, status, watchdog, reload, stop. Without $NOTIFY_SOCKET
 * it sends nothing and runs no timer.
 *
 *   STARTING ──► RUNNING ──► STOPPING
 *       └───────────────────────┘
 *
 * STARTING ends when every store has answered, or after SERVICE_START_MS: a daemon that can do part
 * of its work must not hold up a boot or an upgrade because one store is down. During start and
 * stop the service extends systemd's timeout as long as the daemon makes progress.
 *
 * One per process. Call everything from the thread of the event base. */
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
    /* missing: the stores that have not answered yet; see service_write_missing(). */
    void (*missing)(void *arg, FILE *out);
    /* progress: true if everything that must advance has advanced since this last returned true.
     * Feeds the watchdog. */
    bool (*progress)(void *arg);
    /* figures: one line for `systemctl status`. */
    void (*figures)(void *arg, FILE *out);
};

/* service_new: the daemon is starting. Returns 0 and *out, or -ENOMEM. Copies `hooks`. */
int service_new(struct service **out, struct event_base *base, const struct service_hooks *hooks);

/* service_reloading, service_reloaded: call them before and after a reload of the configuration. */
void service_reloading(struct service *service);
void service_reloaded(struct service *service);

/* service_stopping: the daemon is stopping. Further calls do nothing. */
void service_stopping(struct service *service);

/* service_write_missing: "redis", "mariadb", "redis and mariadb", or nothing if both are there. */
void service_write_missing(FILE *out, bool redis, bool mariadb);

/* service_free: NULL is fine. Returns NULL. */
struct service *service_free(struct service *service);

/* A pulse: one thread beats once per turn of its loop, another one checks that it did. */
struct pulse {
    _Atomic uint64_t beats;
    uint64_t seen; /* by the checking thread */
};

static inline void pulse_beat(struct pulse *pulse)
{
    atomic_fetch_add_explicit(&pulse->beats, 1, memory_order_relaxed);
}

/* pulse_moved: true if it has beaten since the last pulse_mark(). */
static inline bool pulse_moved(const struct pulse *pulse)
{
    return atomic_load_explicit(&pulse->beats, memory_order_relaxed) != pulse->seen;
}

static inline void pulse_mark(struct pulse *pulse)
{
    pulse->seen = atomic_load_explicit(&pulse->beats, memory_order_relaxed);
}

#endif

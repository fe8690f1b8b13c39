/* SPDX-License-Identifier: Apache-2.0 */
/* The admin listener of a daemon: /healthz, /readyz, /metrics.
 *
 * It runs in a thread of its own and never touches the work: its callbacks may
 * only read atomics and what they lock themselves, and must not block. */
#ifndef ONRUSH_ADMIN_H
#define ONRUSH_ADMIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct admin;

struct admin_config {
    char address[64];
    int64_t port;
    /* The bearer token for any other path. There is none yet: it only turns a 401 into a 404. */
    char token_file[256];
};

struct admin_hooks {
    void *arg;
    /* ready: true when the daemon can do its work durably, else writes one reason a line. */
    bool (*ready)(void *arg, FILE *reasons);
    /* metrics: writes the Prometheus text. */
    void (*metrics)(void *arg, FILE *out);
};

/* admin_start: 0 and *out (the caller stops it); or a negative errno: -EADDRINUSE, -EINVAL for an
 * address that is none, -EACCES for a token file that cannot be read. `hooks` is copied. */
int admin_start(struct admin **out, const struct admin_config *config,
                const struct admin_hooks *hooks);

/* admin_stop: ends the thread and frees; NULL is fine. Gives NULL. */
struct admin *admin_stop(struct admin *admin);

#endif

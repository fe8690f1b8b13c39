/* SPDX-License-Identifier: Apache-2.0 */
/* The admin listener of a daemon: /healthz, /readyz, /metrics.
 *
 * It runs in its own thread, apart from the work of the daemon. Hooks must not block; they may only
 * read atomics and what they lock themselves. */
#ifndef ONRUSH_ADMIN_H
#define ONRUSH_ADMIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct admin;

struct admin_config {
    char address[64];
    int64_t port;
    /* The bearer token for other paths. There are none yet, so it only turns a 401 into a 404. */
    char token_file[256];
};

struct admin_hooks {
    void *arg;
    /* ready: true if the daemon can do its work durably; otherwise writes one reason per line. */
    bool (*ready)(void *arg, FILE *reasons);
    /* metrics: writes metrics in the Prometheus text format. */
    void (*metrics)(void *arg, FILE *out);
};

/* admin_start: returns 0 and *out (the caller stops it), or a negative errno: -EADDRINUSE, -EINVAL
 * for an invalid address, -EACCES for an unreadable token file. Copies `hooks`. */
int admin_start(struct admin **out, const struct admin_config *config,
                const struct admin_hooks *hooks);

/* admin_stop: ends the thread and frees it. NULL is fine. Returns NULL. */
struct admin *admin_stop(struct admin *admin);

#endif

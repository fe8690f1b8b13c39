/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON documents that callbacks send; docs/callbacks.md defines them. Pure. */
#ifndef ONRUSH_CALLBACK_BODY_H
#define ONRUSH_CALLBACK_BODY_H

#include "shared/daemon/health.h"

#include <jansson.h>
#include <stdint.h>

struct callback_from {
    const char *source;   /* the installation: callbacks.source */
    const char *daemon;   /* without "onrush-" */
    const char *instance; /* this process: host.pid.random */
};

/* All return malloc'ed text, or NULL if there is no memory. `now_us` is wall time. */

/* callback_body: the members that all documents have, and `members`, which it frees. `text` is for
 * people. */
char *callback_body(const struct callback_from *from, const char *type, const char *id,
                    int64_t now_us, const char *text, json_t *members);

/* callback_body_health: `change` is NULL in the first message of a process. */
char *callback_body_health(const struct callback_from *from, const char *id, int64_t now_us,
                           const struct health *health, const struct health_report *report,
                           const struct health_change *change);

char *callback_body_heartbeat(const struct callback_from *from, const char *id, int64_t now_us,
                              enum health_state state);

#endif

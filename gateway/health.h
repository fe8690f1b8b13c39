/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's health, read from its workers' atomics: for callbacks and /readyz
 * (shared/daemon/health.h), and for systemd (shared/daemon/service.h). Any thread. */
#ifndef ONRUSH_GATEWAY_HEALTH_H
#define ONRUSH_GATEWAY_HEALTH_H

#include "gateway/worker.h"
#include "shared/daemon/health.h"

#include <stdio.h>

/* gateway_health: reports the gateway as able when every worker reaches Redis or can write to the
 * journal, and when no limit turns clients away. */
void gateway_health(struct gateway *gateway, const struct workers *workers,
                    struct health_report *report);

/* gateway_health_counts: adds all answers to *all, and those with status 503 to *bad. */
void gateway_health_counts(const struct workers *workers, int64_t *all, int64_t *bad);

/* The hooks of the service; `workers` is a struct workers.
 *
 * gateway_health_missing: Redis or MariaDB, if a worker has not reached it.
 * gateway_health_progress: has every worker turned its loop since this last returned true? One
 * thread.
 * gateway_health_figures: writes a line for `systemctl status`. */
void gateway_health_missing(void *workers, FILE *out);
bool gateway_health_progress(void *workers);
void gateway_health_figures(void *workers, FILE *out);

/* gateway_health_ended: have all workers ended? */
bool gateway_health_ended(const struct workers *workers);

#endif

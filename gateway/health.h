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
void gateway_health(struct gateway *gateway, struct worker *const *workers, size_t n,
                    struct health_report *report);

/* gateway_health_counts: adds all answers to *all, and those with status 503 to *bad. */
void gateway_health_counts(struct worker *const *workers, size_t n, int64_t *all, int64_t *bad);

/* gateway_health_answered: has every worker reached Redis and MariaDB? If not, writes which is
 * missing. */
bool gateway_health_answered(struct worker *const *workers, size_t n, FILE *missing);

/* gateway_health_progress: has every worker turned its loop since this last returned true? One
 * thread. */
bool gateway_health_progress(struct worker *const *workers, size_t n);

/* gateway_health_ended: have all workers ended? */
bool gateway_health_ended(struct worker *const *workers, size_t n);

/* gateway_health_figures: writes a line for `systemctl status`. */
void gateway_health_figures(struct worker *const *workers, size_t n, FILE *out);

#endif

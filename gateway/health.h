/* SPDX-License-Identifier: Apache-2.0 */
/* The health of the gateway, from the atomics of its workers: for callbacks and /readyz
 * (shared/daemon/health.h), and for systemd (shared/daemon/service.h). Any thread. */
#ifndef ONRUSH_GATEWAY_HEALTH_H
#define ONRUSH_GATEWAY_HEALTH_H

#include "gateway/worker.h"
#include "shared/daemon/health.h"

#include <stdio.h>

/* gateway_health: the gateway is able when every worker reaches Redis, or can write to the
 * journal. */
void gateway_health(struct gateway *gateway, struct worker *const *workers, size_t n,
                    struct health_report *report);

/* gateway_health_counts: all answers, and those that were 5xx. */
void gateway_health_counts(struct worker *const *workers, size_t n, int64_t *all, int64_t *bad);

/* gateway_health_answered: has every worker reached Redis and MariaDB? Else writes what is
 * missing. */
bool gateway_health_answered(struct worker *const *workers, size_t n, FILE *missing);

/* gateway_health_progress: has every worker turned its loop since this last was true? One
 * thread. */
bool gateway_health_progress(struct worker *const *workers, size_t n);

/* gateway_health_ended: do all workers have nothing left to do? */
bool gateway_health_ended(struct worker *const *workers, size_t n);

/* gateway_health_figures: one line for `systemctl status`. */
void gateway_health_figures(struct worker *const *workers, size_t n, FILE *out);

#endif

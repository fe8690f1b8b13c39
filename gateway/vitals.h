/* What the service (shared/service.h) wants to know of the workers together. Reads atomics only. */
#ifndef ONRUSH_GATEWAY_VITALS_H
#define ONRUSH_GATEWAY_VITALS_H

#include "gateway/worker.h"

#include <stdio.h>

/* vitals_answered: every worker has reached Redis and MariaDB; else writes what has not answered. */
bool vitals_answered(struct worker *const *workers, size_t n, FILE *missing);

/* vitals_progress: every worker has turned its loop since this last gave true. One thread. */
bool vitals_progress(struct worker *const *workers, size_t n);

/* vitals_ended: no worker's thread has anything left to do. */
bool vitals_ended(struct worker *const *workers, size_t n);

/* vitals_figures: one line for `systemctl status`. */
void vitals_figures(struct worker *const *workers, size_t n, FILE *out);

#endif

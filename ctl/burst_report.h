/* SPDX-License-Identifier: Apache-2.0 */
/* The results of a burst: counted while it runs, printed at the end. */
#ifndef ONRUSH_CTL_BURST_REPORT_H
#define ONRUSH_CTL_BURST_REPORT_H

#include "shared/load/histogram.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OUTCOME_MAX  32 /* bytes of the word */
#define OUTCOMES_MAX 48 /* different outcomes; any others count as "other" */

/* One answer. */
struct burst_answer {
    uint64_t user;   /* k of the user id u-<k> */
    unsigned status; /* HTTP; 0: no answer */
    char outcome[OUTCOME_MAX];
    uint64_t ticket; /* 0: none */
    int64_t latency_us;
    int64_t sent_us, ended_us; /* monotonic; ended: answered or given up */
};

struct burst_outcome {
    unsigned status;
    char word[OUTCOME_MAX];
    uint64_t n;
};

struct burst_report {
    uint64_t wanted, done, unanswered, server_errors;
    uint64_t errors; /* answers of 400 and above */
    struct burst_outcome outcomes[OUTCOMES_MAX];
    size_t n_outcomes;
    struct histogram latency;
    int64_t started_wall_us, started_us, ended_us, cpu_us;
    FILE *ledger; /* NULL: none */
    bool progress;
};

/* burst_report_read: parses outcome and ticket from the body. */
void burst_report_read(struct burst_answer *answer, const char *body, size_t len);

/* burst_report_add: counts the answer and writes its line of the ledger. */
void burst_report_add(struct burst_report *report, const struct burst_answer *answer);

/* burst_report_progress: draws the bar, if enabled. */
void burst_report_progress(const struct burst_report *report);

/* burst_report_ok: true if every request was answered, none with a 5xx, and at least one without an
 * error: a rehearsal that gets only 404 tests nothing. */
bool burst_report_ok(const struct burst_report *report);

/* burst_report_json: adds the figures to `object`. */
void burst_report_json(const struct burst_report *report, json_t *object);

/* burst_report_print: prints the text for people. */
void burst_report_print(const struct burst_report *report, const json_t *object);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A job of the archive, with its answer: a question to MariaDB, or a request to journal. Pure
 * data. */
#ifndef ONRUSH_GATEWAY_ARCHIVE_JOB_H
#define ONRUSH_GATEWAY_ARCHIVE_JOB_H

#include "shared/base/mailbox.h"
#include "shared/base/metrics.h"
#include "shared/store/campaign_row.h"

enum archive_op {
    ARCHIVE_ASK,   /* look up the campaign and the user */
    ARCHIVE_WRITE, /* journal the user, unless a rule forbids it */
    ARCHIVE_OPS
};

enum archive_answer {
    ARCHIVE_AWAY,    /* MariaDB cannot answer; nothing was written */
    ARCHIVE_UNKNOWN, /* WRITE: it may or may not be written */
    ARCHIVE_NOTHING, /* no such campaign */
    ARCHIVE_FOUND,   /* `row` and `known` are set */
};

struct archive_job {
    struct mail mail;
    void *owner;                           /* for the caller; the archive does not use it */
    void (*done)(struct archive_job *job); /* receives the answer, in the worker's thread */
    enum archive_op op;
    const char *name;    /* the campaign; must outlive the job */
    const char *user;    /* "": only the campaign is asked for */
    uint64_t arrival_us; /* WRITE: wall clock, when the request was complete */
    int64_t put_us;      /* monotonic */
    enum archive_answer answer;
    struct campaign_row row; /* FOUND; `journal` is only for ASK */
    /* GRANTED, WAITING (journalled, no ticket), or NONE. A WRITE can also get NOT_OPEN, CLOSED,
     * PAUSED or FULL; NONE means that the journal is full. */
    struct request_state known;
};

/* Metrics of the archive's thread. */
struct archive_metrics {
    metric_value *mariadb_up, *batches, *rows; /* of the journal */
    struct metric_histogram *time;             /* of a transaction */
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A job of the archive: a question to MariaDB, or a request for the journal, and its answer. Pure
 * data. */
#ifndef ONRUSH_GATEWAY_ARCHIVE_JOB_H
#define ONRUSH_GATEWAY_ARCHIVE_JOB_H

#include "shared/base/mailbox.h"
#include "shared/base/metrics.h"
#include "shared/store/protocol.h"

enum archive_op {
    ARCHIVE_ASK,   /* what is known of the campaign and of the user */
    ARCHIVE_WRITE, /* put the user into the journal, unless something forbids it */
    ARCHIVE_OPS
};

enum archive_answer {
    ARCHIVE_AWAY,    /* MariaDB cannot say; nothing was written */
    ARCHIVE_UNKNOWN, /* WRITE: nobody knows whether it was written */
    ARCHIVE_NOTHING, /* there is no such campaign */
    ARCHIVE_FOUND,   /* `row` and `known` are set */
};

/* A campaign in MariaDB, when it was asked for. */
struct archive_row {
    enum campaign_state state;
    int64_t id, quota, overflow, granted;
    int64_t opens_us, closes_us; /* closes_us 0: never */
    int64_t now_us;              /* by MariaDB's clock */
    bool journalled;             /* ASK: somebody is in its journal */
};

struct archive_job {
    struct mail mail;
    void *owner;                           /* of whoever asks; nobody here looks at it */
    void (*done)(struct archive_job *job); /* in the worker's thread, when it is answered */
    enum archive_op op;
    const char *name;    /* of the campaign; lives as long as the job */
    const char *user;    /* "": only the campaign is wanted */
    uint64_t arrival_us; /* WRITE: wall clock, when the request was complete */
    int64_t put_us;      /* monotonic */
    enum archive_answer answer;
    struct archive_row row;
    /* GRANTED, WAITING (it is in the journal, without a ticket), NONE; for WRITE never NONE, but
     * also NOT_OPEN, CLOSED, PAUSED, FULL. */
    struct request_state known;
};

/* What the archive's thread counts. */
struct archive_metrics {
    metric_value *mariadb_up, *batches, *rows; /* of the journal */
    struct metric_histogram *time;             /* of one transaction */
};

#endif

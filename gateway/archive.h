/* The archive: what a worker asks of MariaDB. It reads what Redis does not know (any more, or yet),
 * and while Redis is away it writes the requests to the journal.
 *
 *   worker ── archive_put() ──► queue ══► the archive's thread, one blocking connection
 *   worker ◄─ eventfd, archive_take() ◄── done ◄══╯
 *
 * One archive a worker. Whatever gathered while the thread was busy goes into one round: a few
 * questions, or one transaction, for all of them (group commit, no timer). The mutex is held only
 * to link and unlink; a job belongs to the thread from archive_put() until archive_take() gives it
 * back. A job is part of a request, so max_in_flight bounds the queue. A round ends by the
 * deadlines of connecting and of each query. */
#ifndef ONRUSH_GATEWAY_ARCHIVE_H
#define ONRUSH_GATEWAY_ARCHIVE_H

#include "shared/campaign.h"
#include "shared/db.h"

#include <sys/queue.h>

struct request;
struct gateway_metrics;

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
    STAILQ_ENTRY(archive_job) next;
    struct request *request;
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

STAILQ_HEAD(archive_list, archive_job);

struct archive;

/* archive_new: starts the thread. `done_fd` is an eventfd that is written when jobs are done; the
 * thread counts in `metrics`. 0 and *out, or a negative errno. */
int archive_new(struct archive **out, const struct db_config *config, int done_fd,
                struct gateway_metrics *metrics);

/* archive_free: ends the thread after the round it is at; no job may be left. Gives NULL. */
struct archive *archive_free(struct archive *archive);

/* archive_put: request, op, name, user, arrival_us are set. */
void archive_put(struct archive *archive, struct archive_job *job);

/* archive_take: moves all done jobs to `list`. */
void archive_take(struct archive *archive, struct archive_list *list);

#endif

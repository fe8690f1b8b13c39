/* The archive: what MariaDB knows of campaigns and grants that Redis does not know (any more, or
 * yet).
 *
 *   worker ── archive_put() ──► queue ══► the archive's thread, one blocking connection
 *   worker ◄─ eventfd, archive_take() ◄── done ◄══╯
 *
 * One archive a worker. The mutex is held only to link and unlink; a job belongs to the thread from
 * archive_put() until archive_take() gives it back. The queue is bounded, and a job never takes
 * longer than the deadlines of connecting plus one query each. */
#ifndef ONRUSH_GATEWAY_ARCHIVE_H
#define ONRUSH_GATEWAY_ARCHIVE_H

#include "shared/campaign.h"
#include "shared/db.h"
#include "shared/metrics.h"

#include <sys/queue.h>

struct request;

enum archive_answer {
    ARCHIVE_AWAY,    /* MariaDB cannot say */
    ARCHIVE_NOTHING, /* there is no such campaign */
    ARCHIVE_FOUND,   /* `state` and what follows is set */
};

struct archive_job {
    STAILQ_ENTRY(archive_job) next;
    struct request *request;
    const char *name; /* of the campaign; lives as long as the job */
    const char *user; /* NULL: only the campaign is wanted */
    enum archive_answer answer;
    enum campaign_state state;
    int64_t id, quota, granted, opens_us, closes_us; /* closes_us 0: never */
    bool has_grant;
    uint32_t serial;
    uint64_t ticket;
    char code[COUPON_CODE_LEN + 1];
};

STAILQ_HEAD(archive_list, archive_job);

struct archive;

/* archive_new: starts the thread. `done_fd` is an eventfd that is written when jobs are done; `up`
 * tells whether MariaDB is connected. 0 and *out, or a negative errno. */
int archive_new(struct archive **out, const struct db_config *config, int done_fd,
                metric_value *up);

/* archive_free: ends the thread after the job it is at; no job may be left. Gives NULL. */
struct archive *archive_free(struct archive *archive);

/* archive_put: 0, or -EAGAIN when the queue is full. */
int archive_put(struct archive *archive, struct archive_job *job);

/* archive_take: moves all done jobs to `list`. */
void archive_take(struct archive *archive, struct archive_list *list);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated world of a scheduler: Redis, MariaDB, a clock and a random source, small enough to
 * check after every step. The semantics follow shared/store/functions.lua and scheduler/job_sql.c.
 * A planted bug changes one rule, to see that the simulation notices. */
#ifndef ONRUSH_TESTS_MODEL_H
#define ONRUSH_TESTS_MODEL_H

#include "scheduler/campaign.h"
#include "tests/sim/planted_bugs.h"

#define USERS      60
#define SERIALS    64
#define SCHEDULERS 3
#define TICKETS    1024 /* tickets per unit of model time */

/* --- Redis --- */

struct model_user {
    char state; /* g, s or r once decided; else 0 */
    uint64_t ticket;
    uint32_t serial;
    uint64_t queued; /* score in the queue; 0: not in it */
    bool odd;        /* the score was overwritten with an invalid ticket */
};

struct model_redis {
    bool present, ready;
    bool known; /* a scheduler has opened it since the last data loss */
    uint64_t epoch;
    enum campaign_state state;
    int64_t quota, limit, admitted, granted, sold_out, refused;
    uint64_t last_ticket, watermark, mark, moves;
    uint64_t merged; /* users drained from the journal, though their row may still exist */
    struct model_user users[USERS];
};

/* A scheduler's pending operation on Redis. */
struct model_op {
    enum queue_op op;
    bool executed;
    uint64_t epoch, cursor, moves;
    size_t n;
    enum publish_how how;
    struct campaign_row row;
    uint64_t watermark; /* publish */
    uint64_t mark;      /* drain */
    bool whole;         /* settle */
    int64_t limit;
    struct batch *batch;
    struct queue_answer answer;
    struct grant rows[USERS]; /* from the end of the array: members set aside */
};

/* --- MariaDB --- */

struct model_row {
    uint32_t serial; /* 0: no row */
    uint64_t ticket;
};

struct model_db {
    uint32_t quota, granted;
    int64_t overflow;
    enum campaign_state state;
    uint64_t epoch, watermark;
    unsigned owner; /* 0: nobody */
    int64_t lease_until;
    struct model_row rows[USERS];
    int serial_owner[SERIALS + 1]; /* user + 1 */
    uint64_t pending;              /* users in the journal */
    int64_t journal[USERS];        /* their arrival times */
    int64_t committed[USERS];      /* when each row was committed */
    int64_t writing[USERS];        /* arrival time of an uncommitted row; 0: none */
    uint64_t poison;               /* users whose row MariaDB refuses */
    uint64_t noted;                /* refused users that have been recorded */
};

struct model {
    uint64_t random;
    int64_t now;
    int64_t skew; /* offset of Redis' clock; it steps both ways */
    bool skewed;  /* the clock has stepped */
    enum sim_bug bug;
    struct model_redis redis;
    struct model_db db;
    bool wiped, raised; /* events that the checks must know */
    bool torn;          /* a claimed user was set aside, so a later ticket may get that serial */
    uint64_t acked;     /* users who were told "accepted" */
    int64_t asked_at[USERS]; /* when the user first asked; 0: never */
    int64_t acked_at[USERS]; /* when the user was first told "accepted" */
    uint64_t aside;          /* users whom Redis set aside as undecodable */
    const char *broken;      /* the broken promise; NULL: all hold */
};

/* random_below: returns 0..n-1. chance: returns true in `percent` of the calls. */
uint32_t random_below(struct model *model, uint32_t n);
bool chance(struct model *model, uint32_t percent);

/* model_enqueue: a client asks for user u. model_journal: the same while the gateway has no Redis,
 * so it begins to write the journal. model_journalled: that write is committed. */
void model_enqueue(struct model *model, int u);
void model_journal(struct model *model, int u);
void model_journalled(struct model *model, int u);

bool model_waits(const struct model_user *user);

/* model_spoil: overwrites the score of user u with an invalid ticket. */
void model_spoil(struct model *model, int u);

/* model_execute: executes the operation in Redis and fills in its answer. */
void model_execute(struct model *model, struct model_op *op);

/* model_run: executes the job in MariaDB for the scheduler `owner` and fills in its outcome. */
void model_run(struct model *model, struct job *job, unsigned owner);

/* model_check: checks every promise that must always hold. model_check_end: checks those that hold
 * once everybody is decided. */
void model_check(struct model *model);
void model_check_end(struct model *model);

int user_number(const char *user);
void user_name(char user[USER_ID_MAX + 1], int u);

#endif

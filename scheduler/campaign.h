/* SPDX-License-Identifier: Apache-2.0 */
/* One campaign, as its scheduler sees it: from the lease to the last settled request. The heart of
 * the protocol.
 *
 *   AWAY ──── the lease is ours ────────────────────────────────────┐
 *    ▲                                                              ▼
 *    │   LOADING      MariaDB: what is granted, which serials are missing
 *    │   PUBLISHING   our epoch goes to Redis, and fences the owner before
 *    │   COMPARING    who is still in the queue, but granted in MariaDB, is settled
 *    │   RESTORING    only if Redis lost grants: they come from MariaDB
 *    │   REVIVING     only if the quota was raised: the sold-out go back to the queue
 *    │   OPENING      Redis admits
 *    │   RUNNING      claim, look into the journal, decide, commit, settle
 *    │      │
 *    │      ▼         (also from every phase above: lease lost, fenced, Redis lost)
 *    └── DROPPING     nothing new, until nothing is out
 *
 * It is driven by events (campaign_on_*, campaign_step) and acts only through its `struct world`:
 * the daemon's is made of redis_link and the committer pool, the simulation's is a model. No
 * threads, no I/O, no clock of its own.
 *
 * Losing track is always repaired in one way: let what is under way come to its end, give the lease
 * back, take it anew with a higher epoch, and load. The higher epoch waits in MariaDB for
 * transactions of the old one, and fences the rest. */
#ifndef ONRUSH_SCHEDULER_CAMPAIGN_H
#define ONRUSH_SCHEDULER_CAMPAIGN_H

#include "scheduler/job.h"
#include "scheduler/ledger.h"

#include <stdint.h>

/* What MariaDB says of a campaign; the lease keeper reads it twice a second. */
struct campaign_row {
    uint32_t id;
    char name[CAMPAIGN_NAME_MAX + 1];
    int64_t quota, overflow;
    enum campaign_state state;
    int64_t opens_us, closes_us; /* closes_us 0: never */
    int64_t instant_wait_ms;
    uint64_t epoch;
    bool mine;              /* this scheduler has the lease */
    bool journal;           /* there are requests that gateways wrote down while Redis was away */
    int64_t lease_until_us; /* monotonic, of this machine, on the safe side */
    int64_t granted;        /* committed; for the metrics, as is the next */
    int64_t read_us;        /* monotonic; the row is not older than this */
};

enum queue_op {
    QUEUE_PUBLISH,
    QUEUE_CLAIM,
    QUEUE_SETTLE,
    QUEUE_DRAIN,
    QUEUE_REVIVE,
    QUEUE_EXPIRE,
};

enum queue_outcome {
    QUEUE_OK,
    QUEUE_STALE,   /* another epoch is published */
    QUEUE_MISSING, /* Redis lost the campaign, or a part of it */
    QUEUE_ERROR,   /* Redis refused everybody (read-only, out of memory, ...): nothing was done */
    QUEUE_BROKEN,  /* it refused this call (a key of the wrong type, ...): nothing was done */
    QUEUE_UNKNOWN, /* no answer: perhaps it was done, perhaps not */
};

struct queue_answer {
    enum queue_op op;
    enum queue_outcome outcome;
    struct campaign_head head; /* PUBLISH: as it was before */
    uint64_t left;             /* CLAIM: how many wait above the mark; REVIVE: the next cursor */
    uint64_t claimed;          /* CLAIM: how many are in the queue up to the mark */
    const struct grant *rows;  /* CLAIM: users by ticket; valid during the call */
    size_t n;
    const struct grant *aside; /* CLAIM: what nobody can decode, and is set aside */
    size_t n_aside;
};

/* PUBLISH_TAKE: the takeover; Redis admits as it did before, but not when it knows less than
 * MariaDB. PUBLISH_OPEN: it admits from now on, if it has counted our moves. PUBLISH_CHANGE: the
 * settings changed. But for the first, our epoch must be there already. */
enum publish_how { PUBLISH_TAKE, PUBLISH_OPEN, PUBLISH_CHANGE };

struct campaign;

/* What a campaign can do to the world. The queue functions give 0, and campaign_on_queue() is
 * called exactly once, later; or a negative errno, and it is not called. */
struct world {
    int (*publish)(struct world *, struct campaign *, enum publish_how);
    int (*claim)(struct world *, struct campaign *, size_t n,
                 uint64_t moves); /* MISSING if Redis counted others */
    int (*settle)(struct world *, struct campaign *,
                  const struct batch *); /* by the batch's verdict */
    /* Tickets are arrivals. The mark goes back to `mark`. */
    int (*drain)(struct world *, struct campaign *, const struct batch *, uint64_t mark);
    int (*revive)(struct world *, struct campaign *, uint64_t cursor, size_t n);
    int (*expire)(struct world *, struct campaign *);
    void (*submit)(struct world *, struct job *); /* comes back by campaign_on_job() */
    /* Gives the lease of this epoch back; it may get lost, and is repeated while the row is still
     * ours. */
    void (*renounce)(struct world *, struct campaign *, uint64_t epoch);
    int64_t (*now_us)(struct world *); /* monotonic */
    struct queue *queue; /* what the daemon's functions work on; others leave them NULL */
    struct committer *committer;
    struct lease_keeper *lease_keeper;
    const char *owner;  /* this scheduler's name in MariaDB */
    size_t batch_size;  /* rows of a batch, at most */
    size_t max_batches; /* batches of a campaign under way, at most */
    int64_t retry_us;   /* how long Redis is left alone after an error */
    int64_t poll_us;    /* how often an idle queue is asked */
};

#define CAMPAIGN_PHASES(X)                                                                         \
    X(PHASE_AWAY, "away")                                                                          \
    X(PHASE_LOADING, "loading")                                                                    \
    X(PHASE_PUBLISHING, "publishing")                                                              \
    X(PHASE_RESTORING, "restoring")                                                                \
    X(PHASE_COMPARING, "comparing")                                                                \
    X(PHASE_REVIVING, "reviving")                                                                  \
    X(PHASE_OPENING, "opening")                                                                    \
    X(PHASE_RUNNING, "running")                                                                    \
    X(PHASE_DROPPING, "dropping")

enum campaign_phase {
#define X(id, text) id,
    CAMPAIGN_PHASES(X)
#undef X
};

/* A claim while RUNNING, one at a time: first claim, then look. Whoever was told "accepted" by a
 * gateway without Redis is in the journal, and stands before everybody who asked later. So what
 * was claimed joins the ledger's line only as far as the journal, read after the claim, holds
 * nobody who came earlier. The rest is forgotten here and stays in the queue; the drain sets the
 * mark back to before it.
 *
 *   IDLE ──► CLAIMING ──► LOOKING ──nobody came earlier: the rows join the line──► IDLE
 *    │                     ▲  │
 *    └── the journal is ───┘  └─► DRAINING ──► DELETING (from the journal) ──► IDLE
 *        due to be read */
enum claim_stage { CLAIM_IDLE, CLAIM_CLAIMING, CLAIM_LOOKING, CLAIM_DRAINING, CLAIM_DELETING };

struct campaign {
    uint32_t magic;
    struct world *world;
    struct campaign_row row;
    struct campaign_keys keys;
    enum campaign_phase phase;
    uint64_t epoch; /* under which it works; 0 while away */
    struct ledger ledger;
    uint32_t granted;   /* as loaded */
    uint64_t watermark; /* as loaded: the highest ticket in MariaDB */
    uint64_t shown;     /* grants that Redis knows of, during the takeover */
    int64_t sold_out;   /* in Redis, as of the takeover */
    int64_t refused;    /* in Redis: they were admitted, and take no coupon */

    unsigned jobs;    /* under way in MariaDB */
    unsigned batches; /* of these: batches of grants that are not known to be committed */
    unsigned asks;    /* under way in Redis */
    bool settling, publishing, confirming; /* of these: at most one of each */
    enum claim_stage claim;
    struct batch *claimed; /* LOOKING: what joins the line if nobody in the journal came earlier */
    struct batch *journal; /* DRAINING: a page of the journal on its way into the queue */
    uint64_t mark;      /* the highest ticket that joined the line; what is above is claimed anew */
    unsigned yielded;   /* looks in a row for which all that was claimed went back */
    bool look_due;      /* the journal may hold requests, though nobody was claimed */
    bool mark_due;      /* Redis' mark is above ours: a drain sets it back before the next claim */
    bool emptied;       /* the last claim found nobody, in a campaign that is closed in Redis */
    bool publish_due;   /* the row changed since it was published */
    bool stopping;      /* takes nothing new */
    bool drained;       /* closed in Redis, queue and journal are empty: nobody can come any more,
                            but by the journal */
    bool finishing;     /* EXPIRE, then FINISH, is under way */
    uint64_t left;      /* size of the queue after the last claim */
    uint64_t moves;     /* claims and settles that Redis must have seen */
    int64_t poll_at_us; /* no claim of an idle queue before this */
    int64_t retry_at_us; /* after an error of Redis: nothing is asked of it before this */
    unsigned broken;     /* answers QUEUE_BROKEN since broken_op was done the last time */
    enum queue_op broken_op;
    struct batch_list decided; /* batches to be settled, in order; the first may be under way */
    unsigned n_decided;
    uint64_t cursor;        /* RESTORING: serial; REVIVING: HSCAN cursor */
    struct batch *page;     /* RESTORING: grants that Redis is told next, while MariaDB reads on */
    bool paged;             /* RESTORING: that was the last page */
    bool compared;          /* COMPARING: nobody behind this page can be granted */
    uint64_t dropped_epoch; /* given up last: a stale row does not bring it back */
};

/* campaign_init, campaign_destroy: the memory is the caller's. Destroying needs campaign_idle(). */
void campaign_init(struct campaign *campaign, struct world *world, const struct campaign_row *row);
void campaign_destroy(struct campaign *campaign);

/* campaign_update: what MariaDB says now; takes the campaign up, follows changes, or drops it. */
void campaign_update(struct campaign *campaign, const struct campaign_row *row);

/* campaign_step: does whatever can be done now. To be called after every event, when Redis comes
 * back, and on a timer. */
void campaign_step(struct campaign *campaign);

/* campaign_on_queue, campaign_on_job: an answer of Redis; a job that MariaDB is done with (and
 * which is freed here). */
void campaign_on_queue(struct campaign *campaign, const struct queue_answer *answer);
void campaign_on_job(struct campaign *campaign, struct job *job);

/* campaign_stop: takes nothing new; campaign_quiet() tells when what was under way is committed and
 * settled. */
void campaign_stop(struct campaign *campaign);
bool campaign_quiet(const struct campaign *campaign);

/* campaign_idle: nothing of it is under way anywhere. */
bool campaign_idle(const struct campaign *campaign);

/* campaign_admit_limit: how many requests Redis may admit in all; -1: any number. Who was refused
 * makes room for somebody else. */
int64_t campaign_admit_limit(const struct campaign *campaign);

const char *campaign_phase_text(enum campaign_phase phase);

/* --- between campaign.c, recovery.c, running.c and claim.c only --- */

/* campaign_enter: the one place where the phase changes. */
void campaign_enter(struct campaign *campaign, enum campaign_phase phase);

/* campaign_drop: gives up this epoch: nothing new, and AWAY once nothing is out. `why` is for the
 * log. */
void campaign_drop(struct campaign *campaign, const char *why);

/* campaign_submit: a job for this campaign and epoch; takes `batch` over. False when out of memory
 * (the campaign is dropped). */
bool campaign_submit(struct campaign *campaign, enum job_kind kind, struct batch *batch);

/* campaign_asked: notes that something was asked of Redis, by what the world's function gave. True
 * when it was. */
bool campaign_asked(struct campaign *campaign, int result);

/* campaign_retry_later: nothing is asked of Redis for a moment; a broken campaign waits longer and
 * longer, and leaves the others alone. While Redis turns us away it does the same to gateways,
 * which journal: so the journal is due to be read. */
void campaign_retry_later(struct campaign *campaign);

/* campaign_make_room: n were refused: they take no coupon, and Redis may admit somebody else. */
void campaign_make_room(struct campaign *campaign, size_t n);

/* campaign_note_refused: writes to MariaDB that these are refused, and why: before their users are
 * told. Takes `batch` over. */
void campaign_note_refused(struct campaign *campaign, struct batch *batch, const char *reason);

/* campaign_on_noted: of JOB_REFUSE: true when the note is as done as it ever gets; else it is
 * repeated. */
bool campaign_on_noted(struct campaign *campaign, struct job *job);

/* recovery_*: the phases LOADING to OPENING. */
void recovery_step(struct campaign *campaign);
void recovery_on_queue(struct campaign *campaign, const struct queue_answer *answer);
void recovery_on_job(struct campaign *campaign, struct job *job);

/* claim_*: the stages of a claim, in the phase RUNNING. claim_failed: Redis did not do it. */
void claim_step(struct campaign *campaign);
void claim_on_queue(struct campaign *campaign, const struct queue_answer *answer);
void claim_on_job(struct campaign *campaign, struct job *job);
void claim_failed(struct campaign *campaign);
void claim_forget(struct campaign *campaign);

/* running_*: the phase RUNNING. */
void running_step(struct campaign *campaign);
void running_on_queue(struct campaign *campaign, const struct queue_answer *answer);
void running_on_job(struct campaign *campaign, struct job *job);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* One campaign, as its scheduler sees it: from the lease to the last settled request. The heart of
 * the protocol.
 *
 *   AWAY ──── the lease is ours ────────────────────────────────────┐
 *    ▲                                                              ▼
 *    │   LOADING      loads from MariaDB: grants, missing serials
 *    │   PUBLISHING   publishes our epoch in Redis, which fences the previous owner
 *    │   COMPARING    settles requests that are in the queue but granted in MariaDB
 *    │   RESTORING    only if Redis lost grants: restores them from MariaDB
 *    │   REVIVING     only if the quota was raised: returns the sold-out to the queue
 *    │   OPENING      lets Redis admit requests
 *    │   RUNNING      claim, look into the journal, decide, commit, settle
 *    │      │
 *    │      ▼         (also from every phase above: lease lost, fenced, Redis lost)
 *    └── DROPPING     starts nothing new, until nothing is under way
 *
 * Events (campaign_on_*, campaign_step) drive a campaign. It acts only through its `struct world`:
 * the daemon's consists of redis_link and the committer, the simulation's is a model. No threads,
 * no I/O, no own clock.
 *
 * A campaign that loses track always recovers in the same way. It lets the work under way finish,
 * gives the lease back, takes it again with a higher epoch, and loads. Taking the lease waits in
 * MariaDB for transactions of the old epoch, and fences later ones. */
#ifndef ONRUSH_SCHEDULER_CAMPAIGN_H
#define ONRUSH_SCHEDULER_CAMPAIGN_H

#include "scheduler/job.h"
#include "shared/store/campaign_row.h"

#include <stdint.h>

/* What a row of MariaDB says about its lease. The lease keeper reads rows twice a second. Times are
 * monotonic. */
struct lease {
    bool mine;        /* this scheduler has it */
    int64_t until_us; /* an early estimate */
    int64_t read_us;  /* the row is at least as recent */
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
    QUEUE_ERROR,   /* Redis refuses all calls (read-only, out of memory, ...) and did nothing */
    QUEUE_BROKEN,  /* Redis refuses this call (a key of the wrong type, ...) and did nothing */
    QUEUE_UNKNOWN, /* no answer: Redis may have done it or not */
};

struct queue_answer {
    enum queue_op op;
    enum queue_outcome outcome;
    struct campaign_head head; /* PUBLISH: before the call */
    uint64_t left;             /* CLAIM: requests above the mark; REVIVE: the next cursor */
    uint64_t claimed;          /* CLAIM: requests in the queue up to the mark */
    const struct grant *rows;  /* CLAIM: users by ticket; valid during the call */
    size_t n;
    const struct grant *aside; /* CLAIM: undecodable members, to be set aside */
    size_t n_aside;
};

/* PUBLISH_TAKE: takes the campaign over. Redis keeps admitting if it did before, unless it knows
 * less than MariaDB. PUBLISH_OPEN: lets Redis admit, provided that it has counted our moves.
 * PUBLISH_CHANGE: publishes changed settings. The last two fail unless Redis has our epoch. */
enum publish_how { PUBLISH_TAKE, PUBLISH_OPEN, PUBLISH_CHANGE };

struct campaign;

/* What a campaign can do. A queue function that returns 0 leads to exactly one later call of
 * campaign_on_queue(). One that returns a negative errno leads to none. */
struct world {
    int (*publish)(struct world *, struct campaign *, enum publish_how);
    int (*claim)(struct world *, struct campaign *, size_t n,
                 uint64_t moves); /* MISSING if Redis counted other moves */
    int (*settle)(struct world *, struct campaign *,
                  const struct batch *); /* uses the batch's verdict */
    /* Queues journalled requests; their tickets are arrivals. Sets the mark back to `mark`. */
    int (*drain)(struct world *, struct campaign *, const struct batch *, uint64_t mark);
    int (*revive)(struct world *, struct campaign *, uint64_t cursor, size_t n);
    int (*expire)(struct world *, struct campaign *);
    void (*submit)(struct world *, struct job *); /* the answer comes to campaign_on_job() */
    /* Gives back the lease of this epoch. If that fails, it is repeated while the row is ours. */
    void (*renounce)(struct world *, struct campaign *, uint64_t epoch);
    int64_t (*now_us)(struct world *); /* monotonic */
    struct queue *queue; /* for the daemon's functions; other worlds leave these NULL */
    struct committer *committer;
    struct lease_keeper *lease_keeper;
    const char *owner;  /* this scheduler's name in MariaDB */
    size_t batch_size;  /* most rows per batch */
    size_t max_batches; /* most batches of a campaign under way */
    int64_t retry_us;   /* pause after an error of Redis */
    int64_t poll_us;    /* interval at which an idle queue is polled */
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

/* The stages of a claim, in the phase RUNNING. Only one claim runs at a time: it claims, and then
 * looks into the journal. The journal holds users that a gateway accepted without Redis. They come
 * before everybody who asked later. So a claimed request joins the ledger's line only if the
 * journal, read after the claim, holds nobody who came earlier. The others are forgotten here and
 * stay in the queue; the drain sets the mark back to before them.
 *
 *   IDLE ──► CLAIMING ──► LOOKING ── nobody came earlier: the rows join the line ──► IDLE
 *    │                     ▲  │
 *    └── the journal is ───┘  └─► DRAINING ──► DELETING (from the journal) ──► IDLE
 *        due to be read */
enum claim_stage { CLAIM_IDLE, CLAIM_CLAIMING, CLAIM_LOOKING, CLAIM_DRAINING, CLAIM_DELETING };

struct campaign {
    uint32_t magic;
    struct world *world;
    struct campaign_row row; /* as read last */
    struct lease lease;
    struct campaign_keys keys;
    enum campaign_phase phase;
    uint64_t epoch; /* the campaign works under it; 0 while AWAY */
    struct ledger ledger;
    uint32_t granted;   /* when loaded */
    uint64_t watermark; /* when loaded: the highest ticket in MariaDB */
    uint64_t shown;     /* grants that Redis shows, during the takeover */
    int64_t sold_out;   /* in Redis, at the takeover */
    int64_t refused;    /* in Redis: admitted, but takes no coupon */

    unsigned jobs;                         /* under way in MariaDB */
    unsigned batches;                      /* of these: batches of grants that may be uncommitted */
    unsigned asks;                         /* calls under way in Redis */
    bool settling, publishing, confirming; /* of these, at most one each */
    enum claim_stage claim;
    struct batch *claimed; /* LOOKING: joins the line as far as the journal allows */
    struct batch *journal; /* DRAINING: a page of the journal, going into the queue */
    uint64_t mark;         /* highest ticket that joined the line; higher ones are claimed again */
    unsigned yielded;      /* looks in a row that let no claimed request pass */
    bool look_due;         /* look into the journal, even without a claim */
    bool mark_due;         /* Redis's mark is above ours: drain before the next claim */
    bool emptied;          /* closed, and the last claim found an empty queue */
    bool publish_due;      /* the row changed since the last publish */
    bool stopping;         /* starts nothing new */
    bool drained;        /* closed; queue and journal are empty; only the journal may still grow */
    bool finishing;      /* EXPIRE or FINISH is under way */
    uint64_t left;       /* size of the queue after the last claim */
    uint64_t moves;      /* moves of the queue that Redis must have counted */
    int64_t poll_at_us;  /* an idle queue is not claimed before */
    int64_t retry_at_us; /* Redis is not called before, after an error */
    unsigned broken;     /* answers QUEUE_BROKEN since broken_op last worked */
    enum queue_op broken_op;
    struct batch_list decided; /* batches to settle, in order; the first may be under way */
    unsigned n_decided;
    uint64_t cursor;        /* RESTORING: serial; REVIVING: HSCAN cursor */
    struct batch *page;     /* RESTORING: grants for the next settle; MariaDB reads ahead */
    bool paged;             /* RESTORING: MariaDB has no more pages */
    bool compared;          /* COMPARING: nobody behind this page can be granted */
    uint64_t dropped_epoch; /* last epoch given up; a stale row does not revive it */
};

/* campaign_init, campaign_destroy: the caller owns the memory. campaign_destroy() needs
 * campaign_idle(). */
void campaign_init(struct campaign *campaign, struct world *world, const struct campaign_row *row);
void campaign_destroy(struct campaign *campaign);

/* campaign_update: takes the campaign up, follows changes, or drops it, as the new row demands. */
void campaign_update(struct campaign *campaign, const struct campaign_row *row,
                     const struct lease *lease);

/* campaign_step: does all that is possible now. Call it after every event, when Redis comes back,
 * and on a timer. */
void campaign_step(struct campaign *campaign);

/* campaign_on_queue, campaign_on_job: handle an answer of Redis; handle a finished job, and free
 * it. */
void campaign_on_queue(struct campaign *campaign, const struct queue_answer *answer);
void campaign_on_job(struct campaign *campaign, struct job *job);

/* campaign_stop: starts nothing new. campaign_quiet: is the work that was under way committed and
 * settled? */
void campaign_stop(struct campaign *campaign);
bool campaign_quiet(const struct campaign *campaign);

/* campaign_idle: is nothing under way, neither a job nor a call? */
bool campaign_idle(const struct campaign *campaign);

/* campaign_admit_limit: how many requests Redis may admit in all; -1: any number. Each refused
 * request makes room for another. */
int64_t campaign_admit_limit(const struct campaign *campaign);

const char *campaign_phase_text(enum campaign_phase phase);

/* --- shared by campaign.c, recovery.c, running.c and claim.c only --- */

/* campaign_enter: the only function that changes the phase. */
void campaign_enter(struct campaign *campaign, enum campaign_phase phase);

/* campaign_drop: gives up this epoch: starts nothing new, and becomes AWAY once nothing is under
 * way. `why` is for the log. */
void campaign_drop(struct campaign *campaign, const char *why);

/* campaign_submit: submits a job for this campaign and epoch; takes `batch` over. False: out of
 * memory, and the campaign is dropped. */
bool campaign_submit(struct campaign *campaign, enum job_kind kind, struct batch *batch);

/* campaign_repeat: submits a finished job once more, with its batch. */
bool campaign_repeat(struct campaign *campaign, struct job *job);

/* campaign_asked: call it with the result of a queue function of struct world. Returns whether the
 * call was made; if not, Redis is tried again later. */
bool campaign_asked(struct campaign *campaign, int result);

/* campaign_retry_later: pauses calls to Redis; the pauses of a broken campaign grow and affect no
 * other campaign. While Redis refuses us, it may refuse gateways too, which then journal: so look
 * into the journal next. */
void campaign_retry_later(struct campaign *campaign);

/* campaign_make_room: n requests were refused and take no coupon, so Redis may admit n others. */
void campaign_make_room(struct campaign *campaign, size_t n);

/* campaign_note_refused: records in MariaDB that these requests are refused, and why, before their
 * users are told. Takes `batch` over. */
void campaign_note_refused(struct campaign *campaign, struct batch *batch, const char *reason);

/* campaign_on_noted: handles a finished JOB_REFUSE. Returns true if it is final, false if it was
 * submitted again. */
bool campaign_on_noted(struct campaign *campaign, struct job *job);

/* recovery_*: the phases LOADING to OPENING. */
void recovery_step(struct campaign *campaign);
void recovery_on_queue(struct campaign *campaign, const struct queue_answer *answer);
void recovery_on_job(struct campaign *campaign, struct job *job);

/* claim_*: the stages of a claim, in the phase RUNNING. claim_on_looked, claim_on_drained: MariaDB
 * read the journal, or deleted from it. claim_failed: Redis did not do its part. */
void claim_step(struct campaign *campaign);
void claim_on_claim(struct campaign *campaign, const struct queue_answer *answer);
void claim_on_looked(struct campaign *campaign, struct job *job);
void claim_on_drain(struct campaign *campaign);
void claim_on_drained(struct campaign *campaign, struct job *job);
void claim_failed(struct campaign *campaign);
void claim_forget(struct campaign *campaign);

/* running_*: the phase RUNNING. */
void running_step(struct campaign *campaign);
void running_on_queue(struct campaign *campaign, const struct queue_answer *answer);
void running_on_job(struct campaign *campaign, struct job *job);

#endif

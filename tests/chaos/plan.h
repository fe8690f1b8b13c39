/* SPDX-License-Identifier: Apache-2.0 */
/* The faults of one round: a seeded random plan, and its execution. */
#ifndef ONRUSH_TESTS_PLAN_H
#define ONRUSH_TESTS_PLAN_H

#include "tests/chaos/probe.h"
#include "tests/chaos/stage.h"
#include "tests/chaos/tally.h"
#include "tests/chaos/watch.h"

#define PLAN_MAX 10

/* The kind of part that a fault hits. */
enum plan_target { TARGET_GATEWAY, TARGET_SCHEDULER, TARGET_REDIS, TARGET_MARIADB, TARGET_LINK };

struct plan_action {
    enum { ACT_NOTHING, ACT_SIGNAL, ACT_START, ACT_LINK, ACT_REDIS, ACT_KILL_CONNECTIONS } what;
    const char *text; /* the signal, or the command to Redis */
    enum relay_action relay;
};

struct plan_kind {
    const char *name;
    enum plan_target target;
    struct plan_action begin, end;
    int min_ms, max_ms; /* duration; 0: instantaneous */
    bool loses_data;    /* only in rounds that expect data loss */
    int weight;         /* weight in the random choice */
};

/* Times are monotonic. */
struct plan_fault {
    const struct plan_kind *kind;
    int64_t begin_ms, lasts_ms; /* planned times since the start of the round */
    bool on_owner;              /* hit the scheduler with the lease, or its links */
    unsigned pick;              /* which gateway */
    int store;                  /* which store's link */
    enum { PLANNED, ACTIVE, OVER, MISSED } is;
    enum part part;
    uint64_t epoch; /* of the lease's owner when the fault began */
    int64_t began_us, ended_us;
};

struct plan {
    struct stage *stage;
    const struct watch *watch;
    size_t n;
    struct plan_fault faults[PLAN_MAX];
    bool busy[N_PARTS]; /* a fault on this part is active */
};

/* plan_allows: true if the comma-separated list contains the kind; NULL contains all. */
bool plan_allows(const char *list, const char *kind);

/* plan_list_check: returns an unknown name of the list, or NULL. The text is static. */
const char *plan_list_check(const char *list);

/* plan_make: draws every random choice of the round. */
void plan_make(struct plan *plan, const char *list, int64_t window_ms, bool loses_data);

/* plan_run: runs the plan; returns when every fault is over. */
void plan_run(struct plan *plan, struct stage *stage, const struct watch *watch);

/* plan_count: after probe_stop() and watch_stop(), counts the faults. It adds a recovery time where
 * no other fault overlapped the recovery. */
void plan_count(const struct plan *plan, struct tally *tally, struct probe *const *probes);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The faults of one round: a seeded random plan, carried out on the stage. */
#ifndef ONRUSH_TESTS_PLAN_H
#define ONRUSH_TESTS_PLAN_H

#include "tests/chaos/probe.h"
#include "tests/chaos/stage.h"
#include "tests/chaos/tally.h"
#include "tests/chaos/watch.h"

#define PLAN_MAX 10

/* What a fault is done to. */
enum plan_target { TARGET_GATEWAY, TARGET_SCHEDULER, TARGET_REDIS, TARGET_MARIADB, TARGET_LINK };

struct plan_kind {
    const char *name;
    enum plan_target target;
    void (*begin)(struct stage *, enum part, int link);
    void (*end)(struct stage *, enum part, int link);
    int min_ms, max_ms; /* how long it lasts; 0: it is over at once */
    bool loses_data;    /* only in rounds of its own, with the weaker oracle */
    int weight;         /* in the choice */
};

/* Times are monotonic. */
struct plan_fault {
    const struct plan_kind *kind;
    int64_t begin_ms, lasts_ms; /* as planned, since the beginning of the round */
    bool on_owner;              /* of the schedulers, the one with the lease, or its links */
    unsigned pick;              /* of the gateways */
    int store;                  /* of the links */
    enum { PLANNED, ACTIVE, OVER, MISSED } is;
    enum part part;
    uint64_t epoch; /* of the owner at its beginning */
    int64_t began_us, ended_us;
};

struct plan {
    struct stage *stage;
    const struct watch *watch;
    size_t n;
    struct plan_fault faults[PLAN_MAX];
    bool busy[N_PARTS]; /* something is being done to it */
};

/* plan_allows: whether the list (names with commas between; NULL: all) has a kind. */
bool plan_allows(const char *list, const char *kind);

/* plan_list_check: an unknown name in the list, or NULL. The text is static. */
const char *plan_list_check(const char *list);

/* plan_make: throws the dice, and nothing else does until the round is over. */
void plan_make(struct plan *plan, const char *list, int64_t window_ms, bool loses_data);

/* plan_run: carries it out; returns when every fault is over. */
void plan_run(struct plan *plan, struct stage *stage, const struct watch *watch);

/* plan_count: what was done, and how long it took to recover where that can be told: where no other
 * fault was under way meanwhile. After probe_stop() and watch_stop(). */
void plan_count(const struct plan *plan, struct tally *tally, struct probe *const *probes);

#endif

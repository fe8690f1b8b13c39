/* SPDX-License-Identifier: Apache-2.0 */
/* The stack under chaos: two gateways, two schedulers, Redis and MariaDB, with a relay between each
 * daemon and each store. Whoever looks from outside (the oracle, onrushctl) goes past the relays.
 * Main thread only. */
#ifndef ONRUSH_TESTS_STAGE_H
#define ONRUSH_TESTS_STAGE_H

#include "tests/chaos/relay.h"
#include "tests/support/stack.h"

#define STAGE_PARTS(X)                                                                             \
    X(PART_GATEWAY, "gateway")                                                                     \
    X(PART_GATEWAY2, "gateway2")                                                                   \
    X(PART_SCHEDULER, "scheduler")                                                                 \
    X(PART_SCHEDULER2, "scheduler2")                                                               \
    X(PART_REDIS, "redis")                                                                         \
    X(PART_MARIADB, "mariadb")

enum part {
#define X(id, text) id,
    STAGE_PARTS(X)
#undef X
        N_PARTS
};

#define N_DAEMONS  PART_REDIS /* the parts before it */
#define N_GATEWAYS 2
#define N_STORES   2

struct stage {
    struct stack stack;
    struct relay *relay;
    int links[N_DAEMONS][N_STORES]; /* the second: PART_REDIS - PART_REDIS, PART_MARIADB - ... */
    char urls[N_GATEWAYS][64];
    const char *dir; /* for ledgers and logs of the test's own */
    int lease_ms;
    unsigned broken; /* parts that did not come back, or died by themselves */
};

extern const char *const part_names[N_PARTS];

/* stage_up: `self` is this program, which also runs the schedulers (points.h). */
void stage_up(struct stage *stage, const char *self, int lease_ms);

/* stage_down: whether everything ended without a trace of a bug in the logs. */
bool stage_down(struct stage *stage);

/* stage_signal: "KILL", "TERM" (both wait for the end), "STOP", "CONT". False: it did not run. */
bool stage_signal(struct stage *stage, enum part part, const char *signal);

/* stage_start: until it answers; what does not come back counts as broken. */
void stage_start(struct stage *stage, enum part part);

/* stage_launch: does not wait for an answer: an armed scheduler (points.h) may never give one. */
void stage_launch(struct stage *stage, enum part part);

/* stage_pid: of a part that runs, else 0. */
pid_t stage_pid(const struct stage *stage, enum part part);

/* stage_stopped: by SIGSTOP, wherever that came from. */
bool stage_stopped(const struct stage *stage, enum part part);

/* stage_heal: every link passes, every part runs and is ready. What does not run although nothing
 * killed it counts as broken. */
void stage_heal(struct stage *stage);

/* stage_keep: copies logs and ledgers to `to`. */
void stage_keep(struct stage *stage, const char *to);

/* pause_ms: nothing happens for so long. */
void pause_ms(int64_t ms);

/* chaos_say: a line with the time since the program began. */
void chaos_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The stack under chaos: two gateways, two schedulers, Redis and MariaDB, with a relay between each
 * daemon and each store. The oracle and onrushctl bypass the relays. Main thread only. */
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

#define N_DAEMONS  PART_REDIS /* the daemons come first in enum part */
#define N_GATEWAYS 2
#define N_STORES   2

struct stage {
    struct stack stack;
    struct relay *relay;
    int links[N_DAEMONS][N_STORES]; /* link of each daemon to Redis [0] and MariaDB [1] */
    char urls[N_GATEWAYS][64];
    const char *dir; /* the test's own ledgers and logs */
    int lease_ms;
    unsigned broken; /* parts that did not come back or died on their own */
};

extern const char *const part_names[N_PARTS];

/* stage_up: starts everything. `self` is this program, which also runs the schedulers (points.h).
 * */
void stage_up(struct stage *stage, const char *self, int lease_ms);

/* stage_down: stops everything; returns true if no log shows a bug. */
bool stage_down(struct stage *stage);

/* stage_signal: sends "KILL", "TERM" (both wait for the end), "STOP" or "CONT". Returns false if
 * the part did not run. */
bool stage_signal(struct stage *stage, enum part part, const char *signal);

/* stage_start: returns when the part answers; counts a part that does not as broken. */
void stage_start(struct stage *stage, enum part part);

/* stage_launch: starts a part without waiting; an armed scheduler (points.h) may never answer. */
void stage_launch(struct stage *stage, enum part part);

/* stage_pid: the pid of a running part, or 0. */
pid_t stage_pid(const struct stage *stage, enum part part);

/* stage_stopped: true if SIGSTOP has stopped the part, from any sender. */
bool stage_stopped(const struct stage *stage, enum part part);

/* stage_heal: every link passes, and every part runs and is ready. A part that ended without being
 * killed counts as broken. */
void stage_heal(struct stage *stage);

/* stage_keep: copies logs and ledgers to `to`. */
void stage_keep(struct stage *stage, const char *to);

/* stage_point: the file that arms the next scheduler to start. */
const char *stage_point(const struct stage *stage);

void pause_ms(int64_t ms);

/* chaos_begin, chaos_end: the first and the last call of a program with a stage. A signal ends the
 * program and its stack. */
void chaos_begin(void);
void chaos_end(void);

/* chaos_say: prints a line with the time since the program began. */
void chaos_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

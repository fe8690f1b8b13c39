/* SPDX-License-Identifier: Apache-2.0 */
/* Health: the one source for /readyz, the metrics and the callbacks.
 *
 *   the daemon's parts ──► struct health_report (current) ──┬──► /readyz: at once
 *                                                           └──► health_see(): damped, for people
 *
 * A report has a state for each component, and says whether the daemon can do its work durably.
 * health_see() shows a change only after it has lasted: `worse_us` for the worse, `better_us` for
 * the better, so that nothing flaps. Pure: no I/O, no clock, no threads. Times are monotonic µs. */
#ifndef ONRUSH_HEALTH_H
#define ONRUSH_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

/* X(M, id); X receives M. */
#define HEALTH_COMPONENTS(X, M)                                                                    \
    X(M, redis) X(M, mariadb) X(M, backlog) X(M, lag) X(M, journal) X(M, errors)

enum health_component {
#define X(M, id) HEALTH_##id,
    HEALTH_COMPONENTS(X, )
#undef X
        HEALTH_COMPONENTS_N
};

enum health_state { HEALTH_OK, HEALTH_DEGRADED, HEALTH_DOWN };

#define HEALTH_REASON_SIZE 160

/* The reason is "" if the state is ok. It goes into JSON and logs: no secrets, no quotes. */
struct health_finding {
    enum health_state state;
    char reason[HEALTH_REASON_SIZE];
};

/* The current state. In a zeroed report every component is ok, but `able` is false. */
struct health_report {
    bool able; /* can do its work durably: /readyz answers this */
    struct health_finding found[HEALTH_COMPONENTS_N];
};

/* health_found: records a finding, unless a worse one is recorded. */
void health_found(struct health_report *report, enum health_component component,
                  enum health_state state, const char *reason, ...)
    __attribute__((format(printf, 4, 5)));

/* health_overall: down if not able, degraded if a component is not ok, else ok. */
enum health_state health_overall(const struct health_report *report);

extern const char *const health_state_texts[];
extern const char *const health_component_texts[];

/* A damped state: what is shown, what was seen last, and since when. */
struct health_track {
    enum health_state shown, seen;
    int64_t seen_since_us;
};

struct health {
    int64_t worse_us, better_us; /* set by the owner: how long a change must last */
    struct health_track overall;
    struct health_track components[HEALTH_COMPONENTS_N];
};

/* What a report changed in the shown states. */
struct health_change {
    bool any;
    enum health_state was; /* the overall state before */
    enum health_state components_were[HEALTH_COMPONENTS_N];
};

/* health_see: processes a report. Sets change->any if a shown state changed. */
void health_see(struct health *health, const struct health_report *report, int64_t now_us,
                struct health_change *change);

/* The ratio of two growing counters over the last ten seconds. */
#define HEALTH_SHARE_SLOTS   10
#define HEALTH_SHARE_SLOT_US 1000000

struct health_share {
    struct {
        int64_t all, bad;
    } slots[HEALTH_SHARE_SLOTS]; /* a ring: the counters at the start of each second */
    int64_t slot;                /* the number of the last second seen; 0: none */
};

/* health_share_see: records the counters and returns the share in percent, or 0 if `all` grew by
 * less than `least` in that time. */
int health_share_see(struct health_share *share, int64_t now_us, int64_t all, int64_t bad,
                     int64_t least);

#endif

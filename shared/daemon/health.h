/* SPDX-License-Identifier: Apache-2.0 */
/* Health: what a daemon says of itself, in one place, for /readyz, the metrics and the callbacks.
 *
 *   the daemon's parts ──► struct health_report (as it is now) ──┬──► /readyz: at once
 *                                                                └──► health_see(): calm, for people
 *
 * A report has a state for each component, and whether the daemon can do its work durably at all.
 * health_see() lets a change through only when it has lasted: `worse_us` on the way down,
 * `better_us` on the way up, so that nothing flaps. Pure: no I/O, no clock, no threads. Times are
 * monotonic µs. */
#ifndef ONRUSH_HEALTH_H
#define ONRUSH_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_COMPONENTS(X) X(redis) X(mariadb) X(backlog) X(lag) X(journal) X(errors)

enum health_component {
#define X(id) HEALTH_##id,
    HEALTH_COMPONENTS(X)
#undef X
        HEALTH_COMPONENTS_N
};

enum health_state { HEALTH_OK, HEALTH_DEGRADED, HEALTH_DOWN };

#define HEALTH_REASON_SIZE 160

/* The reason is "" when ok. It goes into JSON and logs: no secrets, no quotes. */
struct health_finding {
    enum health_state state;
    char reason[HEALTH_REASON_SIZE];
};

/* As it is at this moment. All zero: everything is well, but nothing can be done (`able`). */
struct health_report {
    bool able; /* the daemon can do its work durably: what /readyz answers */
    struct health_finding found[HEALTH_COMPONENTS_N];
};

/* health_found: notes a finding unless there is a worse one already. */
void health_found(struct health_report *report, enum health_component component,
                  enum health_state state, const char *reason, ...)
    __attribute__((format(printf, 4, 5)));

/* health_overall: down when not able, degraded when a component is not ok, else ok. */
enum health_state health_overall(const struct health_report *report);

const char *health_state_text(enum health_state state);
const char *health_component_text(enum health_component component);

/* One state that is calm: what is shown, and what was seen since when instead. */
struct health_track {
    enum health_state shown, seen;
    int64_t seen_since_us;
    int64_t shown_since_us;
};

struct health {
    int64_t worse_us, better_us; /* set by the owner: how long a change must last */
    struct health_track overall;
    struct health_track components[HEALTH_COMPONENTS_N];
};

/* What became visible by one report. */
struct health_change {
    bool any;
    enum health_state was; /* overall, before */
    enum health_state components_were[HEALTH_COMPONENTS_N];
};

/* health_see: takes a report in. change->any when something that is shown changed. */
void health_see(struct health *health, const struct health_report *report, int64_t now_us,
                struct health_change *change);

/* A share over the last ten seconds, of two counters that only grow. */
#define HEALTH_SHARE_SLOTS   10
#define HEALTH_SHARE_SLOT_US 1000000

struct health_share {
    struct {
        int64_t all, bad;
    } slots[HEALTH_SHARE_SLOTS]; /* the counters when each second began, as a ring */
    int64_t slot;                /* number of the second that was noted last; 0: none */
};

/* health_share_see: notes the counters and gives the share in percent, 0 when there were fewer than
 * `least` in that time. */
int health_share_see(struct health_share *share, int64_t now_us, int64_t all, int64_t bad,
                     int64_t least);

#endif

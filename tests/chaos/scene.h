/* SPDX-License-Identifier: Apache-2.0 */
/* Leads the first scheduler to a fault point (points.h). Each scene is one campaign with clients.
 * Main thread only. */
#ifndef ONRUSH_TESTS_SCENE_H
#define ONRUSH_TESTS_SCENE_H

#include "tests/chaos/oracle.h"
#include "tests/chaos/stage.h"
#include "tests/chaos/watch.h"

enum scene_kind {
    SCENE_LOAD,     /* decides a campaign under load */
    SCENE_TAKEOVER, /* takes over after the other dies with claimed requests */
    SCENE_LOST,     /* as TAKEOVER, and Redis is emptied in between */
    SCENE_RAISED,   /* the quota is raised after some users were told "sold out" */
    SCENE_JOURNAL,  /* Redis dies under load and comes back: there is a journal to drain */
    SCENE_CLOSED,   /* the campaign is closed after everybody is decided */
    N_SCENES
};

struct scene {
    struct stage *stage;
    enum scene_kind kind;
    char campaign[64];
    uint32_t quota;
    enum oracle_rules rules; /* what the oracle tolerates */
    struct watch *watch;     /* NULL: no campaign */
    pid_t burst;             /* 0: none, or already joined */
};

/* scene_play: arms the point (in the form of $ONRUSH_FAULT) and waits until the first scheduler is
 * dead or stopped there. Returns false if that never happens. In that case the second scheduler is
 * down, and the burst may still run. */
bool scene_play(struct scene *scene, const char *point);

/* scene_end: waits until everybody is decided and lets the oracle judge. Returns the number of
 * breaches; *decided_us is the time that took, or -1 if it took too long. */
unsigned scene_end(struct scene *scene, int64_t *decided_us);

#endif

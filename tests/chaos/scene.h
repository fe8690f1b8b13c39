/* SPDX-License-Identifier: Apache-2.0 */
/* Leads the first scheduler to a point of its code (points.h): each scene is one campaign with
 * clients. Main thread only. */
#ifndef ONRUSH_TESTS_SCENE_H
#define ONRUSH_TESTS_SCENE_H

#include "tests/chaos/oracle.h"
#include "tests/chaos/stage.h"
#include "tests/chaos/watch.h"

enum scene_kind {
    SCENE_LOAD,     /* it decides a campaign under load */
    SCENE_TAKEOVER, /* the other one dies with requests claimed, and it takes over */
    SCENE_LOST,     /* the same, and Redis is emptied in between */
    SCENE_RAISED,   /* the quota is raised after somebody was told "sold out" */
    SCENE_JOURNAL,  /* Redis dies under load and comes back: there is a journal to drain */
    SCENE_CLOSED,   /* the campaign is closed when everybody is decided */
    N_SCENES
};

struct scene {
    struct stage *stage;
    enum scene_kind kind;
    char campaign[64];
    uint32_t quota;
    enum oracle_rules rules; /* what the oracle may expect of it */
    struct watch *watch;     /* NULL: there is no campaign */
    pid_t burst;             /* 0: none, or joined */
};

/* scene_play: arms the point (in the form of $ONRUSH_FAULT), and runs until the first scheduler is
 * dead or stopped. False: it never was. The second one does not run then, and the burst may still
 * be running. */
bool scene_play(struct scene *scene, const char *point);

/* scene_end: waits for everything, and lets the oracle judge. Returns the number of breaches;
 * *decided_us is the time until everybody was decided, -1 for too long. */
unsigned scene_end(struct scene *scene, int64_t *decided_us);

/* scene_point_path: the file that arms the next scheduler to start. */
void scene_point_path(const struct stage *stage, char path[256]);

#endif

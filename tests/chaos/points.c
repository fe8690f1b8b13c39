/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/points.h"

#include "shared/base/clock.h"
#include "tests/chaos/round.h"
#include "tests/chaos/scene.h"
#include "tests/support/child.h"
#include "tests/support/dice.h"
#include "tests/support/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What happens at a point: the scheduler dies, sleeps past its lease, or loses the connection to
 * the store that it calls next. It notices the loss in its next step, which may be a COMMIT. */
enum mode { DIE, SLEEP, CUT, N_MODES };

#define CUT_MS 100

/* Fault point, the store called next, the scene that leads there, and the table's names of the
 * modes. */
static const struct point {
    const char *name;
    enum part next;
    enum scene_kind scene;
    const char *kinds[N_MODES];
} points[] = {
#define POINT(name, next, scene)                                                                   \
    {                                                                                              \
        name, next, scene,                                                                         \
        {                                                                                          \
            "die " name, "sleep " name, "cut " name                                                \
        }                                                                                          \
    }
    POINT("after-claim", PART_MARIADB, SCENE_LOAD),
    POINT("before-insert", PART_MARIADB, SCENE_LOAD),
    POINT("after-insert", PART_MARIADB, SCENE_LOAD),
    POINT("after-guard", PART_MARIADB, SCENE_LOAD),
    POINT("after-commit", PART_REDIS, SCENE_LOAD),
    POINT("before-settle", PART_REDIS, SCENE_LOAD),
    POINT("after-settle", PART_REDIS, SCENE_LOAD),
    POINT("enter-loading", PART_MARIADB, SCENE_TAKEOVER),
    POINT("enter-publishing", PART_REDIS, SCENE_TAKEOVER),
    POINT("enter-comparing", PART_REDIS, SCENE_TAKEOVER),
    POINT("after-compare", PART_MARIADB, SCENE_TAKEOVER),
    POINT("enter-opening", PART_REDIS, SCENE_TAKEOVER),
    POINT("enter-running", PART_REDIS, SCENE_TAKEOVER),
    POINT("enter-restoring", PART_MARIADB, SCENE_LOST),
    POINT("after-page", PART_REDIS, SCENE_LOST),
    POINT("enter-reviving", PART_REDIS, SCENE_RAISED),
    POINT("after-revive", PART_REDIS, SCENE_RAISED),
    POINT("enter-dropping", PART_MARIADB, SCENE_RAISED),
    POINT("enter-away", PART_MARIADB, SCENE_RAISED),
    POINT("after-journal", PART_REDIS, SCENE_JOURNAL),
    POINT("after-drain", PART_MARIADB, SCENE_JOURNAL),
    POINT("before-unjournal", PART_MARIADB, SCENE_JOURNAL),
    POINT("after-unjournal", PART_REDIS, SCENE_JOURNAL),
    POINT("after-expire", PART_MARIADB, SCENE_CLOSED),
    POINT("before-finish", PART_MARIADB, SCENE_CLOSED),
    POINT("after-finish", PART_MARIADB, SCENE_CLOSED),
};

#define N_POINTS (sizeof points / sizeof points[0])
#define N_PAIRS  (N_POINTS * N_MODES)

/* A scene always reaches its point, unless the machine stalls for half a minute. */
#define TRIES_MAX 3

/* Progress so far. */
static struct {
    bool shuffled;
    unsigned pairs[N_PAIRS]; /* point * N_MODES + mode */
    unsigned done;           /* number of pairs done */
    unsigned scenes;
    unsigned tried[N_POINTS], reached[N_POINTS];
} course;

int points_exec(char **argv)
{
    char point[64] = "";
    FILE *in = argv[0] != NULL && argv[1] != NULL ? fopen(argv[0], "re") : NULL;
    if (in != NULL) {
        if (fgets(point, sizeof point, in) != NULL)
            setenv("ONRUSH_FAULT", point, 1);
        fclose(in);
        remove(argv[0]);
    }
    if (argv[0] != NULL && argv[1] != NULL)
        execv(point[0] != '\0' ? CHAOS_FAULTS_SCHEDULER : argv[1], argv + 1);
    fprintf(stderr, "chaos --as-scheduler: %s\n", strerror(errno));
    return 127;
}

/* go_on: continues after the first scheduler reached its point. */
static void go_on(struct stage *s, const struct point *point, enum mode mode)
{
    if (mode == DIE) {
        stage_start(s, PART_SCHEDULER);
        return;
    }
    if (mode == CUT)
        relay_do(s->relay, s->links[PART_SCHEDULER][point->next - PART_REDIS], RELAY_CUT);
    pause_ms(mode == CUT ? CUT_MS : 2 * s->lease_ms);
    stage_signal(s, PART_SCHEDULER, "CONT");
}

/* repair: starts the second scheduler. If the first one never reached its point, it is still armed:
 * restart it. */
static void repair(struct stage *s, const struct point *point, enum mode mode, bool came)
{
    bool second = mode == SLEEP || (mode == DIE && dice(2) == 0);
    if (second || !came)
        stage_start(s, PART_SCHEDULER2);
    if (came) {
        go_on(s, point, mode);
    } else {
        stage_signal(s, PART_SCHEDULER, "TERM");
        stage_start(s, PART_SCHEDULER);
    }
    if (!second && came)
        stage_start(s, PART_SCHEDULER2);
}

static void count(struct tally *tally, const struct scene *scene, const struct point *point,
                  enum mode mode, int64_t from_us, uint64_t epoch)
{
    tally_fault(tally, point->kinds[mode]);
    int64_t at_us = watch_next_grant(scene->watch, from_us, mode == CUT ? 0 : epoch + 1);
    if (at_us >= 0)
        tally_recovery(tally, point->kinds[mode], at_us - from_us);
}

static unsigned run_point(struct stage *s, struct tally *tally, size_t i, enum mode mode)
{
    const struct point *point = &points[i];
    struct scene scene = {.stage = s, .kind = point->scene};
    unsigned countdown = scene.kind == SCENE_LOAD ? (unsigned)dice(4) : 0, broken = s->broken;
    uint64_t epoch;
    int64_t decided_us;
    snprintf(scene.campaign, sizeof scene.campaign, "point-%u-%s", ++course.scenes, point->name);
    bool came =
        scene_play(&scene, textf("%s:%u%s", point->name, countdown, mode == DIE ? "" : ":stop"));
    chaos_say("%s:%u%s", point->kinds[mode], countdown, came ? "" : ", which was not reached");
    course.tried[i]++;
    course.reached[i] += came;
    if (scene.watch == NULL)
        return 1;
    int64_t from_us = clock_mono_us();
    watch_owner(scene.watch, &epoch);
    repair(s, point, mode, came);
    unsigned breaches = scene_end(&scene, &decided_us);
    watch_stop(scene.watch);
    if (decided_us >= 0)
        tally_recovery(tally, "(all decided)", decided_us);
    if (came)
        count(tally, &scene, point, mode, from_us, epoch);
    watch_free(scene.watch);
    return breaches + (s->broken - broken);
}

static void shuffle(void)
{
    for (unsigned i = 0; i < N_PAIRS; i++)
        course.pairs[i] = i;
    for (unsigned i = N_PAIRS - 1; i > 0; i--) {
        unsigned j = (unsigned)dice(i + 1), swapped = course.pairs[i];
        course.pairs[i] = course.pairs[j];
        course.pairs[j] = swapped;
    }
    course.shuffled = true;
}

static bool never_reached(size_t point)
{
    return course.tried[point] > 0 && course.reached[point] == 0;
}

unsigned points_run(struct stage *s, struct tally *tally, int n)
{
    unsigned breaches = 0;
    if (!course.shuffled)
        shuffle();
    for (int i = 0; i < n && breaches == 0; i++) {
        unsigned pair = course.pairs[course.done++ % N_PAIRS];
        size_t point = pair / N_MODES;
        do
            breaches = run_point(s, tally, point, (enum mode)(pair % N_MODES));
        while (breaches == 0 && never_reached(point) && course.tried[point] < TRIES_MAX);
    }
    return breaches;
}

unsigned points_report(void)
{
    unsigned missed = 0;
    if (course.done == 0)
        return 0;
    printf("\n  %-26s %8s %10s\n", "point", "tried", "reached");
    for (size_t i = 0; i < N_POINTS; i++) {
        printf("  %-26s %8u %10u%s\n", points[i].name, course.tried[i], course.reached[i],
               never_reached(i) ? "  NEVER REACHED" : "");
        missed += never_reached(i);
    }
    return missed;
}

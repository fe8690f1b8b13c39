#include "tests/chaos/points.h"

#include "shared/clock.h"
#include "tests/chaos/oracle.h"
#include "tests/chaos/round.h"
#include "tests/chaos/watch.h"
#include "tests/support/child.h"
#include "tests/support/dice.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POINT_MS  20000
#define BURST_MS  30000
#define SETTLE_MS 30000
#define QUOTA     4000

/* What happens at a point: the scheduler dies; it sleeps past its lease; or both its connections
 * are cut, and it finds that out in its next step (a COMMIT, perhaps). */
enum mode { DIE, SLEEP, CUT, N_MODES };

#define CUT_MS 100

/* Where, whom it asks next, and how each mode of it stands in the table. */
static const struct point {
    const char *name;
    enum part next;
    const char *kinds[N_MODES];
} points[] = {
#define POINT(name, next)                                                                          \
    {                                                                                              \
        name, next,                                                                                \
        {                                                                                          \
            "die " name, "sleep " name, "cut " name                                                \
        }                                                                                          \
    }
    POINT("after-claim", PART_MARIADB),  POINT("before-insert", PART_MARIADB),
    POINT("after-insert", PART_MARIADB), POINT("after-guard", PART_MARIADB),
    POINT("after-commit", PART_REDIS),   POINT("before-settle", PART_REDIS),
    POINT("after-settle", PART_REDIS),
};

/* --- arming --- */

static void point_path(const struct stage *s, char path[256])
{
    snprintf(path, 256, "%s/point", s->dir);
}

/* restart_armed: the first scheduler starts with the point, and takes the next campaign, since the
 * second one is not there. */
static void restart_armed(struct stage *s, const char *name, unsigned countdown, enum mode mode)
{
    char path[256];
    point_path(s, path);
    FILE *out = fopen(path, "we");
    if (out == NULL)
        test_fail_start("%s: %s", path, strerror(errno));
    fprintf(out, "%s:%u%s", name, countdown, mode == DIE ? "" : ":stop");
    fclose(out);
    stage_signal(s, PART_SCHEDULER2, "TERM");
    stage_signal(s, PART_SCHEDULER, "TERM");
    stage_start(s, PART_SCHEDULER);
}

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

/* --- one point --- */

/* wait_point: until the first scheduler is dead, or stopped. */
static bool wait_point(const struct stage *s)
{
    int64_t deadline_us = clock_mono_us() + POINT_MS * 1000;
    while (stage_pid(s, PART_SCHEDULER) != 0 && !stage_stopped(s, PART_SCHEDULER)) {
        if (clock_mono_us() > deadline_us)
            return false;
        wait_a_moment();
    }
    return true;
}

static void pause_ms(int64_t ms)
{
    for (int64_t until_us = clock_mono_us() + ms * 1000; clock_mono_us() < until_us;)
        wait_a_moment();
}

/* go_on: after the first scheduler came to its point. */
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

static unsigned judge(struct stage *s, const char *campaign)
{
    char path[256];
    struct crowd *crowd = crowd_new();
    round_ledger(s, campaign, 0, path);
    crowd_read_ledger(crowd, path);
    unsigned breaches = oracle_check(s, crowd, campaign, QUOTA, ORACLE_STRICT);
    crowd_free(crowd);
    return breaches;
}

static unsigned finish(struct stage *s, struct tally *tally, const char *campaign, pid_t burst)
{
    round_join(burst, BURST_MS);
    int64_t us = oracle_wait(s, campaign, SETTLE_MS);
    if (us < 0)
        chaos_say("BREACH: %s is not decided within %d s", campaign, SETTLE_MS / 1000);
    else
        tally_recovery(tally, "(all decided)", us);
    return judge(s, campaign) + (us < 0);
}

/* come_to_point: makes the campaign and the load, and lets the scheduler come to its point. The
 * second one is there meanwhile, if the first is not to start again. */
static bool come_to_point(struct stage *s, const char *campaign, bool second, struct watch **watch,
                          pid_t *burst)
{
    if (!round_campaign(s, campaign, QUOTA, -1))
        return false;
    if (second)
        stage_start(s, PART_SCHEDULER2);
    *watch = watch_start(&s->stack.db, campaign);
    *burst = round_burst(s, campaign, 0, "--users 6000 --requests 8000 --rate 4000");
    bool came = wait_point(s);
    if (!came)
        chaos_say("BREACH: the scheduler does not come to its point");
    return came;
}

static unsigned run_point(struct stage *s, struct tally *tally, const struct point *point,
                          int number, enum mode mode)
{
    char campaign[64];
    const char *kind = point->kinds[mode];
    unsigned countdown = (unsigned)dice(4), broken = s->broken;
    bool second = mode == SLEEP || (mode == DIE && dice(2) == 0);
    uint64_t epoch;
    struct watch *watch = NULL;
    pid_t burst = 0;
    snprintf(campaign, sizeof campaign, "point-%d-%d-%s", number, (int)mode, point->name);
    chaos_say("%s:%u%s", kind, countdown, second ? ", the other one takes over" : "");
    restart_armed(s, point->name, countdown, mode);
    bool came = come_to_point(s, campaign, second, &watch, &burst);
    if (watch == NULL)
        return 1;
    int64_t from_us = clock_mono_us();
    watch_owner(watch, &epoch);
    if (came)
        go_on(s, point, mode);
    if (!second)
        stage_start(s, PART_SCHEDULER2);
    unsigned breaches = finish(s, tally, campaign, burst);
    watch_stop(watch);
    tally_fault(tally, kind);
    int64_t at_us = watch_next_grant(watch, from_us, mode == CUT ? 0 : epoch + 1);
    if (at_us >= 0)
        tally_recovery(tally, kind, at_us - from_us);
    watch_free(watch);
    return breaches + !came + (s->broken - broken);
}

unsigned points_run(struct stage *s, struct tally *tally)
{
    static int number;
    unsigned breaches = 0;
    number++;
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        for (int mode = 0; mode < N_MODES; mode++)
            breaches += run_point(s, tally, &points[i], number, (enum mode)mode);
    }
    return breaches;
}

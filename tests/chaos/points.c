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

#define DEATH_MS  20000
#define BURST_MS  30000
#define SETTLE_MS 30000
#define USERS     6000
#define QUOTA     4000

/* The name in the table, and that of scheduler/fault.h. */
static const struct point {
    const char *kind, *name;
} points[] = {
    {"point after-claim", "after-claim"},   {"point before-insert", "before-insert"},
    {"point after-insert", "after-insert"}, {"point after-guard", "after-guard"},
    {"point after-commit", "after-commit"}, {"point before-settle", "before-settle"},
    {"point after-settle", "after-settle"},
};

/* --- arming --- */

static void point_path(const struct stage *s, char path[256])
{
    snprintf(path, 256, "%s/point", s->dir);
}

/* restart_armed: the first scheduler starts with the point, and takes the next campaign, since the
 * second one is not there. */
static void restart_armed(struct stage *s, const char *name, unsigned countdown)
{
    char path[256];
    point_path(s, path);
    FILE *out = fopen(path, "we");
    if (out == NULL)
        test_fail_start("%s: %s", path, strerror(errno));
    fprintf(out, "%s:%u", name, countdown);
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

static bool wait_death(const struct stage *s)
{
    int64_t deadline_us = clock_mono_us() + DEATH_MS * 1000;
    while (stage_pid(s, PART_SCHEDULER) != 0) {
        if (clock_mono_us() > deadline_us)
            return false;
        wait_a_moment();
    }
    return true;
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

/* run_point: either the second scheduler is there when the first dies, or the first is started
 * again after it died. */
static unsigned run_point(struct stage *s, struct tally *tally, const struct point *point,
                          int number)
{
    char campaign[64];
    unsigned countdown = (unsigned)dice(4), broken = s->broken, breaches = 0;
    bool second = dice(2) == 0;
    uint64_t epoch;
    snprintf(campaign, sizeof campaign, "point-%d-%s", number, point->name);
    chaos_say("%s:%u, then %s", point->kind, countdown,
              second ? "the other takes over" : "it starts again");
    restart_armed(s, point->name, countdown);
    if (!round_campaign(s, campaign, QUOTA, -1))
        return 1;
    if (second)
        stage_start(s, PART_SCHEDULER2);
    struct watch *watch = watch_start(&s->stack.db, campaign);
    pid_t burst = round_burst(s, campaign, 0, "--users 6000 --requests 8000 --rate 4000");
    bool died = wait_death(s);
    int64_t death_us = clock_mono_us();
    watch_owner(watch, &epoch);
    if (!died) {
        chaos_say("BREACH: the scheduler does not come to %s", point->name);
        breaches++;
        stage_signal(s, PART_SCHEDULER, "KILL");
    }
    stage_start(s, PART_SCHEDULER);
    if (!second)
        stage_start(s, PART_SCHEDULER2);
    breaches += finish(s, tally, campaign, burst);
    watch_stop(watch);
    tally_fault(tally, point->kind);
    int64_t at_us = watch_next_grant(watch, death_us, epoch + 1);
    if (at_us >= 0)
        tally_recovery(tally, point->kind, at_us - death_us);
    watch_free(watch);
    return breaches + (s->broken - broken);
}

unsigned points_run(struct stage *s, struct tally *tally)
{
    static int number;
    unsigned breaches = 0;
    number++;
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++)
        breaches += run_point(s, tally, &points[i], number);
    return breaches;
}

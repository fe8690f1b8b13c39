/* SPDX-License-Identifier: Apache-2.0 */
/* chaos: kills, stops, disconnects and empties parts of a real stack under load, then compares what
 * clients were told with what the stores hold.
 *
 * It starts its own stack (ops/stack), kills the scheduler at each of its fault points, then runs
 * rounds of random faults until the time is over. The seed decides the faults but not what they
 * hit, because these are real processes. On a breach it keeps logs and ledgers and exits with 1. */
#include "shared/base/clock.h"
#include "tests/chaos/plan.h"
#include "tests/chaos/points.h"
#include "tests/chaos/round.h"
#include "tests/chaos/stage.h"
#include "tests/support/child.h"
#include "tests/support/dice.h"
#include "tests/support/text.h"

#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA_LOST_EVERY 3 /* one round in so many loses data */
#define POINTS_A_ROUND  4

struct options {
    int64_t seconds;
    int lease_ms;
    const char *faults; /* NULL: all */
    const char *keep;
};

static int usage(FILE *to, int code)
{
    fprintf(to, "usage: chaos [--seed S] [--seconds N | --hours H] [--faults NAME,NAME...]\n"
                "             [--lease-ms N] [--keep DIR]\n"
                "The faults are those that it prints, flushall, and points (deaths at the named\n"
                "points of the scheduler). --keep: where logs go after a breach.\n");
    return code;
}

static int parse(int argc, char **argv, struct options *o)
{
    static const struct option table[] = {
        {"seed", required_argument, NULL, 's'},     {"seconds", required_argument, NULL, 'n'},
        {"hours", required_argument, NULL, 'h'},    {"faults", required_argument, NULL, 'f'},
        {"lease-ms", required_argument, NULL, 'l'}, {"keep", required_argument, NULL, 'k'},
        {"help", no_argument, NULL, '?'},           {0}};
    *o = (struct options){.seconds = 120, .lease_ms = 1500};
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (c == 's')
            setenv("ONRUSH_SEED", optarg, 1);
        else if (c == 'n')
            o->seconds = atoll(optarg);
        else if (c == 'h')
            o->seconds = (int64_t)(atof(optarg) * 3600);
        else if (c == 'f')
            o->faults = optarg;
        else if (c == 'l')
            o->lease_ms = atoi(optarg);
        else if (c == 'k')
            o->keep = optarg;
        else
            return usage(stderr, 64);
    }
    const char *unknown = plan_list_check(o->faults);
    if (unknown != NULL)
        fprintf(stderr, "chaos: there is no fault %s\n", unknown);
    return unknown != NULL || o->seconds <= 0 || optind != argc ? usage(stderr, 64) : -1;
}

/* run: alternates points and rounds until the time is over or a promise is broken. */
static unsigned run(struct stage *stage, struct tally *tally, const struct options *o)
{
    int64_t until_us = clock_mono_us() + o->seconds * 1000000;
    bool rounds = o->faults == NULL || strcmp(o->faults, "points") != 0;
    unsigned breaches = 0;
    for (int i = 1; breaches == 0 && clock_mono_us() < until_us; i++) {
        if (plan_allows(o->faults, "points"))
            breaches += points_run(stage, tally, POINTS_A_ROUND);
        if (!rounds || breaches > 0 || clock_mono_us() > until_us)
            continue;
        bool loses_data = plan_allows(o->faults, "flushall") && i % DATA_LOST_EVERY == 0;
        breaches += round_run(stage, tally, i, o->faults, loses_data);
    }
    return breaches;
}

static void keep(struct stage *stage, const struct options *o, uint64_t seed)
{
    const char *to = o->keep != NULL ? o->keep : textf("/tmp/onrush-chaos-%" PRIu64, seed);
    stage_keep(stage, to);
    chaos_say("logs and ledgers are kept in %s", to);
}

int main(int argc, char **argv)
{
    static struct stage stage;
    static char self[PATH_MAX];
    struct options o;
    if (argc > 3 && strcmp(argv[1], "--as-scheduler") == 0)
        return points_exec(argv + 2);
    int code = parse(argc, argv, &o);
    if (code >= 0)
        return code;
    chaos_begin();
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        test_fail_start("/proc/self/exe cannot be read");
    uint64_t seed = dice_seed();
    int64_t began_us = clock_mono_us();
    stage_up(&stage, self, o.lease_ms);
    chaos_say("the stack is up, lease %d ms", o.lease_ms);
    struct tally *tally = tally_new();
    unsigned breaches = run(&stage, tally, &o);
    if (breaches > 0)
        keep(&stage, &o, seed);
    bool clean = stage_down(&stage);
    tally_print(tally);
    unsigned missed = points_report();
    printf("\n%.1f minutes of chaos, %" PRIu64 " faults, seed %" PRIu64 ": %s\n",
           (double)(clock_mono_us() - began_us) / 60e6, tally_faults(tally), seed,
           breaches > 0 ? "BREACH"
           : missed > 0 ? "a point was never reached"
           : clean      ? "every promise holds"
                        : "a daemon's log tells of a bug");
    tally_free(tally);
    chaos_end();
    return breaches == 0 && missed == 0 && clean ? 0 : 1;
}

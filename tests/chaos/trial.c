/* SPDX-License-Identifier: Apache-2.0 */
/* trial: does a retry, or the death of a daemon, cost a user the place in the queue?
 *
 * A thousand new users ask each second; each asks again after half a second, whatever the first
 * answer was. Twice per round the trial kills (-9) the gateway and the scheduler, and in every
 * second round Redis, and restarts them at once. Afterwards every acknowledged user must be
 * decided, and nobody may be behind a user who asked later by the clients' clock
 * (tests/support/order.h). All checks of the chaos oracle must hold. In two rounds of four there
 * are fewer coupons than users, and the last coupon goes around the second death.
 *
 *     build/release/tests/chaos/trial                   twenty rounds, two minutes
 *     build/release/tests/chaos/trial --rounds 4        what ctest runs
 *     build/release/tests/chaos/trial --seed S --keep D the same dice; logs of a breach go to D
 *
 * The seed decides the times of the deaths and the number of coupons, but not what the deaths hit,
 * because these are real processes. The exit code is 1 when a promise was broken. */
#include "ctl/burst_client.h"
#include "shared/base/clock.h"
#include "tests/chaos/oracle.h"
#include "tests/support/child.h"
#include "tests/support/dice.h"
#include "tests/support/text.h"

#include <curl/curl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS      20
#define RATE        1000 /* new users per second */
#define SECONDS     4    /* with new users */
#define AGAIN_MS    500
#define USERS       (RATE * SECONDS)
#define WAVE        (RATE * AGAIN_MS / 1000) /* users between a user's two requests */
#define DEATHS      2
#define CONCURRENCY 512
#define TIMEOUT_MS  4000
#define BURST_MS    30000
#define DECIDED_MS  60000

struct round {
    struct stage *stage;
    int number;
    const char *name, *ledger;
    bool redis_too, few;
    uint32_t quota;
    int overflow;
    int64_t at_ms[DEATHS]; /* since the start of the burst */
    size_t acked, overtaken;
    unsigned breaches;
};

/* --- the clients, in a process of their own --- */

/* user_at: alternates new and repeated users. At the ends, where one kind is missing, the first
 * user (0) asks again. */
static uint32_t user_at(uint32_t i)
{
    uint32_t turn = i / 2;
    if (i % 2 == 0)
        return turn < USERS ? turn : 0;
    return turn >= WAVE ? turn - WAVE : 0;
}

static int clients(const char *url, const char *campaign, const char *ledger)
{
    static struct burst_report report;
    static uint32_t users[2 * (USERS + WAVE)];
    struct burst_target target;
    const size_t n = sizeof users / sizeof users[0];
    for (uint32_t i = 0; i < n; i++)
        users[i] = user_at(i);
    if (burst_target_make(&target, url, campaign) != 0 ||
        (report.ledger = fopen(ledger, "we")) == NULL)
        return 1;
    int r = burst_client_run(&(struct burst_settings){.target = &target,
                                                      .users = users,
                                                      .n = n,
                                                      .concurrency = CONCURRENCY,
                                                      .timeout_ms = TIMEOUT_MS,
                                                      .rate = 2 * RATE},
                             &report);
    return fclose(report.ledger) == 0 && r == 0 && report.done == n ? 0 : 1;
}

static pid_t start_clients(const struct round *r)
{
    return child_start((const char *const[]){"/proc/self/exe", "--clients", r->stage->stack.url,
                                             r->name, r->ledger, NULL},
                       textf("%s.log", r->ledger));
}

/* choose: few coupons run out around the second death. The journal accepts quota + overflow users.
 * */
static void choose(struct round *r)
{
    static const int overflows[] = {0, 200, -1};
    r->redis_too = r->number % 2 == 0;
    r->few = r->number / 2 % 2 == 0;
    for (int i = 0; i < DEATHS; i++)
        r->at_ms[i] = 500 + 1600 * i + (int64_t)dice(900);
    r->quota =
        r->few ? (uint32_t)(r->at_ms[1] * RATE / 1000 - 200 + (int64_t)dice(600)) : USERS + 1000;
    r->overflow = overflows[dice(3)];
}

static bool create(struct round *r)
{
    r->name = textf("trial-%d", r->number);
    r->ledger = textf("%s/%s.ledger", r->stage->dir, r->name);
    return stack_ctl(&r->stage->stack, NULL, "campaign create %s --quota %" PRIu32 " --overflow %d",
                     r->name, r->quota, r->overflow) == 0;
}

/* die: kills all parts, then restarts them without waiting for one another. */
static void die(const struct round *r)
{
    static const enum part parts[] = {PART_GATEWAY, PART_SCHEDULER, PART_REDIS};
    int n = r->redis_too ? 3 : 2;
    for (int i = 0; i < n; i++) {
        if (!stage_signal(r->stage, parts[i], "KILL"))
            chaos_say("BROKEN: %s did not run", part_names[parts[i]]);
    }
    for (int i = n - 1; i >= 0; i--)
        stage_launch(r->stage, parts[i]);
}

static void play(struct round *r)
{
    pid_t burst = start_clients(r);
    int64_t began_us = clock_mono_us();
    for (int i = 0; i < DEATHS; i++) {
        int64_t left_ms = r->at_ms[i] - (clock_mono_us() - began_us) / 1000;
        pause_ms(left_ms > 0 ? left_ms : 0);
        die(r);
    }
    if (child_wait(burst, BURST_MS) != 0)
        test_fail_start("the clients did not come to their end");
    if (oracle_wait(r->stage, r->name, DECIDED_MS) < 0) {
        chaos_say("BREACH: %s is not decided within %d s", r->name, DECIDED_MS / 1000);
        r->breaches++;
    }
}

static void say(struct round *r, const struct crowd *crowd)
{
    size_t n;
    struct order_verdict v;
    struct order_client *all = crowd_order(crowd, &n);
    order_judge(all, n, 0, &v);
    r->acked = v.acked;
    r->overtaken = v.overtaken;
    chaos_say("%s%s: quota %" PRIu32 ", overflow %d, %zu asked, %zu acknowledged, %" PRIu32
              " granted; overtaken: %zu, by %.3f s at most; %u breaches",
              r->name, r->redis_too ? " (Redis too)" : "", r->quota, r->overflow, n, v.acked,
              crowd->n_rows, v.overtaken,
              v.worst != NULL ? (double)order_lead_us(v.worst) / 1e6 : 0, r->breaches);
    free(all);
}

static void judge(struct round *r)
{
    struct crowd *crowd = crowd_new();
    crowd_read_ledger(crowd, r->ledger, 0);
    r->breaches += oracle_check(r->stage, crowd, r->name, r->quota, ORACLE_STRICT);
    say(r, crowd);
    crowd_free(crowd);
    if (r->breaches == 0)
        remove(r->ledger);
}

static void run(struct round *r)
{
    choose(r);
    if (!create(r))
        test_fail_start("%s cannot be created", r->name);
    play(r);
    judge(r);
    stack_ctl(&r->stage->stack, NULL, "campaign close %s >/dev/null", r->name);
}

struct sum {
    int rounds, broken; /* broken: rounds with a breach */
    size_t acked, overtaken;
};

static void run_all(struct stage *stage, int rounds, struct sum *sum)
{
    for (int i = 1; i <= rounds; i++) {
        struct round r = {.stage = stage, .number = i};
        run(&r);
        sum->rounds++;
        sum->broken += r.breaches > 0;
        sum->acked += r.acked;
        sum->overtaken += r.overtaken;
    }
}

/* stage_of_one: a stage with one gateway, one scheduler, and no relays. */
static void stage_of_one(struct stage *stage)
{
    *stage = (struct stage){.dir = tempdir_make()};
    stack_up(&stage->stack, NULL);
    for (int i = 0; i < N_GATEWAYS; i++)
        snprintf(stage->urls[i], sizeof stage->urls[i], "%.60s", stage->stack.url);
}

static int usage(void)
{
    fprintf(stderr, "usage: trial [--rounds N] [--seed S] [--keep DIR]\n");
    return 64;
}

static int parse(int argc, char **argv, int *rounds, const char **keep)
{
    static const struct option table[] = {{"rounds", required_argument, NULL, 'r'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"keep", required_argument, NULL, 'k'},
                                          {0}};
    *rounds = ROUNDS;
    *keep = NULL;
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (c == 'r')
            *rounds = atoi(optarg);
        else if (c == 's')
            setenv("ONRUSH_SEED", optarg, 1);
        else if (c == 'k')
            *keep = optarg;
        else
            return usage();
    }
    return *rounds > 0 && optind == argc ? 0 : usage();
}

int main(int argc, char **argv)
{
    static struct stage stage;
    struct sum sum = {.rounds = 0};
    int rounds;
    const char *keep;
    if (argc == 5 && strcmp(argv[1], "--clients") == 0)
        return clients(argv[2], argv[3], argv[4]);
    int code = parse(argc, argv, &rounds, &keep);
    if (code != 0)
        return code;
    chaos_begin();
    uint64_t seed = dice_seed();
    stage_of_one(&stage);
    chaos_say("the stack is up");
    run_all(&stage, rounds, &sum);
    if (sum.broken > 0 && keep != NULL)
        stage_keep(&stage, keep);
    bool clean = stack_finish(&stage.stack) == 0;
    printf("%d rounds, seed %" PRIu64
           ": %zu acknowledged, %zu of them overtaken; %d rounds with a breach%s\n",
           sum.rounds, seed, sum.acked, sum.overtaken, sum.broken,
           clean ? "" : "; a daemon's log tells of a bug");
    chaos_end();
    return sum.broken == 0 && stage.broken == 0 && clean ? 0 : 1;
}

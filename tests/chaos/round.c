/* SPDX-License-Identifier: Apache-2.0 */
/*   campaign ─► bursts, probes, watch ─► faults ─► heal ─► bursts end ─► all decided? ─► oracle
 */
#include "tests/chaos/round.h"

#include "shared/base/clock.h"
#include "tests/chaos/plan.h"
#include "tests/chaos/probe.h"
#include "tests/chaos/watch.h"
#include "tests/support/child.h"
#include "tests/support/dice.h"
#include "tests/support/text.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define WINDOW_MS   15000 /* faults begin within this time */
#define BURST_MS    60000 /* after the faults */
#define SETTLE_MS   60000
#define PROBE_FIRST 80000
#define PROBE_ROOM  10000

struct round {
    struct stage *stage;
    char name[32];
    uint32_t users, quota; /* users of each burst; half of them are in both bursts */
    int overflow;
    bool loses_data;
    pid_t bursts[N_GATEWAYS];
    struct probe *probes[N_GATEWAYS];
    struct watch *watch;
    struct plan plan;
};

bool round_campaign(struct stage *s, const char *name, uint32_t quota, int overflow)
{
    char *out;
    int code =
        stack_ctl(&s->stack, &out, "campaign create %s --quota %" PRIu32 " --overflow %d 2>&1",
                  name, quota, overflow);
    if (code != 0)
        chaos_say("BREACH: campaign create: %s", out);
    free(out);
    return code == 0;
}

const char *round_ledger(const struct stage *s, const char *campaign, int number)
{
    return textf("%s/%s-%d.ledger", s->dir, campaign, number);
}

pid_t round_burst(struct stage *s, const char *campaign, int number, const char *arguments)
{
    const char *command = textf(
        "exec %s burst %s --url %s --ledger %s --timeout-ms 4000 --no-progress %s", s->stack.ctl,
        campaign, s->urls[number % N_GATEWAYS], round_ledger(s, campaign, number), arguments);
    return child_start((const char *const[]){"sh", "-c", command, NULL},
                       textf("%s/%s-%d.log", s->dir, campaign, number));
}

void round_join(pid_t burst, int64_t timeout_ms)
{
    if (child_wait(burst, timeout_ms) == -ETIMEDOUT)
        child_end(burst, SIGTERM);
}

/* round_close: waits until the campaign is settled. Otherwise the next scheduler would take it up
 * first, and an armed one would reach its point in it. */
unsigned round_close(struct stage *s, const char *campaign)
{
    struct db db;
    int64_t deadline_us = clock_mono_us() + SETTLE_MS * 1000;
    bool settled = false;
    stack_ctl(&s->stack, NULL, "campaign close %s --no-wait >/dev/null 2>&1", campaign);
    stack_db(&s->stack, &db);
    while (!settled && clock_mono_us() < deadline_us) {
        settled = stack_number(&db, "SELECT state = 'settled' FROM campaigns WHERE name = '%s'",
                               campaign) == 1;
        wait_a_moment();
    }
    db_close(&db);
    if (!settled)
        chaos_say("BREACH: %s is closed, and not settled within %d s", campaign, SETTLE_MS / 1000);
    return !settled;
}

/* choose: in most rounds the users outnumber the coupons, which last the whole round; sometimes one
 * burst comes all at once. */
static void choose(struct round *r, const char *list, char arguments[N_GATEWAYS][256])
{
    static const uint32_t shares[] = {15, 60, 90, 120}; /* percent of the users */
    r->users = 8000 + (uint32_t)dice(6000);
    r->quota = r->users * 3 / 2 * shares[dice(4)] / 100;
    r->overflow = dice(3) == 0 ? 200 : -1;
    for (uint32_t i = 0; i < N_GATEWAYS; i++) {
        uint32_t requests = r->users * 13 / 10, rate = requests * 1000 / WINDOW_MS;
        bool at_once = i == 1 && dice(3) == 0;
        snprintf(arguments[i], 256,
                 "--users %" PRIu32 " --requests %" PRIu32 " --first-user %" PRIu32
                 " --seed %" PRIu64 " --rate %" PRIu32,
                 r->users, requests, 1 + i * r->users / 2, dice(1 << 30), at_once ? 1000000 : rate);
    }
    plan_make(&r->plan, list, WINDOW_MS, r->loses_data);
}

static void begin(struct round *r, char arguments[N_GATEWAYS][256])
{
    r->watch = watch_start(&r->stage->stack.db, r->name);
    for (int i = 0; i < N_GATEWAYS; i++) {
        r->probes[i] = probe_start(r->stage->urls[i], (unsigned)i, r->name,
                                   PROBE_FIRST + (uint32_t)i * PROBE_ROOM);
        r->bursts[i] = round_burst(r->stage, r->name, i, arguments[i]);
    }
}

/* finish: the faults are over. Returns the time until everybody was decided. */
static int64_t finish(struct round *r)
{
    stage_heal(r->stage);
    for (int i = 0; i < N_GATEWAYS; i++)
        round_join(r->bursts[i], BURST_MS);
    for (int i = 0; i < N_GATEWAYS; i++)
        probe_stop(r->probes[i]);
    int64_t us = oracle_wait(r->stage, r->name, SETTLE_MS);
    watch_stop(r->watch);
    return us;
}

static unsigned judge(struct round *r)
{
    struct crowd *crowd = crowd_new();
    for (int i = 0; i < N_GATEWAYS; i++) {
        crowd_read_ledger(crowd, round_ledger(r->stage, r->name, i), (unsigned)i);
        probe_tell(r->probes[i], crowd);
    }
    unsigned breaches = oracle_check(r->stage, crowd, r->name, r->quota,
                                     r->loses_data ? ORACLE_DATA_LOST : ORACLE_STRICT);
    chaos_say("%s: %" PRIu64 " answers, %" PRIu32 " of %" PRIu32 " granted, %u breaches", r->name,
              crowd->answers, crowd->n_rows, r->quota, breaches);
    crowd_free(crowd);
    return breaches;
}

static void forget(struct round *r)
{
    for (int i = 0; i < N_GATEWAYS; i++) {
        r->probes[i] = probe_free(r->probes[i]);
        remove(round_ledger(r->stage, r->name, i));
    }
    r->watch = watch_free(r->watch);
}

unsigned round_run(struct stage *stage, struct tally *tally, int number, const char *list,
                   bool loses_data)
{
    struct round r = {.stage = stage, .loses_data = loses_data};
    char arguments[N_GATEWAYS][256];
    unsigned broken = stage->broken;
    snprintf(r.name, sizeof r.name, "round-%d", number);
    choose(&r, list, arguments);
    chaos_say("%s: quota %" PRIu32 ", %" PRIu32 " users, overflow %d%s", r.name, r.quota,
              r.users * 3 / 2, r.overflow, loses_data ? ", Redis loses data" : "");
    if (!round_campaign(stage, r.name, r.quota, r.overflow))
        return 1;
    begin(&r, arguments);
    plan_run(&r.plan, stage, r.watch);
    int64_t us = finish(&r);
    plan_count(&r.plan, tally, r.probes);
    if (us >= 0)
        tally_recovery(tally, "(all decided)", us);
    else
        chaos_say("BREACH: %s is not decided within %d s", r.name, SETTLE_MS / 1000);
    unsigned breaches = judge(&r) + (us < 0) + (stage->broken - broken);
    if (breaches > 0)
        return breaches;
    forget(&r);
    return round_close(stage, r.name);
}

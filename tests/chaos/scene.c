/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/scene.h"

#include "shared/base/clock.h"
#include "tests/chaos/round.h"
#include "tests/support/child.h"
#include "tests/support/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINT_MS    30000
#define BURST_MS    60000
#define SETTLE_MS   60000
#define AWAY_MS     500 /* outage of Redis */
#define QUOTA       4000
#define SMALL_QUOTA 1500 /* for 6,000 users: some are told "sold out" early */

/* start_armed: starts the scheduler with the point armed. It may reach the point before it is
 * ready. */
static void start_armed(struct stage *s, enum part part, const char *point)
{
    file_write(stage_point(s), "%s", point);
    stage_launch(s, part);
}

static bool wait_end(const struct stage *s, enum part part)
{
    int64_t deadline_us = clock_mono_us() + POINT_MS * 1000;
    while (stage_pid(s, part) != 0 && !stage_stopped(s, part)) {
        if (clock_mono_us() > deadline_us)
            return false;
        wait_a_moment();
    }
    return true;
}

static bool create(struct scene *c)
{
    if (!round_campaign(c->stage, c->campaign, c->quota, -1))
        return false;
    c->watch = watch_start(&c->stage->stack.db, c->campaign);
    return true;
}

static void load(struct scene *c)
{
    c->burst = round_burst(c->stage, c->campaign, 0, "--users 6000 --requests 8000 --rate 4000");
}

static void flush(struct stage *s)
{
    redisContext *redis = stack_redis(&s->stack);
    freeReplyObject(redisCommand(redis, "FLUSHALL SYNC"));
    redisFree(redis);
}

static bool play_load(struct scene *c, const char *point)
{
    start_armed(c->stage, PART_SCHEDULER, point);
    if (!create(c))
        return false;
    load(c);
    return true;
}

/* play_takeover: by its sixth claim the other scheduler has committed some grants. */
static bool play_takeover(struct scene *c, const char *point)
{
    start_armed(c->stage, PART_SCHEDULER2, "after-claim:5");
    if (!create(c))
        return false;
    start_armed(c->stage, PART_SCHEDULER, point);
    load(c);
    bool died = wait_end(c->stage, PART_SCHEDULER2);
    if (died && c->kind == SCENE_LOST)
        flush(c->stage);
    return died;
}

static bool play_raised(struct scene *c, const char *point)
{
    struct campaign_head head = {0};
    int64_t deadline_us = clock_mono_us() + POINT_MS * 1000;
    c->quota = SMALL_QUOTA;
    if (!play_load(c, point))
        return false;
    redisContext *redis = stack_redis(&c->stage->stack);
    while ((!stack_head(redis, c->campaign, &head) || head.sold_out <= 0) &&
           clock_mono_us() < deadline_us)
        wait_a_moment();
    redisFree(redis);
    c->quota = QUOTA;
    return stack_ctl(&c->stage->stack, NULL, "campaign set-quota %s %d --no-wait >/dev/null 2>&1",
                     c->campaign, QUOTA) == 0;
}

static bool play_journal(struct scene *c, const char *point)
{
    if (!play_load(c, point))
        return false;
    pause_ms(AWAY_MS);
    stage_signal(c->stage, PART_REDIS, "KILL");
    pause_ms(AWAY_MS);
    stage_start(c->stage, PART_REDIS);
    return true;
}

static bool play_closed(struct scene *c, const char *point)
{
    if (!play_load(c, point))
        return false;
    round_join(c->burst, BURST_MS);
    c->burst = 0;
    return oracle_wait(c->stage, c->campaign, SETTLE_MS) >= 0 &&
           stack_ctl(&c->stage->stack, NULL, "campaign close %s --no-wait >/dev/null 2>&1",
                     c->campaign) == 0;
}

bool scene_play(struct scene *c, const char *point)
{
    static bool (*const plays[N_SCENES])(struct scene *, const char *) = {
        [SCENE_LOAD] = play_load,       [SCENE_TAKEOVER] = play_takeover,
        [SCENE_LOST] = play_takeover,   [SCENE_RAISED] = play_raised,
        [SCENE_JOURNAL] = play_journal, [SCENE_CLOSED] = play_closed};
    c->quota = QUOTA;
    c->rules = c->kind == SCENE_LOST     ? ORACLE_DATA_LOST
               : c->kind == SCENE_RAISED ? ORACLE_RAISED
                                         : ORACLE_STRICT;
    stage_signal(c->stage, PART_SCHEDULER2, "TERM");
    stage_signal(c->stage, PART_SCHEDULER, "TERM");
    return plays[c->kind](c, point) && wait_end(c->stage, PART_SCHEDULER);
}

static unsigned judge(struct scene *c)
{
    const char *path = round_ledger(c->stage, c->campaign, 0);
    struct crowd *crowd = crowd_new();
    crowd_read_ledger(crowd, path, 0);
    unsigned breaches = oracle_check(c->stage, crowd, c->campaign, c->quota, c->rules);
    crowd_free(crowd);
    if (breaches == 0)
        remove(path);
    return breaches;
}

unsigned scene_end(struct scene *c, int64_t *decided_us)
{
    if (c->burst != 0)
        round_join(c->burst, BURST_MS);
    *decided_us = oracle_wait(c->stage, c->campaign, SETTLE_MS);
    if (*decided_us < 0)
        chaos_say("BREACH: %s is not decided within %d s", c->campaign, SETTLE_MS / 1000);
    return (*decided_us < 0) + judge(c) + round_close(c->stage, c->campaign);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/plan.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"
#include "tests/support/dice.h"
#include "tests/support/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- the actions --- */

static void redis_command(struct stage *s, const char *command)
{
    redisContext *redis;
    char error[REDIS_ERROR_SIZE];
    if (redis_open(&redis, &s->stack.redis, error) < 0) {
        chaos_say("%s: %s", command, error);
        return;
    }
    freeReplyObject(redisCommand(redis, command));
    redisFree(redis);
}

/* kill_connections: ends every connection to MariaDB, during any statement. */
static void kill_connections(struct stage *s)
{
    struct db db = {0};
    MYSQL_RES *rows;
    if (db_open(&db, &s->stack.db) == DB_OK &&
        db_query(&db, "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID()",
                 &rows) == DB_OK) {
        for (MYSQL_ROW row; (row = mysql_fetch_row(rows)) != NULL;)
            db_exec(&db, textf("KILL CONNECTION %.20s", row[0]), NULL);
        mysql_free_result(rows);
    }
    db_close(&db);
}

static void act(struct stage *s, const struct plan_action *action, enum part part, int link)
{
    switch (action->what) {
    case ACT_NOTHING:
        return;
    case ACT_SIGNAL:
        stage_signal(s, part, action->text);
        return;
    case ACT_START:
        stage_start(s, part);
        return;
    case ACT_LINK:
        relay_do(s->relay, link, action->relay);
        return;
    case ACT_REDIS:
        redis_command(s, action->text);
        return;
    case ACT_KILL_CONNECTIONS:
        kill_connections(s);
    }
}

/* clang-format off */
#define NOTHING      {.what = ACT_NOTHING}
#define SIGNAL(name) {.what = ACT_SIGNAL, .text = name}
#define START        {.what = ACT_START}
#define LINK(mode)   {.what = ACT_LINK, .relay = RELAY_##mode}
#define REDIS(line)  {.what = ACT_REDIS, .text = line}
#define KILL_DB      {.what = ACT_KILL_CONNECTIONS}
/* clang-format on */

/* Durations assume a lease of 1500 ms (unless the caller chose another), and deadlines of 2 s for
 * Redis and 5 s for MariaDB. */
static const struct plan_kind kinds[] = {
    {"kill-gateway", TARGET_GATEWAY, SIGNAL("KILL"), START, 50, 1500, false, 3},
    {"restart-gateway", TARGET_GATEWAY, SIGNAL("TERM"), START, 0, 500, false, 1},
    {"stop-gateway", TARGET_GATEWAY, SIGNAL("STOP"), SIGNAL("CONT"), 100, 3000, false, 2},
    {"kill-scheduler", TARGET_SCHEDULER, SIGNAL("KILL"), START, 50, 4000, false, 3},
    {"restart-scheduler", TARGET_SCHEDULER, SIGNAL("TERM"), START, 0, 500, false, 1},
    {"stop-scheduler", TARGET_SCHEDULER, SIGNAL("STOP"), SIGNAL("CONT"), 100, 1200, false, 2},
    {"sleep-scheduler", TARGET_SCHEDULER, SIGNAL("STOP"), SIGNAL("CONT"), 2000, 5000, false, 3},
    {"kill-redis", TARGET_REDIS, SIGNAL("KILL"), START, 50, 1500, false, 3},
    {"restart-redis", TARGET_REDIS, SIGNAL("TERM"), START, 0, 500, false, 1},
    {"stop-redis", TARGET_REDIS, SIGNAL("STOP"), SIGNAL("CONT"), 100, 4000, false, 2},
    {"client-kill", TARGET_REDIS, REDIS("CLIENT KILL TYPE normal SKIPME yes"), NOTHING, 0, 0, false,
     1},
    {"function-flush", TARGET_REDIS, REDIS("FUNCTION FLUSH SYNC"), NOTHING, 0, 0, false, 1},
    {"flushall", TARGET_REDIS, REDIS("FLUSHALL SYNC"), NOTHING, 0, 0, true, 1},
    {"kill-mariadb", TARGET_MARIADB, SIGNAL("KILL"), START, 50, 1500, false, 3},
    {"restart-mariadb", TARGET_MARIADB, SIGNAL("TERM"), START, 0, 500, false, 1},
    {"stop-mariadb", TARGET_MARIADB, SIGNAL("STOP"), SIGNAL("CONT"), 100, 6000, false, 2},
    {"db-kill", TARGET_MARIADB, KILL_DB, NOTHING, 0, 0, false, 1},
    {"link-stall", TARGET_LINK, LINK(STALL), LINK(PASS), 100, 6000, false, 2},
    {"link-mute", TARGET_LINK, LINK(MUTE), LINK(PASS), 50, 4000, false, 2},
    {"link-lose", TARGET_LINK, LINK(LOSE), LINK(PASS), 50, 4000, false, 2},
    {"link-tear", TARGET_LINK, LINK(TEAR), LINK(PASS), 50, 2000, false, 1},
    {"link-refuse", TARGET_LINK, LINK(REFUSE), LINK(PASS), 50, 4000, false, 1},
    {"link-cut", TARGET_LINK, LINK(CUT), NOTHING, 0, 0, false, 1},
    {"link-half", TARGET_LINK, LINK(HALF), NOTHING, 0, 0, false, 1},
};

#define N_KINDS (sizeof kinds / sizeof kinds[0])

/* --- the list of faults --- */

bool plan_allows(const char *list, const char *kind)
{
    size_t n = strlen(kind);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, kind, n) == 0 && (at[n] == ',' || at[n] == '\0'))
            return true;
    }
    return list == NULL;
}

const char *plan_list_check(const char *list)
{
    static char name[64];
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        bool known = false;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ","), at);
        for (size_t i = 0; i < N_KINDS; i++)
            known = known || strcmp(name, kinds[i].name) == 0;
        if (!known && strcmp(name, "points") != 0)
            return name;
    }
    return NULL;
}

/* --- making a plan --- */

static const struct plan_kind *choose_kind(const char *list, bool loses_data)
{
    int weights[N_KINDS], sum = 0;
    for (size_t i = 0; i < N_KINDS; i++) {
        bool possible = plan_allows(list, kinds[i].name) && kinds[i].loses_data == loses_data;
        sum += weights[i] = possible ? kinds[i].weight : 0;
    }
    int at = sum > 0 ? (int)dice((uint64_t)sum) : -1;
    for (size_t i = 0; at >= 0 && i < N_KINDS; i++) {
        if ((at -= weights[i]) < 0)
            return &kinds[i];
    }
    return NULL;
}

static void choose(struct plan_fault *f, const char *list, int64_t window_ms, bool loses_data)
{
    f->kind = choose_kind(list, loses_data);
    f->begin_ms = 200 + (int64_t)dice((uint64_t)window_ms - 200);
    f->on_owner = dice(4) > 0;
    f->pick = (unsigned)dice(N_GATEWAYS + 1);
    f->store = (int)dice(N_STORES);
    if (f->kind != NULL)
        f->lasts_ms =
            f->kind->min_ms + (int64_t)dice((uint64_t)(f->kind->max_ms - f->kind->min_ms) + 1);
}

static int by_begin(const void *a, const void *b)
{
    const struct plan_fault *x = a, *y = b;
    return (x->begin_ms > y->begin_ms) - (x->begin_ms < y->begin_ms);
}

void plan_make(struct plan *p, const char *list, int64_t window_ms, bool loses_data)
{
    *p = (struct plan){0};
    size_t n = 4 + dice(PLAN_MAX - 3);
    for (size_t i = 0; i < n; i++) {
        choose(&p->faults[p->n], list, window_ms, loses_data && i == 0);
        p->n += p->faults[p->n].kind != NULL;
    }
    qsort(p->faults, p->n, sizeof p->faults[0], by_begin);
}

/* --- running it --- */

static enum part scheduler_for(struct plan *p, const struct plan_fault *f)
{
    uint64_t epoch;
    bool second = stage_pid(p->stage, PART_SCHEDULER2) == watch_owner(p->watch, &epoch);
    return second == f->on_owner ? PART_SCHEDULER2 : PART_SCHEDULER;
}

static enum part part_for(struct plan *p, const struct plan_fault *f)
{
    switch (f->kind->target) {
    case TARGET_GATEWAY:
        return f->pick == 0 ? PART_GATEWAY : PART_GATEWAY2;
    case TARGET_SCHEDULER:
        return scheduler_for(p, f);
    case TARGET_REDIS:
        return PART_REDIS;
    case TARGET_MARIADB:
        return PART_MARIADB;
    case TARGET_LINK:
        return f->pick < N_GATEWAYS ? PART_GATEWAY + f->pick : scheduler_for(p, f);
    }
    return PART_REDIS;
}

static int link_of(const struct plan *p, const struct plan_fault *f)
{
    return f->part < N_DAEMONS ? p->stage->links[f->part][f->store] : -1;
}

static const char *store_text(const struct plan_fault *f)
{
    return f->kind->target != TARGET_LINK ? "" : f->store == 0 ? " to redis" : " to mariadb";
}

static void begin(struct plan *p, struct plan_fault *f)
{
    f->part = part_for(p, f);
    pid_t owner = watch_owner(p->watch, &f->epoch);
    if (p->busy[f->part]) {
        f->is = MISSED;
        return;
    }
    bool owns = f->part < N_DAEMONS && owner != 0 && stage_pid(p->stage, f->part) == owner;
    f->on_owner = owns;
    chaos_say("%s %s%s%s for %" PRId64 " ms", f->kind->name, part_names[f->part], store_text(f),
              owns ? " (has the lease)" : "", f->lasts_ms);
    f->is = ACTIVE;
    p->busy[f->part] = true;
    f->began_us = clock_mono_us();
    act(p->stage, &f->kind->begin, f->part, link_of(p, f));
}

static void end(struct plan *p, struct plan_fault *f)
{
    f->ended_us = clock_mono_us();
    act(p->stage, &f->kind->end, f->part, link_of(p, f));
    f->is = OVER;
    p->busy[f->part] = false;
}

/* due_ms: the time of the fault's next action; INT64_MAX: none. */
static int64_t due_ms(const struct plan_fault *f, int64_t began_us)
{
    if (f->is == PLANNED)
        return f->begin_ms;
    return f->is == ACTIVE ? (f->began_us - began_us) / 1000 + f->lasts_ms : INT64_MAX;
}

static struct plan_fault *next_of(struct plan *p, int64_t began_us)
{
    struct plan_fault *next = NULL;
    for (size_t i = 0; i < p->n; i++) {
        struct plan_fault *f = &p->faults[i];
        if (due_ms(f, began_us) < INT64_MAX &&
            (next == NULL || due_ms(f, began_us) < due_ms(next, began_us)))
            next = f;
    }
    return next;
}

static void sleep_until(int64_t at_us)
{
    int64_t us = at_us - clock_mono_us();
    if (us > 0)
        nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}, NULL);
}

void plan_run(struct plan *p, struct stage *stage, const struct watch *watch)
{
    int64_t began_us = clock_mono_us();
    p->stage = stage;
    p->watch = watch;
    for (struct plan_fault *f; (f = next_of(p, began_us)) != NULL;) {
        sleep_until(began_us + due_ms(f, began_us) * 1000);
        if (f->is == PLANNED)
            begin(p, f);
        else
            end(p, f);
    }
}

/* --- counting --- */

static bool overlapped(const struct plan *p, const struct plan_fault *f, int64_t until_us)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct plan_fault *other = &p->faults[i];
        if (other != f && other->is == OVER && other->began_us < until_us &&
            other->ended_us > f->began_us)
            return true;
    }
    return false;
}

/* recovery: measures a takeover from the start of the fault, and the recovery of the part itself
 * from the end of the fault. Returns -1 if unknown. */
static int64_t recovery(const struct plan *p, const struct plan_fault *f,
                        struct probe *const *probes)
{
    int64_t from_us = f->ended_us, at_us = -1;
    bool takeover = f->kind->target == TARGET_SCHEDULER && f->lasts_ms > p->stage->lease_ms;
    if (f->part < N_GATEWAYS)
        at_us = probe_next_answer(probes[f->part], from_us);
    else if (f->part >= N_DAEMONS)
        at_us = watch_next_grant(p->watch, from_us, 0);
    else if (f->on_owner && (takeover || f->kind->end.what == ACT_START))
        at_us = watch_next_grant(p->watch, from_us = f->began_us, f->epoch + 1);
    else if (f->on_owner)
        at_us = watch_next_grant(p->watch, from_us, 0);
    return at_us < 0 || overlapped(p, f, at_us) ? -1 : at_us - from_us;
}

void plan_count(const struct plan *p, struct tally *tally, struct probe *const *probes)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct plan_fault *f = &p->faults[i];
        if (f->is != OVER)
            continue;
        tally_fault(tally, f->kind->name);
        int64_t us = recovery(p, f, probes);
        if (us >= 0)
            tally_recovery(tally, f->kind->name, us);
    }
}

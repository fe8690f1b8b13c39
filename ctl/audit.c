/* SPDX-License-Identifier: Apache-2.0 */
/* onrushctl audit: checks every promise. audit.h explains how. */
#include "ctl/audit.h"

#include "ctl/commands.h"

#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <time.h>

#define PASSES   3
#define PAUSE_MS 300

static bool same(const struct campaign_head *a, const struct campaign_head *b)
{
    return a->epoch == b->epoch && a->quota == b->quota && a->admitted == b->admitted &&
           a->granted == b->granted && a->sold_out == b->sold_out && a->refused == b->refused &&
           a->queued == b->queued && a->claimed == b->claimed && a->moves == b->moves;
}

/* mariadb_checks: checks what depends on the rows alone. */
static void mariadb_checks(struct audit *a)
{
    a->granted = a->rows;
    a->over_quota = MAX(MAX(a->rows - a->row.quota, 0), a->beyond_quota);
    a->duplicates = a->double_serials + a->double_users + a->double_codes;
    a->inversions = a->serial_inversions;
    a->serial_gaps = a->highest_serial - (a->rows - a->double_serials);
    a->granted_column = a->row.granted - a->rows;
    a->journal_forgotten = a->row.state == CAMPAIGN_SETTLED ? a->journalled : 0;
    a->gaps_judged = true;
}

/* account: the sum at head 4. Committed rows that are not settled yet are in the queue, too; they
 * count once, as granted. */
static void account(struct audit *a)
{
    const struct campaign_head *h = &a->heads[1];
    int64_t before = MIN(a->before.granted, a->rows), waiting = h->queued + h->claimed;
    a->granted = a->live ? MIN(a->rows, MAX(before, h->granted + waiting)) : a->rows;
    int64_t unsettled = MIN(MAX(a->granted - h->granted, 0), waiting);
    a->accepted = MAX(h->admitted, 0);
    a->sold_out = MAX(h->sold_out, 0);
    a->refused = MAX(h->refused, 0);
    a->pending = waiting - unsettled;
    a->unaccounted = a->accepted - a->granted - a->sold_out - a->refused - a->pending;
}

static void count_verdicts(struct audit *a)
{
    int64_t n[VERDICTS] = {0};
    for (size_t i = 0; i < a->users.n; i++)
        n[audit_users_verdict(&a->users.all[i], a->last_ticket)]++;
    a->shown_uncommitted = n[VERDICT_UNCOMMITTED];
    a->not_shown = n[VERDICT_NOT_SHOWN];
    a->misplaced = n[VERDICT_MISPLACED];
    a->sold_out_below = n[VERDICT_OVERTAKEN];
    a->inversions += a->sold_out_below;
}

/* count_states: compares the counters with the states of the users; only if nothing moved. */
static void count_states(struct audit *a)
{
    const struct campaign_head *h = &a->heads[1];
    int64_t g = 0, s = 0, r = 0, waiting = 0;
    for (size_t i = 0; i < a->users.n; i++) {
        char kind = a->users.all[i].kind;
        g += kind == 'g';
        s += kind == 's';
        r += kind == 'r';
        waiting += a->users.all[i].queue_ticket != 0;
    }
    a->miscounted = llabs(h->granted - g) + llabs(h->sold_out - s) + llabs(h->refused - r) +
                    llabs(h->queued + h->claimed - waiting);
}

/* idle: true if nothing waited while MariaDB was read, so nothing was in flight to it. */
static bool idle(const struct audit *a)
{
    return a->heads[1].queued + a->heads[1].claimed == 0 &&
           a->heads[2].queued + a->heads[2].claimed == 0 &&
           a->heads[1].admitted == a->heads[2].admitted;
}

/* place_of: the ticket of a journalled request: of its grant, its decision or its place in the
 * queue. */
static uint64_t place_of(const struct audit *a, const struct audit_user *u)
{
    if (u->row_serial != 0)
        return u->row_ticket;
    if (u->kind == 'r' || u->noted)
        return ARRIVALS_UNKNOWN;
    if (u->kind == 'g')
        return u->ticket;
    if (u->kind == 0 && u->queue_ticket != 0)
        return u->queue_ticket;
    bool known = a->redis == STORES_ANSWER || a->row.state == CAMPAIGN_SETTLED;
    return known ? ARRIVALS_NONE : ARRIVALS_UNKNOWN;
}

void audit_judge_arrivals(struct audit *a)
{
    struct arrivals *all = &a->arrivals;
    for (size_t i = 0; i < all->n_requests; i++)
        all->requests[i].place = place_of(a, &a->users.all[all->requests[i].user]);
    a->overtaken = (int64_t)arrivals_judge(all);
    for (size_t i = 0; i < all->n_requests; i++)
        a->users.all[all->requests[i].user].suspect = all->requests[i].by != NULL;
}

void audit_figures(struct audit *a)
{
    a->accepted = a->sold_out = a->refused = a->pending = -1;
    a->unaccounted = a->shown_uncommitted = a->not_shown = a->misplaced = -1;
    a->miscounted = a->told_too_early = -1;
    mariadb_checks(a);
    audit_judge_arrivals(a);
    if (a->redis != STORES_ANSWER)
        return;
    a->live = !same(&a->heads[0], &a->heads[2]);
    a->gaps_judged = idle(a);
    account(a);
    count_verdicts(a);
    if (!a->live)
        count_states(a);
    if (!a->live && idle(a))
        a->told_too_early = MIN(a->sold_out, MAX(a->heads[1].quota - a->rows, 0));
}

bool audit_ok(const struct audit *a, bool strict)
{
    int64_t excused = MAX(a->refused, 0); /* the serial of a refused row goes to a later ticket */
    return a->over_quota <= 0 && a->duplicates == 0 && a->sold_out_below == 0 &&
           a->overtaken == 0 && a->serial_inversions <= excused &&
           (!a->gaps_judged || a->serial_gaps <= excused) && a->granted_column == 0 &&
           (a->unaccounted == 0 || a->accepted < 0) && a->shown_uncommitted <= 0 &&
           a->not_shown <= 0 && a->misplaced <= 0 && a->miscounted <= 0 && a->told_too_early <= 0 &&
           a->journal_forgotten == 0 && !(strict && a->durable == 0);
}

bool audit_blind(const struct audit *a)
{
    bool over = a->row.state == CAMPAIGN_CLOSED || a->row.state == CAMPAIGN_SETTLED;
    return a->redis == STORES_UNREADY || (a->redis == STORES_ABSENT && !over);
}

static void forget(struct audit *a)
{
    audit_users_clear(&a->users);
    arrivals_clear(&a->arrivals);
    free(a->codes);
    *a = (struct audit){.name = a->name, .durable = -1, .passes = a->passes};
}

/* read_redis: steps 2 to 4. */
static int read_redis(struct ctl *ctl, struct audit *a)
{
    int r = audit_redis_head(ctl, a, 0);
    if (r != 0 || a->redis != STORES_ANSWER)
        return r;
    r = audit_redis_scan(ctl, a);
    return r == 0 ? audit_redis_head(ctl, a, 1) : r;
}

static int pass(struct ctl *ctl, struct audit *a)
{
    forget(a);
    a->passes++;
    int r = campaign_row_find(ctl, a->name, false, &a->before);
    if (r == 0)
        r = read_redis(ctl, a);
    if (r == 0)
        r = audit_mariadb_read(ctl, a);
    if (r == 0 && a->redis == STORES_ANSWER)
        r = audit_redis_head(ctl, a, 2);
    if (r == 0)
        audit_judge_arrivals(a);
    if (r == 0 && a->redis == STORES_ANSWER)
        r = audit_redis_recheck(ctl, a);
    if (r == 0)
        audit_redis_durable(ctl, a);
    if (r == 0)
        audit_figures(a);
    return r;
}

static int look(struct ctl *ctl, struct audit *a)
{
    bool strict = ctl->config.redis.require_durable;
    int r = pass(ctl, a);
    while (r == 0 && a->passes < PASSES && (!audit_ok(a, strict) || audit_blind(a))) {
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
        r = pass(ctl, a);
    }
    if (r == 0)
        audit_report(ctl, a);
    if (r == 0 && !audit_ok(a, strict))
        return CTL_FAILED;
    if (r == 0 && audit_blind(a))
        return ctl_error(
            CTL_UNAVAILABLE,
            "Redis does not have campaign %s: %s. Once a scheduler runs it comes; "
            "then try again",
            a->name, a->redis == STORES_UNREADY ? "it is being rebuilt" : "it was not published");
    return r;
}

static int run(struct ctl *ctl, char **args, const char *const *values)
{
    struct audit audit = {.name = args[0]};
    (void)values;
    int r = campaign_name_check(args[0]);
    if (r == 0)
        r = stores_db(ctl);
    if (r == 0)
        r = stores_redis(ctl);
    if (r == 0)
        r = look(ctl, &audit);
    forget(&audit);
    return r;
}

const struct ctl_command command_audit = {
    .name = "audit",
    .args = "NAME",
    .n_args = 1,
    .summary = "Checks every promise from MariaDB and Redis",
    .details = "It may run while the campaign is live. What looks wrong is read up to three times; "
               "only what\nevery pass finds is a breach. It exits with 1 on a breach. Once the "
               "keys in Redis "
               "have\nexpired it checks what MariaDB alone can tell, and says so.",
    .example = "audit noon",
    .run = run,
};

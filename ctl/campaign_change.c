/* SPDX-License-Identifier: Apache-2.0 */
/* onrushctl campaign pause, resume, close, set-quota, set-instant-wait. */
#include "ctl/campaign_change.h"

#include "ctl/campaign_row.h"
#include "ctl/commands.h"
#include "ctl/options.h"
#include "ctl/output.h"
#include "ctl/stores.h"
#include "shared/base/clock.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 50

enum db_outcome change_begin(struct ctl *ctl)
{
    return db_exec(&ctl->db, "START TRANSACTION", NULL);
}

void change_abandon(struct ctl *ctl)
{
    db_exec(&ctl->db, "ROLLBACK", NULL);
}

/* actor: user@host, cut to what the column holds. */
static void actor(char out[65])
{
    char host[256] = "";
    const struct passwd *user = getpwuid(geteuid());
    gethostname(host, sizeof host - 1);
    snprintf(out, 65, "%.30s@%.32s", user != NULL ? user->pw_name : "?", host);
}

static enum db_outcome write_audit(struct ctl *ctl, const char *action, const char *campaign,
                                   const char *detail)
{
    char who[65];
    actor(who);
    return db_execf(
        &ctl->db, NULL,
        "INSERT INTO audit_log (actor, action, campaign, detail) VALUES (%s, %s, %s, %s)", who,
        action, campaign, detail);
}

int change_finish(struct ctl *ctl, enum db_outcome outcome, const char *action,
                  const char *campaign, const char *detail)
{
    if (outcome == DB_OK)
        outcome = write_audit(ctl, action, campaign, detail);
    if (outcome == DB_OK)
        outcome = db_exec(&ctl->db, "COMMIT", NULL);
    if (outcome == DB_OK)
        return 0;
    char error[sizeof ctl->db.error];
    memcpy(error, ctl->db.error, sizeof error);
    change_abandon(ctl);
    memcpy(ctl->db.error, error, sizeof error);
    return stores_db_failed(ctl, outcome, action);
}

/* --- waiting for a scheduler --- */

static bool in_force(const struct campaign_head *head, const struct campaign_wait *wait)
{
    return head->ready && head->id == wait->id && head->quota == wait->quota &&
           (wait->states == 0 || (wait->states & 1u << head->state) != 0);
}

bool campaign_wait(struct ctl *ctl, const char *name, const struct campaign_wait *wait)
{
    int64_t deadline_us = clock_mono_us() + ctl->config.wait_ms * 1000;
    do {
        struct campaign_head head;
        enum stores_answer answer = stores_head(ctl, name, &head);
        if (answer == STORES_ANSWER && in_force(&head, wait))
            return true;
        if (answer == STORES_ABSENT && wait->may_expire)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    } while (clock_mono_us() < deadline_us);
    if (ctl->redis == NULL)
        ctl_warn("Redis cannot be reached, so it is not known whether the change of %s is in force "
                 "yet; see `onrushctl campaign show %s`",
                 name, name);
    else
        ctl_warn("no scheduler has put the change of %s into force within %" PRId64 " ms; it will "
                 "take effect once one runs (see `onrushctl campaign show %s`)",
                 name, ctl->config.wait_ms, name);
    return false;
}

/* --- states --- */

/* A transition between states. */
struct step {
    const char *action;
    const char *from;   /* states that allow it, as an SQL list */
    const char *target; /* the new state, as an SQL expression */
    const char *allowed;
    struct campaign_wait wait;
};

/* why_not: explains an UPDATE that changed nothing: no such campaign, or its state does not allow
 * it. */
static int why_not(struct ctl *ctl, const char *name, const struct step *step)
{
    struct campaign_row row;
    int r = campaign_row_find(ctl, name, false, &row);
    if (r != 0)
        return r;
    return ctl_error(CTL_CONFLICT, "campaign %s is %s: %s is possible only while it is %s", name,
                     campaign_state_text(row.state), step->action, step->allowed);
}

/* step_state: `name` is valid, so it needs no escaping. */
static int step_state(struct ctl *ctl, const char *name, const struct step *step)
{
    char sql[512];
    uint64_t changed = 0;
    snprintf(sql, sizeof sql, "UPDATE campaigns SET state = %s WHERE name = '%s' AND state IN (%s)",
             step->target, name, step->from);
    enum db_outcome outcome = change_begin(ctl);
    if (outcome == DB_OK)
        outcome = db_exec(&ctl->db, sql, &changed);
    if (outcome == DB_OK && changed == 0) {
        change_abandon(ctl);
        return why_not(ctl, name, step);
    }
    return change_finish(ctl, outcome, step->action, name, "");
}

/* report: prints the campaign after the change. */
static int report(struct ctl *ctl, const char *name, const struct campaign_row *row,
                  const bool *published)
{
    json_t *result = campaign_row_json(row);
    if (published != NULL)
        json_object_set_new(result, "published", json_boolean(*published));
    if (ctl->json)
        output_json(result);
    else
        printf("campaign %s: %s, quota %" PRId64 ", granted %" PRId64 "\n", name,
               campaign_state_text(row->state), row->quota, row->granted);
    json_decref(result);
    return CTL_OK;
}

static int wait_and_report(struct ctl *ctl, const char *name, struct campaign_wait wait,
                           bool no_wait)
{
    struct campaign_row row;
    int r = campaign_row_find(ctl, name, false, &row);
    if (r != 0)
        return r;
    wait.id = row.id;
    wait.quota = row.quota;
    bool published = !no_wait && campaign_wait(ctl, name, &wait);
    return report(ctl, name, &row, no_wait ? NULL : &published);
}

static int change_state(struct ctl *ctl, const char *name, const char *const *values,
                        const struct step *step)
{
    int r = campaign_name_check(name);
    if (r == 0)
        r = stores_db(ctl);
    if (r == 0)
        r = step_state(ctl, name, step);
    return r != 0 ? r : wait_and_report(ctl, name, step->wait, values[0] != NULL);
}

static int pause_campaign(struct ctl *ctl, char **args, const char *const *values)
{
    static const struct step step = {.action = "pause",
                                     .from = "'scheduled', 'open'",
                                     .target = "'paused'",
                                     .allowed = "scheduled or open",
                                     .wait = {.states = 1u << CAMPAIGN_PAUSED}};
    return change_state(ctl, args[0], values, &step);
}

static int resume(struct ctl *ctl, char **args, const char *const *values)
{
    static const struct step step = {
        .action = "resume",
        .from = "'paused'",
        .target = "IF(opens_at <= NOW(6), 'open', 'scheduled')",
        .allowed = "paused",
        .wait = {.states = 1u << CAMPAIGN_OPEN | 1u << CAMPAIGN_SCHEDULED}};
    return change_state(ctl, args[0], values, &step);
}

static int close_campaign(struct ctl *ctl, char **args, const char *const *values)
{
    static const struct step step = {
        .action = "close",
        .from = "'scheduled', 'open', 'paused'",
        .target = "'closed'",
        .allowed = "scheduled, open or paused",
        .wait = {.states = 1u << CAMPAIGN_CLOSED | 1u << CAMPAIGN_SETTLED, .may_expire = true}};
    return change_state(ctl, args[0], values, &step);
}

/* check_quota: grants cannot be taken back, so the quota cannot be below their number or the
 * highest serial. Call it in a transaction that has locked the row. Returns 0, or the exit code
 * after printing why not. */
static int check_quota(struct ctl *ctl, const struct campaign_row *row, int64_t quota)
{
    int64_t highest;
    if (row->state == CAMPAIGN_CLOSED || row->state == CAMPAIGN_SETTLED)
        return ctl_error(CTL_CONFLICT, "campaign %s is %s: its quota is final", row->name,
                         campaign_state_text(row->state));
    enum db_outcome outcome = db_number(
        &ctl->db, &highest,
        "SELECT COALESCE(MAX(serial), 0) FROM coupons WHERE campaign_id = %" PRId64, row->id);
    if (outcome != DB_OK)
        return stores_db_failed(ctl, outcome, "reading the highest serial");
    int64_t smallest = MAX(highest, row->granted);
    if (quota < smallest)
        return ctl_error(CTL_CONFLICT,
                         "%" PRId64 " coupons are granted already, or have a serial as high: the "
                         "smallest possible quota of %s is %" PRId64,
                         smallest, row->name, smallest);
    return 0;
}

/* write_quota: sets the quota and takes the lease away, so that nothing in flight under the old
 * quota can commit, and the campaign is loaded again. */
static int write_quota(struct ctl *ctl, const struct campaign_row *row, int64_t quota)
{
    char detail[64];
    snprintf(detail, sizeof detail, "from=%" PRId64 " to=%" PRId64, row->quota, quota);
    enum db_outcome outcome =
        db_execf(&ctl->db, NULL,
                 "UPDATE campaigns SET quota = %" PRId64 ", epoch = epoch + 1, owner = '', "
                 "lease_until = '2000-01-01' WHERE id = %" PRId64,
                 quota, row->id);
    return change_finish(ctl, outcome, "set-quota", row->name, detail);
}

static int set_quota(struct ctl *ctl, char **args, const char *const *values)
{
    struct campaign_row row;
    int64_t quota;
    int r = campaign_name_check(args[0]);
    if (r == 0)
        r = options_number("N", args[1], 1, QUOTA_MAX, &quota);
    if (r == 0)
        r = stores_db(ctl);
    if (r != 0)
        return r;
    enum db_outcome outcome = change_begin(ctl);
    if (outcome != DB_OK)
        return stores_db_failed(ctl, outcome, "set-quota");
    r = campaign_row_find(ctl, args[0], true, &row);
    if (r == 0)
        r = check_quota(ctl, &row, quota);
    if (r != 0 || quota == row.quota) {
        change_abandon(ctl);
        return r != 0 ? r : report(ctl, args[0], &row, NULL);
    }
    r = write_quota(ctl, &row, quota);
    if (r != 0)
        return r;
    return wait_and_report(ctl, args[0], (struct campaign_wait){0}, values[0] != NULL);
}

static int set_instant_wait(struct ctl *ctl, char **args, const char *const *values)
{
    struct campaign_row row;
    char detail[64];
    int64_t ms;
    (void)values;
    int r = options_number("N", args[1], 0, INSTANT_WAIT_MAX_MS, &ms);
    if (r == 0)
        r = campaign_row_open(ctl, args[0], &row);
    if (r != 0)
        return r;
    snprintf(detail, sizeof detail, "from=%" PRId64 " to=%" PRId64, row.instant_wait_ms, ms);
    enum db_outcome outcome = change_begin(ctl);
    if (outcome == DB_OK)
        outcome = db_execf(&ctl->db, NULL,
                           "UPDATE campaigns SET instant_wait_ms = %" PRId64 " WHERE id = %" PRId64,
                           ms, row.id);
    r = change_finish(ctl, outcome, "set-instant-wait", row.name, detail);
    row.instant_wait_ms = ms;
    return r != 0 ? r : report(ctl, args[0], &row, NULL);
}

#define NO_WAIT                                                                                    \
    {                                                                                              \
        "no-wait", NULL, "does not wait until a scheduler has put it into force"                   \
    }

const struct ctl_command command_campaign_pause = {
    .name = "campaign pause",
    .args = "NAME",
    .n_args = 1,
    .summary = "Takes no requests and decides none, until it is resumed",
    .example = "campaign pause noon",
    .options = {NO_WAIT},
    .run = pause_campaign,
};

const struct ctl_command command_campaign_resume = {
    .name = "campaign resume",
    .args = "NAME",
    .n_args = 1,
    .summary = "Takes requests again",
    .details = "A campaign whose opening is still to come is scheduled again.",
    .example = "campaign resume noon",
    .options = {NO_WAIT},
    .run = resume,
};

const struct ctl_command command_campaign_close = {
    .name = "campaign close",
    .args = "NAME",
    .n_args = 1,
    .summary = "Ends a campaign for good; those that wait are still decided",
    .example = "campaign close noon",
    .options = {NO_WAIT},
    .run = close_campaign,
};

const struct ctl_command command_campaign_set_quota = {
    .name = "campaign set-quota",
    .args = "NAME N",
    .n_args = 2,
    .summary = "Changes how many coupons there are",
    .details = "The quota cannot fall below the highest serial that is granted. The scheduler "
               "that holds\nthe campaign drops what it has in flight and loads it anew. After a "
               "raise, requests that\nwere told \"sold out\" are decided again with their old "
               "tickets, so they go first.",
    .example = "campaign set-quota noon 12000",
    .options = {NO_WAIT},
    .run = set_quota,
};

const struct ctl_command command_campaign_set_instant_wait = {
    .name = "campaign set-instant-wait",
    .args = "NAME N",
    .n_args = 2,
    .summary = "Changes how long a request waits for its coupon, in ms",
    .details =
        "0 to 10000. With more than 0 the answer to a POST comes with the decision, when that is "
        "made in\ntime; else it is 202, as without. It takes effect within a second or two.",
    .example = "campaign set-instant-wait noon 500",
    .run = set_instant_wait,
};

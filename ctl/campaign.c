/* SPDX-License-Identifier: Apache-2.0 */
/* onrushctl campaign create, list. */
#include "ctl/campaign_change.h"
#include "ctl/campaign_row.h"
#include "ctl/commands.h"
#include "ctl/options.h"
#include "ctl/output.h"
#include "ctl/stores.h"
#include "shared/base/clock.h"

#include <inttypes.h>
#include <stdio.h>

enum { CREATE_QUOTA, CREATE_OPENS, CREATE_CLOSES, CREATE_OVERFLOW, CREATE_INSTANT, CREATE_NO_WAIT };

struct plan {
    int64_t quota, overflow, instant_wait_ms, opens_us, closes_us; /* closes_us 0: never */
};

static int read_time(const char *name, const char *text, int64_t *us)
{
    if (text == NULL || clock_parse(text, us) == 0)
        return 0;
    return ctl_error(CTL_USAGE,
                     "%s: \"%s\" is not a time: expected 2026-11-20T12:00:00Z, "
                     "2026-11-20T21:00:00+09:00, +90s, +5m, +2h or +1d",
                     name, text);
}

static int read_plan(const char *const *values, struct plan *plan)
{
    *plan = (struct plan){.overflow = 1000, .opens_us = clock_wall_us()};
    if (values[CREATE_QUOTA] == NULL)
        return ctl_error(CTL_USAGE, "say how many coupons there are: --quota N");
    int r = options_number("--quota", values[CREATE_QUOTA], 1, QUOTA_MAX, &plan->quota);
    if (r == 0)
        r = options_number("--overflow", values[CREATE_OVERFLOW], -1, 1000000000, &plan->overflow);
    if (r == 0)
        r = options_number("--instant-wait-ms", values[CREATE_INSTANT], 0, INSTANT_WAIT_MAX_MS,
                           &plan->instant_wait_ms);
    if (r == 0)
        r = read_time("--opens-at", values[CREATE_OPENS], &plan->opens_us);
    if (r == 0)
        r = read_time("--closes-at", values[CREATE_CLOSES], &plan->closes_us);
    if (r == 0 && plan->opens_us <= 0)
        return ctl_error(CTL_USAGE, "--opens-at lies before 1970");
    if (r == 0 && values[CREATE_CLOSES] != NULL && plan->closes_us <= plan->opens_us)
        r = ctl_error(CTL_USAGE, "--closes-at must be later than %s",
                      values[CREATE_OPENS] != NULL ? "--opens-at" : "now");
    return r;
}

/* insert_row: passes times as µs since the epoch; the server converts them to DATETIME. */
static enum db_outcome insert_row(struct ctl *ctl, const char *name, const struct plan *plan)
{
#define MOMENT "TIMESTAMP('1970-01-01') + INTERVAL %" PRId64 " MICROSECOND"
    return db_execf(&ctl->db, NULL,
                    "INSERT INTO campaigns (name, quota, overflow, instant_wait_ms, state, "
                    "opens_at, closes_at) VALUES (%s, %" PRId64 ", %" PRId64 ", %" PRId64
                    ", %s, " MOMENT ", IF(%" PRId64 " > 0, " MOMENT ", NULL))",
                    name, plan->quota, plan->overflow, plan->instant_wait_ms,
                    plan->opens_us <= clock_wall_us() ? "open" : "scheduled", plan->opens_us,
                    plan->closes_us, plan->closes_us);
#undef MOMENT
}

static int insert(struct ctl *ctl, const char *name, const struct plan *plan)
{
    char detail[96];
    snprintf(detail, sizeof detail,
             "quota=%" PRId64 " overflow=%" PRId64 " instant_wait_ms=%" PRId64, plan->quota,
             plan->overflow, plan->instant_wait_ms);
    enum db_outcome outcome = change_begin(ctl);
    if (outcome == DB_OK)
        outcome = insert_row(ctl, name, plan);
    if (outcome == DB_DUPLICATE) {
        change_abandon(ctl);
        return ctl_error(CTL_CONFLICT, "there is a campaign %s already; choose another name", name);
    }
    return change_finish(ctl, outcome, "create", name, detail);
}

static int create(struct ctl *ctl, char **args, const char *const *values)
{
    struct plan plan;
    struct campaign_row row;
    int r = campaign_name_check(args[0]);
    if (r == 0 && campaign_is_drill(args[0]))
        r = ctl_error(CTL_USAGE, "names that begin with " CAMPAIGN_DRILL_PREFIX
                                 " are those of onrushctl drill; choose another name");
    if (r == 0)
        r = read_plan(values, &plan);
    if (r == 0)
        r = stores_db(ctl);
    if (r == 0)
        r = insert(ctl, args[0], &plan);
    if (r == 0)
        r = campaign_row_find(ctl, args[0], false, &row);
    if (r != 0)
        return r;
    struct campaign_wait wait = {.id = row.id, .quota = plan.quota};
    json_t *result = campaign_row_json(&row);
    if (values[CREATE_NO_WAIT] == NULL)
        json_object_set_new(result, "published", json_boolean(campaign_wait(ctl, args[0], &wait)));
    if (ctl->json)
        output_json(result);
    else
        printf("campaign %s is created: %s, %" PRId64 " coupons, opens at %s\n", row.name,
               campaign_state_text(row.state), row.quota,
               json_string_value(json_object_get(result, "opens_at")));
    json_decref(result);
    return CTL_OK;
}

const struct ctl_command command_campaign_create = {
    .name = "campaign create",
    .args = "NAME --quota N",
    .n_args = 1,
    .summary = "Creates a campaign",
    .details = "T is a time: 2026-11-20T12:00:00Z, with an offset such as +09:00, or from now: "
               "+90s,\n+5m, +2h, +1d. Then it waits (wait_ms at most) until a scheduler has "
               "published the\ncampaign; when that does not happen it warns, and the campaign "
               "stands.",
    .example = "campaign create noon --quota 10000 --closes-at +2h",
    .options =
        {
            {"quota", "N", "how many coupons there are: 1 to 10000000"},
            {"opens-at", "T", "when it opens (default: now)"},
            {"closes-at", "T", "when it closes (default: when somebody closes it)"},
            {"overflow", "N", "requests admitted beyond the quota (default: 1000; -1: no limit)"},
            {"instant-wait-ms", "N",
             "a request waits so long for its coupon: 0 to 10000 (default: 0)"},
            {"no-wait", NULL, "does not wait until a scheduler has published the campaign"},
        },
    .run = create,
};

static int list(struct ctl *ctl, char **args, const char *const *values)
{
    static const struct output_column columns[] = {
        {"name", "NAME"},       {"state", "STATE"},       {"quota", "QUOTA"},
        {"granted", "GRANTED"}, {"opens_at", "OPENS AT"}, {"closes_at", "CLOSES AT"}};
    (void)args;
    (void)values;
    int r = stores_db(ctl);
    if (r != 0)
        return r;
    json_t *rows = json_array();
    r = campaign_row_list(ctl, rows);
    bool any = r == 0 || json_array_size(rows) > 0;
    if (any && ctl->json)
        output_json(rows);
    else if (any)
        output_table(rows, columns, sizeof columns / sizeof columns[0]);
    json_decref(rows);
    return r;
}

const struct ctl_command command_campaign_list = {
    .name = "campaign list",
    .args = "",
    .summary = "Lists the campaigns",
    .example = "campaign list",
    .run = list,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* onrushctl drill: measures how fast the grants are restored from MariaDB after Redis lost its
 * data. It creates a campaign with many grants, deletes its keys, and waits. */
#include "ctl/campaign_change.h"
#include "ctl/campaign_row.h"
#include "ctl/commands.h"
#include "ctl/options.h"
#include "ctl/output.h"
#include "ctl/stores.h"
#include "shared/base/clock.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define GRANTS_DEFAULT 200000
#define CHUNK          20000 /* rows per statement */
#define LOOK_US        1000

enum { DRILL_GRANTS, DRILL_CAMPAIGN, DRILL_LIVE, DRILL_KEEP, DRILL_TIMEOUT };

struct drill {
    struct ctl *ctl;
    char name[CAMPAIGN_NAME_MAX + 1];
    int64_t id, grants, timeout_us;
    bool own, keep;
    int64_t noticed_us, restored_us; /* since the keys were deleted */
};

/* interrupted: Ctrl-C ends the waiting; the campaign is still removed. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static void catch_interrupts(void)
{
    const struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* --- its own campaign --- */

/* make_row: creates the campaign as settled, so that no scheduler touches it before it is
 * filled. */
static int make_row(struct drill *d)
{
    char detail[64];
    struct campaign_row row;
    snprintf(d->name, sizeof d->name, CAMPAIGN_DRILL_PREFIX "%" PRId64, clock_wall_us());
    snprintf(detail, sizeof detail, "grants=%" PRId64, d->grants);
    enum db_outcome outcome = change_begin(d->ctl);
    if (outcome == DB_OK)
        outcome = db_execf(&d->ctl->db, NULL,
                           "INSERT INTO campaigns (name, quota, overflow, state, opens_at) VALUES "
                           "(%s, %" PRId64 ", 0, 'settled', UTC_TIMESTAMP(6))",
                           d->name, d->grants);
    int r = change_finish(d->ctl, outcome, "drill", d->name, detail);
    if (r == 0)
        r = campaign_row_find(d->ctl, d->name, false, &row);
    if (r == 0)
        d->id = row.id;
    return r;
}

/* fill_chunk: inserts grants of fictitious users. Campaign and serial make the codes unique. */
static enum db_outcome fill_chunk(struct drill *d, int64_t from, int64_t n)
{
    return db_execf(
        &d->ctl->db, NULL,
        "INSERT INTO coupons (campaign_id, serial, user_id, code, ticket) SELECT %" PRId64
        ", seq, CONCAT('drill-', seq), CONCAT_WS('-', 'DRIL', LPAD(CONV(%" PRId64
        ", 10, 36), 4, '0'), LPAD(HEX(seq DIV 65536), 4, '0'), LPAD(HEX(seq MOD 65536), 4, "
        "'0')), 1000000 + seq FROM seq_%" PRId64 "_to_%" PRId64,
        d->id, d->id, from, from + n - 1);
}

/* fill: inserts all grants and pauses the campaign: a scheduler serves it, and nobody gets in. */
static int fill(struct drill *d)
{
    enum db_outcome outcome = DB_OK;
    for (int64_t done = 0; done < d->grants && outcome == DB_OK && !interrupted; done += CHUNK)
        outcome = fill_chunk(d, 1 + done, d->grants - done < CHUNK ? d->grants - done : CHUNK);
    if (outcome == DB_OK && interrupted)
        return ctl_error(CTL_FAILED, "interrupted");
    if (outcome == DB_OK)
        outcome = db_execf(&d->ctl->db, NULL,
                           "UPDATE campaigns SET state = 'paused', granted = quota, "
                           "watermark = 1000000 + quota WHERE id = %" PRId64,
                           d->id);
    if (outcome != DB_OK)
        return stores_db_failed(d->ctl, outcome, "making the grants of the drill");
    return 0;
}

static int forget_keys(struct drill *d)
{
    struct campaign_keys keys;
    campaign_keys_make(&keys, d->name);
    redisReply *reply = redisCommand(d->ctl->redis, "UNLINK %s %s %s", keys.text[KEY_META],
                                     keys.text[KEY_QUEUE], keys.text[KEY_USERS]);
    bool done = reply != NULL && reply->type == REDIS_REPLY_INTEGER;
    int r = done ? 0 : stores_redis_failed(d->ctl, reply);
    freeReplyObject(reply);
    return r;
}

/* delete_grants: in chunks, because one transaction could take too long. */
static enum db_outcome delete_grants(struct drill *d)
{
    uint64_t deleted = 1;
    enum db_outcome outcome = DB_OK;
    while (outcome == DB_OK && deleted > 0)
        outcome =
            db_execf(&d->ctl->db, &deleted,
                     "DELETE FROM coupons WHERE campaign_id = %" PRId64 " LIMIT %d", d->id, CHUNK);
    return outcome;
}

/* delete_rows: settles the campaign first, so that no scheduler touches it. Its row goes last:
 * after a failure there is a settled campaign, but no grants without a campaign. */
static enum db_outcome delete_rows(struct drill *d)
{
    enum db_outcome outcome = db_execf(&d->ctl->db, NULL,
                                       "UPDATE campaigns SET state = 'settled', owner = '', "
                                       "epoch = epoch + 1 WHERE id = %" PRId64,
                                       d->id);
    if (outcome == DB_OK)
        outcome = delete_grants(d);
    if (outcome == DB_OK)
        outcome = db_execf(&d->ctl->db, NULL, "DELETE FROM campaigns WHERE id = %" PRId64, d->id);
    return outcome;
}

/* sweep: closes the drill's campaign (--keep), or removes it; the keys even if MariaDB fails. */
static int sweep(struct drill *d)
{
    enum db_outcome outcome;
    int r = 0, forgotten = 0;
    if (d->keep)
        outcome = db_execf(&d->ctl->db, NULL,
                           "UPDATE campaigns SET state = 'closed' WHERE id = %" PRId64, d->id);
    else
        outcome = delete_rows(d);
    if (outcome != DB_OK)
        r = stores_db_failed(d->ctl, outcome, "taking the drill's campaign away");
    if (!d->keep)
        forgotten = forget_keys(d);
    return r != 0 ? r : forgotten;
}

/* --- watching --- */

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = LOOK_US * 1000L}, NULL);
}

/* wait_whole: waits until Redis has every grant. *noticed_us (may be NULL): when a scheduler had
 * started to rebuild. Returns -1 if time is up. */
static int64_t wait_whole(struct drill *d, int64_t began_us, int64_t *noticed_us)
{
    struct campaign_head head;
    int64_t seen_us = -1;
    for (int64_t now_us; !interrupted && (now_us = clock_mono_us()) - began_us < d->timeout_us;
         nap()) {
        enum stores_answer answer = stores_head(d->ctl, d->name, &head);
        if (seen_us < 0 && (answer == STORES_ANSWER || answer == STORES_UNREADY))
            seen_us = now_us;
        if (answer != STORES_ANSWER || head.granted < d->grants)
            continue;
        if (noticed_us != NULL)
            *noticed_us = seen_us - began_us;
        return clock_mono_us() - began_us;
    }
    return -1;
}

static int too_slow(const struct drill *d, const char *what)
{
    if (interrupted)
        return ctl_error(CTL_FAILED, "%s: interrupted", d->name);
    return ctl_error(CTL_FAILED,
                     "%s: not all of the %" PRId64 " grants %s within %" PRId64
                     " s; does a scheduler run, and what does it log?",
                     d->name, d->grants, what, d->timeout_us / 1000000);
}

static int lose_and_watch(struct drill *d)
{
    if (wait_whole(d, clock_mono_us(), NULL) < 0)
        return too_slow(d, "were in Redis before the drill");
    int64_t began_us = clock_mono_us();
    int r = forget_keys(d);
    if (r == 0 && (d->restored_us = wait_whole(d, began_us, &d->noticed_us)) < 0)
        return too_slow(d, "were restored");
    return r;
}

static int report(const struct drill *d)
{
    int64_t took_us = d->restored_us - d->noticed_us;
    int64_t rate = took_us > 0 ? d->grants * 1000000 / took_us : 0;
    if (d->ctl->json) {
        json_t *result = json_pack("{s:s, s:I, s:I, s:I, s:I}", "campaign", d->name, "grants",
                                   d->grants, "noticed_ms", d->noticed_us / 1000, "restored_ms",
                                   d->restored_us / 1000, "grants_per_s", rate);
        output_json(result);
        json_decref(result);
        return CTL_OK;
    }
    printf("Redis forgot %" PRId64 " grants of %s.\n", d->grants, d->name);
    printf("noticed after          %8.3f s\n", (double)d->noticed_us / 1e6);
    printf("restored after         %8.3f s\n", (double)d->restored_us / 1e6);
    printf("grants a second        %8" PRId64 "\n", rate);
    return CTL_OK;
}

/* --- the command --- */

static int read_options(struct drill *d, const char *const *values)
{
    int64_t timeout_s = 60;
    d->grants = GRANTS_DEFAULT;
    int r = options_number("--grants", values[DRILL_GRANTS], 1, QUOTA_MAX, &d->grants);
    if (r == 0)
        r = options_number("--timeout-s", values[DRILL_TIMEOUT], 1, 3600, &timeout_s);
    d->timeout_us = timeout_s * 1000000;
    d->own = values[DRILL_CAMPAIGN] == NULL;
    d->keep = values[DRILL_KEEP] != NULL;
    if (r == 0 && !d->own && values[DRILL_GRANTS] != NULL)
        r = ctl_error(CTL_USAGE, "--campaign has the grants that it has: leave --grants out");
    return r;
}

static int take_campaign(struct drill *d, const char *name, bool live)
{
    struct campaign_row row;
    int r = campaign_name_check(name);
    if (r == 0)
        r = campaign_row_find(d->ctl, name, false, &row);
    if (r == 0 && row.state == CAMPAIGN_SETTLED)
        r = ctl_error(CTL_CONFLICT, "%s is settled: no scheduler looks after it any more", name);
    if (r == 0 && !live)
        r = ctl_error(CTL_CONFLICT,
                      "%s is no drill: those of its requests that wait would be lost, and so would "
                      "what losers were told. Leave --campaign out, or add --live if you mean it",
                      name);
    if (r != 0)
        return r;
    snprintf(d->name, sizeof d->name, "%s", name);
    d->id = row.id;
    d->grants = row.granted;
    return 0;
}

static int drill(struct ctl *ctl, char **args, const char *const *values)
{
    struct drill d = {.ctl = ctl};
    (void)args;
    int r = read_options(&d, values);
    if (r == 0)
        r = stores_db(ctl);
    if (r == 0)
        r = stores_redis(ctl);
    if (r == 0 && d.own)
        r = make_row(&d);
    else if (r == 0)
        r = take_campaign(&d, values[DRILL_CAMPAIGN], values[DRILL_LIVE] != NULL);
    if (r != 0)
        return r;
    if (d.own) {
        catch_interrupts();
        r = fill(&d);
    }
    if (r == 0)
        r = lose_and_watch(&d);
    int swept = d.own ? sweep(&d) : 0;
    if (r == 0)
        r = swept;
    return r == 0 ? report(&d) : r;
}

const struct ctl_command command_drill = {
    .name = "drill",
    .args = "",
    .summary = "Measures how fast Redis is rebuilt from MariaDB when it lost its data",
    .details =
        "It makes a campaign of its own in which nobody can ask for anything, with so many "
        "grants, empties\nits keys in Redis, and waits until a scheduler has restored "
        "them. Then it takes the campaign away\nagain, also after Ctrl-C. Its name begins with "
        "drill-, and no callback tells of it. Other campaigns are not touched, but "
        "they share both stores with it.",
    .example = "drill --grants 10000",
    .options =
        {
            {"grants", "N", "how many grants its own campaign has (default: 200000)"},
            {"campaign", "NAME", "takes this campaign instead; needs --live"},
            {"live", NULL, "yes, forget what Redis holds of that campaign"},
            {"keep", NULL, "leaves its own campaign there, closed"},
            {"timeout-s", "N", "gives up after so long (default: 60)"},
        },
    .run = drill,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/oracle.h"

#include "shared/base/clock.h"
#include "tests/chaos/probe.h"
#include "tests/support/child.h"
#include "tests/support/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXAMPLES 3
/* Tolerance between gateways. The scheduler reads the journal after each claim, so nobody passes a
 * request that was visible there. Two differences remain: the clocks of a gateway and of Redis
 * differ slightly, and a journalled request whose ticket is taken moves behind the run of taken
 * tickets. */
#define BETWEEN_MS 20
#define GETS       200  /* users whose status is read over HTTP */
#define GET_MS     5000 /* deadline for an answer of a gateway */

/* The kinds of breach. The third column tells whether it is a breach even after Redis lost data. */
#define BREACHES(X)                                                                                \
    X(LOST, "accepted, and never decided", false)                                                  \
    X(DOUBLED, "more than one coupon", true)                                                       \
    X(OVER_QUOTA, "grants beyond the quota", true)                                                 \
    X(INVERSION, "sold out below a granted ticket, or serials not in ticket order", false)         \
    X(OVERTAKEN, "acknowledged before another one first asked, and behind that one", false)        \
    X(MISTOLD, "told a grant that is not in MariaDB", true)                                        \
    X(SHOWN_WRONG, "Redis shows a grant that is not in MariaDB", true)                             \
    X(NOT_SHOWN, "granted in MariaDB, something else in Redis", true)                              \
    X(CONTRADICTED, "told sold out or refused, and granted", false)                                \
    X(WORSE_TICKET, "a higher ticket is kept than was told", false)                                \
    X(UNDECIDED, "still waiting", true)                                                            \
    X(GAP, "a serial that nobody has", false)                                                      \
    X(LEFT_OVER, "somebody told sold out, and coupons are left", false)                            \
    X(STRANGER, "in the stores, and never asked", true)                                            \
    X(WRONG_STATUS, "the gateway's status is not what is kept", true)

enum breach {
#define X(id, text, always) id,
    BREACHES(X)
#undef X
        N_BREACHES
};

static const char *const texts[] = {
#define X(id, text, always) text,
    BREACHES(X)
#undef X
};

static const bool always[] = {
#define X(id, text, always) always,
    BREACHES(X)
#undef X
};

struct check {
    struct stage *stage;
    const struct crowd *crowd;
    const char *campaign;
    uint32_t quota;
    enum oracle_rules rules;
    uint64_t highest; /* highest granted ticket */
    unsigned counts[N_BREACHES];
};

static void breach(struct check *k, enum breach what, uint32_t user)
{
    const struct person *p = &k->crowd->people[user];
    if (k->rules == ORACLE_DATA_LOST && !always[what])
        return;
    if (k->rules == ORACLE_RAISED && what == CONTRADICTED)
        return;
    if (k->counts[what]++ >= EXAMPLES)
        return;
    chaos_say("BREACH: %s: u-%" PRIu32 " told=%x ticket=%" PRIu64 " serial=%" PRIu32
              " mariadb: rows=%d serial=%" PRIu32 " ticket=%" PRIu64 " redis: %c%" PRIu64,
              texts[what], user, p->told, p->ticket, p->serial, p->rows, p->row_serial,
              p->row_ticket, p->state != '\0' ? p->state : '-', p->state_ticket);
}

static bool is_final(const struct person *p)
{
    return p->rows > 0 || p->state == 's' || p->state == 'r';
}

/* told_coupon_wrong: the user was told a grant that differs from MariaDB. */
static bool told_coupon_wrong(const struct person *p)
{
    if (p->told & TOLD_TWO_COUPONS)
        return true;
    if (!(p->told & TOLD_GRANTED))
        return false;
    return p->rows == 0 || p->granted_ticket != p->row_ticket ||
           (p->serial != 0 && (p->serial != p->row_serial || strcmp(p->code, p->row_code) != 0));
}

/* ticket_rose: the user's place became worse. A place may only improve, when an earlier request of
 * the user is found in the journal. */
static bool ticket_rose(const struct person *p)
{
    return (p->ticket != 0 && p->rows > 0 && p->ticket < p->row_ticket) ||
           (p->ticket != 0 && p->state != '\0' && p->ticket < p->state_ticket);
}

static void check_person(struct check *k, uint32_t user)
{
    const struct person *p = &k->crowd->people[user];
    uint64_t sold_out = p->state == 's' ? p->state_ticket : p->told & TOLD_SOLD_OUT ? p->ticket : 0;
    if ((p->told & ~TOLD_FULL) && !is_final(p))
        breach(k, p->state == 'q' ? UNDECIDED : LOST, user);
    if (p->rows > 1)
        breach(k, DOUBLED, user);
    if (told_coupon_wrong(p))
        breach(k, MISTOLD, user);
    if (p->shown_wrong)
        breach(k, SHOWN_WRONG, user);
    if (p->rows > 0 && p->state != 'g')
        breach(k, NOT_SHOWN, user);
    if (p->rows > 0 && (p->told & (TOLD_SOLD_OUT | TOLD_FULL | TOLD_REFUSED)))
        breach(k, CONTRADICTED, user);
    if (ticket_rose(p))
        breach(k, WORSE_TICKET, user);
    if (sold_out != 0 && p->rows == 0 && sold_out < k->highest)
        breach(k, INVERSION, user);
    if ((sold_out != 0 || p->told & TOLD_FULL) && k->crowd->n_rows < k->quota)
        breach(k, LEFT_OVER, user);
}

static void check_rows(struct check *k)
{
    uint64_t before = 0;
    for (uint32_t i = 0; i < k->crowd->n_rows; i++) {
        uint32_t user = k->crowd->by_serial[i];
        const struct person *p = &k->crowd->people[user];
        if (p->row_serial != i + 1)
            breach(k, p->row_serial > k->quota ? OVER_QUOTA : GAP, user);
        if (p->row_ticket <= before)
            breach(k, INVERSION, user);
        before = p->row_ticket;
        k->highest = before > k->highest ? before : k->highest;
    }
    if (k->crowd->n_rows > k->quota)
        breach(k, OVER_QUOTA, 0);
    if (k->crowd->strangers > 0)
        breach(k, STRANGER, 0);
}

/* --- the order by the clients' clocks --- */

static void say_overtaken(const struct check *k, const struct order_client *c)
{
    int64_t began_us = k->crowd->began_us;
    chaos_say("u-%" PRIu32 ": acknowledged at %.3f s, serial %" PRIu32 "; u-%" PRIu32
              ": first asked at %.3f s, serial %" PRIu32,
              c->user, (double)(c->acked_us - began_us) / 1e6, c->serial, c->by->user,
              (double)(c->by->asked_us - began_us) / 1e6, c->by->serial);
}

static void check_order(struct check *k)
{
    size_t n;
    struct order_verdict verdict;
    struct order_client *clients = crowd_order(k->crowd, &n);
    order_judge(clients, n, 0, &verdict);
    if (verdict.overtaken > 0 && k->rules != ORACLE_DATA_LOST)
        chaos_say("%s: of %zu acknowledged %zu overtaken, by %.3f s at most", k->campaign,
                  verdict.acked, verdict.overtaken, (double)order_lead_us(verdict.worst) / 1e6);
    order_judge(clients, n, BETWEEN_MS * 1000, &verdict);
    for (size_t i = 0; i < n; i++) {
        if (clients[i].by == NULL)
            continue;
        if (k->rules != ORACLE_DATA_LOST && k->counts[OVERTAKEN] < EXAMPLES)
            say_overtaken(k, &clients[i]);
        breach(k, OVERTAKEN, clients[i].user);
    }
    free(clients);
}

/* --- the gateways' answers after the round --- */

static void check_status(struct check *k, uint32_t user, const char *url)
{
    uint64_t ticket;
    uint32_t serial;
    char code[COUPON_CODE_LEN + 1];
    const struct person *p = &k->crowd->people[user];
    int told;
    int64_t until_us = clock_mono_us() + GET_MS * 1000;
    while ((told = probe_status(url, k->campaign, user, &ticket, &serial, code)) == -EAGAIN &&
           clock_mono_us() < until_us)
        wait_a_moment();
    bool right = p->rows > 0 ? told == TOLD_GRANTED && serial == p->row_serial &&
                                   strcmp(code, p->row_code) == 0
                 : p->state == 's' ? told == TOLD_SOLD_OUT && ticket == p->state_ticket
                 : p->state == 'r' ? told == TOLD_REFUSED
                                   : (told & ~TOLD_FULL) == 0;
    if (right)
        return;
    if (k->counts[WRONG_STATUS] < EXAMPLES)
        chaos_say("%s says of u-%" PRIu32 ": told=%x ticket=%" PRIu64 " serial=%" PRIu32, url, user,
                  (unsigned)told, ticket, serial);
    breach(k, WRONG_STATUS, user);
}

static void check_statuses(struct check *k)
{
    uint32_t n = 0, seen = 0;
    for (uint32_t user = 0; user < CROWD_MAX; user++)
        n += k->crowd->people[user].told != 0;
    for (uint32_t user = 0; user < CROWD_MAX; user++) {
        if (k->crowd->people[user].told != 0 && seen++ % (n / GETS + 1) == 0)
            check_status(k, user, k->stage->urls[seen % N_GATEWAYS]);
    }
}

/* --- onrushctl's own audit --- */

static unsigned check_audit(struct check *k)
{
    static const char *const names[] = {"over_quota",  "duplicates", "granted_column",
                                        "unaccounted", "not_shown",  "shown_uncommitted",
                                        "misplaced"};
    unsigned n = 0;
    json_t *audit = stack_ctl_json(&k->stage->stack, "audit %s", k->campaign);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const json_t *value = json_object_get(audit, names[i]);
        n += !json_is_integer(value) || json_integer_value(value) != 0;
    }
    if (k->rules != ORACLE_DATA_LOST)
        n += !json_is_true(json_object_get(audit, "ok"));
    if (n > 0) {
        char *text = json_dumps(audit, 0);
        chaos_say("BREACH: the audit finds: %s", text != NULL ? text : "no answer");
        free(text);
    }
    json_decref(audit);
    return n;
}

unsigned oracle_check(struct stage *stage, struct crowd *crowd, const char *campaign,
                      uint32_t quota, enum oracle_rules rules)
{
    struct check k = {
        .stage = stage, .crowd = crowd, .campaign = campaign, .quota = quota, .rules = rules};
    if (!crowd_read_stores(crowd, &stage->stack, campaign)) {
        chaos_say("BREACH: the stores do not answer");
        return 1;
    }
    check_rows(&k);
    for (uint32_t user = 0; user < CROWD_MAX; user++)
        check_person(&k, user);
    check_order(&k);
    check_statuses(&k);
    unsigned sum = check_audit(&k);
    for (int i = 0; i < N_BREACHES; i++) {
        if (k.counts[i] > EXAMPLES)
            chaos_say("BREACH: %s: %u in all", texts[i], k.counts[i]);
        sum += k.counts[i];
    }
    return sum;
}

/* --- waiting for decisions --- */

/* journalled: counts requests in MariaDB that wait for Redis; 0 if there is no such table. */
static int64_t journalled(struct stage *stage, const char *campaign)
{
    struct db db = {0};
    MYSQL_RES *rows;
    int64_t n = 0;
    const char *sql = textf("SELECT COUNT(*) FROM journal j JOIN campaigns c "
                            "ON c.id = j.campaign_id WHERE c.name = '%s'",
                            campaign);
    if (db_open(&db, &stage->stack.db) == DB_OK && db_query(&db, sql, &rows) == DB_OK) {
        n = strtoll(mysql_fetch_row(rows)[0], NULL, 10);
        mysql_free_result(rows);
    }
    db_close(&db);
    return n;
}

static bool settled(struct stage *stage, const char *campaign)
{
    if (journalled(stage, campaign) > 0)
        return false;
    json_t *audit = stack_ctl_json(&stage->stack, "audit %s 2>/dev/null", campaign);
    const json_t *pending = json_object_get(audit, "pending"), *ok = json_object_get(audit, "ok");
    bool all = json_is_integer(pending) && json_integer_value(pending) == 0 && json_is_boolean(ok);
    json_decref(audit);
    return all;
}

int64_t oracle_wait(struct stage *stage, const char *campaign, int64_t timeout_ms)
{
    int64_t began_us = clock_mono_us();
    while (!settled(stage, campaign)) {
        if (clock_mono_us() - began_us > timeout_ms * 1000)
            return -ETIMEDOUT;
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    return clock_mono_us() - began_us;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Random histories against a naive model: every answer must be the model's, and the counters must
 * add up after each step. A history changes state, quota, admission limit and epoch. It has stale
 * schedulers, takeovers, lost answers (a repeated settle), a journal, members overwritten by hand,
 * and a Redis that comes back empty. A failure prints its seed; ONRUSH_SEED repeats it.
 *
 * The model knows rules, not keys: a request waits or is decided; at or below the mark it is being
 * decided. */
#include "tests/functions/queue.h"

#include "tests/support/dice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS     20000
#define USERS     200
#define BATCH     16
#define LINE_MAX_ (USERS * 64)
#define EVERY     250 /* steps between two checks of the whole queue */

/* Tickets of the model: journalled requests came long ago, all others come in the future. None is
 * in the present, so Redis' clock does not affect them. 0 is no ticket. */
#define FUTURE ((int64_t)1 << 40)
#define NOW    (FUTURE - 1)

enum where { NOWHERE, WAITING, GRANTED, SOLD_OUT, REFUSED };

static struct model {
    enum where where[USERS];
    int64_t ticket[USERS];
    char decided[USERS][32]; /* state of a user who is granted, sold out or refused */
    int64_t epoch, quota, admit_limit, admitted, last_ticket, watermark, mark, moves, returned;
    const char *state;
} model;

static int serial; /* makes each grant unique */

/* --- the rules --- */

static int count(enum where where)
{
    int n = 0;
    for (int u = 0; u < USERS; u++)
        n += model.where[u] == where;
    return n;
}

static bool being_decided(int u)
{
    return model.where[u] == WAITING && model.ticket[u] <= model.mark;
}

static int count_being_decided(void)
{
    int n = 0;
    for (int u = 0; u < USERS; u++)
        n += being_decided(u);
    return n;
}

/* before: the order in Redis. Two users may have the same ticket: the model decides some that were
 * never claimed, so tickets above the mark become free again. */
static bool before(int u, int v)
{
    char names[2][16];
    sprintf(names[0], "u%d", u);
    sprintf(names[1], "u%d", v);
    return model.ticket[u] != model.ticket[v] ? model.ticket[u] < model.ticket[v]
                                              : strcmp(names[0], names[1]) < 0;
}

/* position: counts users who are not being decided. */
static int position(int user)
{
    int n = 1;
    for (int u = 0; u < USERS; u++)
        n += model.where[u] == WAITING && !being_decided(u) && before(u, user);
    return being_decided(user) ? 0 : n;
}

/* next_in_line: the next user in the queue after this one (-1: the first), or -1. */
static int next_in_line(int user)
{
    int next = -1;
    for (int u = 0; u < USERS; u++) {
        bool behind = model.where[u] == WAITING && (user < 0 || before(user, u));
        if (behind && (next < 0 || before(u, next)))
            next = u;
    }
    return next;
}

/* first_above_mark: the user who is claimed next, or -1. */
static int first_above_mark(void)
{
    int user = next_in_line(-1);
    while (user >= 0 && being_decided(user))
        user = next_in_line(user);
    return user;
}

/* ticket_text: returns one of a few static buffers, in turn. */
static const char *ticket_text(int64_t ticket)
{
    static char texts[8][32];
    static unsigned next;
    char *text = texts[next++ % LENGTH(texts)];
    if (ticket >= FUTURE)
        sprintf(text, "#%" PRId64, ticket - FUTURE);
    else
        sprintf(text, ticket > 0 ? "^%" PRId64 : "%" PRId64, ticket);
    return text;
}

/* known_answer: writes the answer of enqueue and status for a user with a state. */
static int known_answer(char *out, int user)
{
    if (model.where[user] == WAITING)
        return sprintf(out, "q%s:%d", ticket_text(model.ticket[user]), position(user));
    return sprintf(out, "%s", model.decided[user]);
}

static int enqueue_answer(char *out, int user)
{
    if (model.where[user] != NOWHERE)
        return known_answer(out, user);
    if (strcmp(model.state, "open") != 0)
        return sprintf(out, "%c", model.state[0]);
    if (model.admit_limit >= 0 && model.admitted >= model.admit_limit)
        return sprintf(out, "f");
    model.last_ticket = model.ticket[user] = model.last_ticket + 1;
    model.where[user] = WAITING;
    model.admitted++;
    return sprintf(out, "n%s:%d", ticket_text(model.ticket[user]), position(user));
}

static void check(const char *question, const char *expected)
{
    const char *answer = ask("%s", question);
    if (strcmp(answer, expected) != 0)
        fail_msg("%s\n  answers %s\n  must be %s", question, answer, expected);
}

/* --- steps: each makes a random call and checks its answer --- */

static void step_enqueue(void)
{
    char question[LINE_MAX_] = "enqueue", expected[LINE_MAX_] = "";
    int q = (int)strlen(question), e = 0;
    for (uint64_t n = 1 + dice(BATCH); n > 0; n--) {
        int user = (int)dice(USERS);
        q += sprintf(question + q, " u%d", user);
        e += sprintf(expected + e, "%s", e > 0 ? " " : "");
        e += enqueue_answer(expected + e, user);
    }
    check(question, expected);
}

static int head_text(char *out)
{
    int claimed = count_being_decided();
    int64_t decided = model.mark > model.watermark ? model.mark : model.watermark;
    return sprintf(out,
                   "1 %s %" PRId64 " %" PRId64 " 0 0 %" PRId64 " %" PRId64 " %d %d %d %s"
                   " 7 %d %d now %" PRId64 " 0 %" PRId64,
                   model.state, model.quota, model.admit_limit, model.epoch, model.admitted,
                   count(GRANTED), count(SOLD_OUT), count(REFUSED), ticket_text(decided),
                   count(WAITING) - claimed, claimed, model.moves, model.returned);
}

static void step_status(void)
{
    char question[LINE_MAX_] = "status", expected[LINE_MAX_] = "[";
    bool full = model.admit_limit >= 0 && model.admitted >= model.admit_limit;
    int q = (int)strlen(question), e = 1 + head_text(expected + 1);
    e += sprintf(expected + e, "]");
    for (uint64_t n = dice(BATCH); n > 0; n--) {
        int user = (int)dice(USERS);
        q += sprintf(question + q, " u%d", user);
        e += sprintf(expected + e, " ");
        e += model.where[user] != NOWHERE ? known_answer(expected + e, user)
                                          : sprintf(expected + e, full ? "f" : "u");
    }
    check(question, expected);
}

/* claim_some: writes the next n to `out` and sets the mark to the last ticket. Only the model can
 * issue a ticket twice. Returns whether anybody was claimed. */
static bool claim_some(int n, char *out)
{
    int e = 0, user = first_above_mark();
    int64_t mark = model.mark;
    for (int i = 0; i < n && user >= 0; i++, user = next_in_line(user)) {
        mark = model.ticket[user];
        e += sprintf(out + e, "%su%d %s", e > 0 ? " " : "", user, ticket_text(mark));
    }
    model.mark = mark;
    return e > 0;
}

static void step_claim(void)
{
    char question[64], expected[LINE_MAX_], rows[LINE_MAX_ - 64] = "";
    int n = 1 + (int)dice(BATCH);
    if (dice(2) == 0)
        sprintf(question, "claim %" PRId64 " %d", model.epoch, n);
    else
        sprintf(question, "claim %" PRId64 " %d %" PRId64, model.epoch, n, model.moves);
    model.moves += claim_some(n, rows);
    int claimed = count_being_decided();
    sprintf(expected, "%d %d [%s]", count(WAITING) - claimed, claimed, rows);
    check(question, expected);
}

/* step_lost: a scheduler whose count of moves differs from Redis'. */
static void step_lost(void)
{
    char question[64];
    sprintf(question, "claim %" PRId64 " 5 %" PRId64, model.epoch, model.moves + 1);
    check(question, "!LOST");
}

/* decide: sets the user's state to `kind`; returns whether that is a change. */
static int decide(int user, enum where kind, char *state)
{
    bool known = model.where[user] != NOWHERE;
    if (kind == GRANTED)
        sprintf(state, "g%d:CODE:%s", ++serial, ticket_text(model.ticket[user]));
    else
        sprintf(state, kind == SOLD_OUT ? "s%s" : "rwhy:%s", ticket_text(model.ticket[user]));
    if (model.where[user] == GRANTED || (known && strcmp(state, model.decided[user]) == 0))
        return 0;
    model.admitted += !known;
    model.where[user] = kind;
    strcpy(model.decided[user], state);
    return 1;
}

/* step_settle: settles users in any state: after data loss even users who wait or are unknown. */
static void step_settle(void)
{
    char question[LINE_MAX_], expected[16], state[32];
    int q = sprintf(question, "settle %" PRId64 " 0 0", model.epoch), changed = 0;
    for (int i = 0; i < BATCH; i++) {
        int user = (int)dice(USERS);
        bool unknown = model.where[user] == NOWHERE; /* only grants are restored */
        changed += decide(user, unknown ? GRANTED : (enum where)(GRANTED + dice(3)), state);
        q += sprintf(question + q, " u%d %s", user, state);
    }
    sprintf(expected, "%d", changed);
    model.moves++;
    check(question, expected);
}

/* step_settle_range: settles a few neighbours, mostly claimed ones. The scheduler may be wrong
 * about them: one in the middle may be unnamed or decided differently, and the last ones may be
 * above the mark. Only the named users are decided. */
static void step_settle_range(void)
{
    char question[LINE_MAX_], names[LINE_MAX_ - 128] = "", expected[16], state[32];
    int user = next_in_line(-1), changed = 0, q = 0, last = -1;
    enum where kind = (enum where)(GRANTED + dice(3));
    bool parked = dice(4) == 0, mixed = dice(6) == 0, beyond = dice(4) == 0;
    for (uint64_t skip = dice(4); skip > 0 && user >= 0 && next_in_line(user) >= 0; skip--)
        user = next_in_line(user);
    int64_t first = user >= 0 ? model.ticket[user] : 0;
    for (int i = 0; i < BATCH && user >= 0 && (beyond || being_decided(user)); i++) {
        int next = next_in_line(user);
        last = user;
        if (i == 0 || !parked || dice(3) > 0) {
            changed += decide(user, mixed ? (enum where)(GRANTED + dice(3)) : kind, state);
            q += sprintf(names + q, " u%d %s", user, state);
        }
        user = next;
    }
    if (last < 0)
        return;
    sprintf(question, "settle %" PRId64 " %s %s%s", model.epoch, ticket_text(first),
            ticket_text(model.ticket[last]), names);
    sprintf(expected, "%d", changed);
    model.moves++;
    check(question, expected);
}

/* places: the tickets in use when a drain begins. */
struct places {
    int64_t taken[USERS];
    int n;
};

static bool taken(const struct places *places, int64_t ticket)
{
    for (int i = 0; i < places->n; i++) {
        if (places->taken[i] == ticket)
            return true;
    }
    return false;
}

/* place_of: returns a free place for a request of that time: not before it, above the decided ones,
 * and above `last`. A request from the future gets the present. */
static int64_t place_of(int64_t arrival, int64_t last, const struct places *places)
{
    const int64_t above[] = {model.mark, model.watermark, last};
    int64_t ticket = arrival < NOW ? arrival : NOW;
    for (size_t i = 0; i < LENGTH(above); i++)
        ticket = ticket > above[i] ? ticket : above[i] + 1;
    while (taken(places, ticket))
        ticket++;
    return ticket;
}

/* random_arrival: long ago, near the last decided ticket; or in the future, if no place depends on
 * the present. */
static int64_t random_arrival(void)
{
    int64_t decided = model.mark > model.watermark ? model.mark : model.watermark;
    if (decided >= FUTURE)
        return dice(2) == 0 ? 1 + (int64_t)dice(500) : decided - 20 + (int64_t)dice(60);
    return decided > 20 ? decided - 20 + (int64_t)dice(60) : 1 + (int64_t)dice(60);
}

/* random_mark: a mark that a scheduler may send; Redis takes the lower one. */
static int64_t random_mark(void)
{
    int user = (int)dice(USERS);
    if (dice(3) > 0)
        return model.mark;
    return model.where[user] == WAITING ? model.ticket[user] : 0;
}

/* drain_one: returns whether the user entered or got a better place, which is then in `last`. */
static bool drain_one(int user, int64_t arrival, int64_t *last, const struct places *places)
{
    if (model.where[user] > WAITING || being_decided(user))
        return false;
    bool waits = model.where[user] == WAITING;
    int64_t ticket = place_of(arrival, *last, places);
    if (waits && model.ticket[user] <= ticket)
        return false;
    model.admitted += !waits;
    model.where[user] = WAITING;
    *last = model.ticket[user] = ticket;
    return true;
}

/* step_drain: drains users of every kind by arrival, some of them twice. */
static void step_drain(void)
{
    char question[LINE_MAX_], expected[16];
    struct places places = {0};
    int64_t mark = random_mark(), last = 0;
    int n = 0, q = sprintf(question, "drain %" PRId64 " %s", model.epoch, ticket_text(mark));
    model.mark = mark < model.mark ? mark : model.mark;
    int64_t arrival = random_arrival();
    for (int u = 0; u < USERS; u++) {
        if (model.where[u] == WAITING)
            places.taken[places.n++] = model.ticket[u];
    }
    for (uint64_t i = dice(BATCH); i > 0; i--) {
        int user = (int)dice(USERS);
        arrival += (int64_t)dice(5);
        q += sprintf(question + q, " u%d %s", user, ticket_text(arrival));
        n += drain_one(user, arrival, &last, &places);
    }
    model.last_ticket = last > model.last_ticket ? last : model.last_ticket;
    model.moves++;
    sprintf(expected, "%d", n);
    check(question, expected);
}

/* publish_as: `expected` is the function's argument: - for a takeover, any for settings, moves for
 * the opening. */
static void publish_as(const char *ready, const char *expected)
{
    char question[192];
    sprintf(question, "publish %" PRId64 " 7 %s %" PRId64 " %" PRId64 " 0 0 %s %s %s", model.epoch,
            model.state, model.quota, model.admit_limit, ticket_text(model.watermark), ready,
            expected);
    if (ask("%s", question)[0] != '1')
        fail_msg("%s\n  answers %s", question, ask("%s", question));
    if (strcmp(expected, "any") != 0)
        model.mark = 0;
}

/* set_aside: the scheduler sets aside exactly the members that it could not decode. */
static void set_aside(int user)
{
    char question[64], expected[16];
    int q = sprintf(question, "set_aside %" PRId64 " no/id", model.epoch), known = (int)dice(USERS);
    if (user >= 0)
        q += sprintf(question + q, " u%d", user);
    if (known != user)
        sprintf(question + q, " u%d", known);
    sprintf(expected, "%d", user >= 0 ? 2 : 1);
    check(question, expected);
}

/* step_spoil: writes a member that is no user, and gives a waiting user an invalid score, before or
 * after all others. A claim finds them, and the scheduler sets them aside. It finds those in front
 * only after the mark was reset. */
static void step_spoil(void)
{
    static const char *const scores[][2] = {{"-5", "0.5"}, {"1e+17", "inf"}};
    char question[64], expected[LINE_MAX_], rows[LINE_MAX_ - 256] = "", odd[64];
    bool front = dice(4) > 0;
    if (front)
        publish_as("keep", "-");
    int user = first_above_mark();
    ask("ZADD $queue %s no/id", scores[!front][0]);
    if (user >= 0) {
        ask("ZADD $queue %s u%d", scores[!front][1], user);
        model.where[user] = REFUSED;
        strcpy(model.decided[user], "rundecodable:0");
    }
    int left = count(WAITING) - count_being_decided(),
        n = front ? 0 : (int)dice((uint64_t)left + 1);
    bool all = front || n == left;
    int e = sprintf(odd, "no/id %s", scores[!front][0]);
    if (user >= 0)
        sprintf(odd + e, " u%d %s", user, scores[!front][1]);
    sprintf(question, "claim %" PRId64 " %d", model.epoch, n + all * (1 + (user >= 0)));
    model.moves += claim_some(n, rows) || all;
    int claimed = count_being_decided();
    sprintf(expected, "%d %d [%s%s%s]", count(WAITING) - claimed + 1 + (user >= 0), claimed, rows,
            all && rows[0] != '\0' ? " " : "", all ? odd : "");
    check(question, expected);
    set_aside(user);
}

static void step_revive(void)
{
    int back = 0, sold_out = count(SOLD_OUT);
    char cursor[32] = "0";
    do {
        int n;
        const char *answer =
            ask("revive %" PRId64 " %s %d", model.epoch, cursor, 1 + (int)dice(50));
        assert_int_equal(sscanf(answer, "%31s %d", cursor, &n), 2);
        back += n;
        model.returned = ++model.moves;
    } while (strcmp(cursor, "0") != 0);
    assert_int_equal(back, sold_out);
    for (int u = 0; u < USERS; u++) {
        if (model.where[u] == SOLD_OUT) {
            model.where[u] = WAITING;
            model.decided[u][0] = '\0';
        }
    }
}

/* step_publish: Redis is ready again after a watermark that it did not know. */
static void step_publish(void)
{
    static const char *const states[] = {"open", "open", "open", "paused", "closed"};
    char expected[32] = "any";
    model.state = states[dice(LENGTH(states))];
    model.quota = (int64_t)dice(USERS);
    model.admit_limit = dice(3) == 0 ? -1 : (int64_t)dice(2 * USERS);
    bool takeover = dice(4) == 0, raise = dice(8) == 0;
    model.epoch += takeover;
    model.watermark += raise ? (int64_t)dice(50) : 0;
    if (takeover)
        strcpy(expected, "-");
    else if (dice(3) == 0)
        sprintf(expected, "%" PRId64, model.moves);
    publish_as(raise ? "1" : "keep", expected);
}

static void step_stale(void)
{
    static const char *const calls[][2] = {
        {"claim", "5"},    {"settle", "0 0 u1 g1:X:#1"},   {"set_aside", "no/id"},
        {"revive", "0 9"}, {"settle", "#1 #1 u2 g1:X:#1"}, {"publish", "7 open 1 1 1 1 #1 0"},
        {"drain", "0"},    {"drain", "0 u3 ^1"},
    };
    char question[64];
    const char *const *call = calls[dice(LENGTH(calls))];
    snprintf(question, sizeof question, "%s %d %s", call[0], (int)model.epoch - 1, call[1]);
    check(question, "!STALE");
}

/* begin: starts with tickets in the future, as if the clock had stepped back. */
static void begin(void)
{
    model.last_ticket = FUTURE;
    model.mark = model.admitted = model.moves = model.returned = 0;
    model.quota = 3;
    model.admit_limit = -1;
    model.state = "open";
    ask("publish %" PRId64 " 7 open 3 -1 0 0 %s 1", model.epoch, ticket_text(model.watermark));
    ask("HSET $meta last_ticket #0");
}

/* step_wipe: Redis comes back empty; the scheduler publishes, restores the grants, and opens. */
static void step_wipe(void)
{
    ask("FLUSHALL");
    begin();
    for (int u = 0; u < USERS; u++) {
        if (model.where[u] == GRANTED) {
            model.admitted++;
            model.moves++;
            assert_string_equal(
                ask("settle %" PRId64 " 0 0 u%d %s", model.epoch, u, model.decided[u]), "1");
        } else {
            model.where[u] = NOWHERE;
            model.ticket[u] = 0;
            model.decided[u][0] = '\0';
        }
    }
}

static void (*const steps[])(void) = {
    step_enqueue, step_enqueue, step_enqueue, step_claim,        step_claim,        step_claim,
    step_settle,  step_status,  step_status,  step_settle_range, step_settle_range, step_revive,
    step_publish, step_stale,   step_lost,    step_drain,        step_drain,        step_spoil,
};

/* check_sum: in Redis, admitted = granted + sold_out + refused + queue. */
static void check_sum(void)
{
    struct campaign_head h;
    redisReply *reply = ask_reply("status");
    assert_int_equal(redis_head_parse(reply->element[0], &h), 0);
    freeReplyObject(reply);
    assert_int_equal(h.admitted, h.granted + h.sold_out + h.refused + h.queued + h.claimed);
    assert_int_equal(h.admitted, model.admitted);
}

/* check_queue: compares the queue and its tickets, and all other users in `users`. */
static void check_queue(void)
{
    char expected[LINE_MAX_] = "";
    int e = 0;
    for (int user = -1; (user = next_in_line(user)) >= 0;)
        e += sprintf(expected + e, "%su%d %s", e > 0 ? " " : "", user,
                     ticket_text(model.ticket[user]));
    check("ZRANGE $queue 0 -1 WITHSCORES", expected);
    sprintf(expected, "%d", count(GRANTED) + count(SOLD_OUT) + count(REFUSED));
    check("HLEN $users", expected);
    check("HGET $meta claimed_to", ticket_text(model.mark));
}

QUEUE_TEST(test_random_histories)
{
    dice_seed();
    model = (struct model){.epoch = 5};
    begin();
    for (int i = 0; i < STEPS; i++) {
        if (dice(400) == 0)
            step_wipe();
        steps[dice(LENGTH(steps))]();
        check_sum();
        if (i % EVERY == 0)
            check_queue();
    }
}

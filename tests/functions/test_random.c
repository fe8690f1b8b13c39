/* Random histories against a naive model: every answer of every function must be the one that the
 * model gives, and the counters must add up after each step. A history has changes of state, quota,
 * bound and epoch, stale schedulers, takeovers, lost answers (a settle that comes again), a journal,
 * members that somebody else overwrote, and a Redis that comes back empty. Fails with a seed; repeat with ONRUSH_SEED. */
#include "tests/functions/queue.h"

#include "tests/support/dice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS     20000
#define USERS     200
#define BATCH     16
#define LINE_MAX_ (BATCH * 64)

enum where { NOWHERE, QUEUED, CLAIMED, GRANTED, SOLD_OUT, REFUSED };

static struct model {
    enum where where[USERS];
    int64_t ticket[USERS];
    char decided[USERS][32]; /* the state of who is granted, sold out or refused */
    int64_t epoch, quota, admit_limit, admitted, last_ticket, watermark, moves, returned;
    const char *state;
} model;

static int serial; /* so that no two grants look alike */

static int count(enum where where)
{
    int n = 0;
    for (int u = 0; u < USERS; u++)
        n += model.where[u] == where;
    return n;
}

/* before: as Redis orders them. Two may have the same ticket: the model rejects some that were never claimed, and so tickets
 * above the watermark are free again. */
static bool before(int u, int v)
{
    char names[2][16];
    sprintf(names[0], "u%d", u);
    sprintf(names[1], "u%d", v);
    return model.ticket[u] != model.ticket[v] ? model.ticket[u] < model.ticket[v]
                                              : strcmp(names[0], names[1]) < 0;
}

static int position(int user)
{
    int n = 1;
    for (int u = 0; u < USERS; u++)
        n += model.where[u] == QUEUED && before(u, user);
    return model.where[user] == QUEUED ? n : 0;
}

/* known_answer: what enqueue and status say of a user who has a state. */
static int known_answer(char *out, int user)
{
    if (model.where[user] == QUEUED || model.where[user] == CLAIMED)
        return sprintf(out, "q#%" PRId64 ":%d", model.ticket[user], position(user));
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
    int64_t after = model.last_ticket > model.watermark ? model.last_ticket : model.watermark;
    model.last_ticket = model.ticket[user] = after + 1;
    model.where[user] = QUEUED;
    model.admitted++;
    return sprintf(out, "n#%" PRId64 ":%d", model.ticket[user], position(user));
}

/* first_in: the user with the lowest ticket there, or -1. */
static int first_in(enum where where)
{
    int first = -1;
    for (int u = 0; u < USERS; u++) {
        if (model.where[u] == where && (first < 0 || before(u, first)))
            first = u;
    }
    return first;
}

static void check(const char *question, const char *expected)
{
    const char *answer = ask("%s", question);
    if (strcmp(answer, expected) != 0)
        fail_msg("%s\n  answers %s\n  must be %s", question, answer, expected);
}

/* --- steps: each asks a random question and checks its answer --- */

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
    return sprintf(out,
                   "1 %s %" PRId64 " %" PRId64 " 0 0 %" PRId64 " %" PRId64 " %d %d %d #%" PRId64
                   " 7 %d %d now %" PRId64 " 0 %" PRId64,
                   model.state, model.quota, model.admit_limit, model.epoch, model.admitted,
                   count(GRANTED), count(SOLD_OUT), count(REFUSED), model.watermark, count(QUEUED),
                   count(CLAIMED), model.moves, model.returned);
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

static void step_claim(void)
{
    char question[64], expected[LINE_MAX_];
    int n = 1 + (int)dice(BATCH), left = count(QUEUED);
    int e = sprintf(expected, "%d", left > n ? left - n : 0);
    for (int i = 0, user; i < n && (user = first_in(QUEUED)) >= 0; i++) {
        model.where[user] = CLAIMED;
        if (model.ticket[user] > model.watermark)
            model.watermark = model.ticket[user];
        e += sprintf(expected + e, " u%d #%" PRId64, user, model.ticket[user]);
    }
    if (dice(2) == 0)
        sprintf(question, "claim %" PRId64 " %d", model.epoch, n);
    else
        sprintf(question, "claim %" PRId64 " %d %" PRId64, model.epoch, n, model.moves);
    model.moves += left > 0;
    check(question, expected);
}

/* step_lost: a scheduler that has counted other moves than Redis. */
static void step_lost(void)
{
    char question[64];
    sprintf(question, "claim %" PRId64 " 5 %" PRId64, model.epoch, model.moves + 1);
    check(question, "!LOST");
}

static void step_claimed(void)
{
    char question[64], expected[LINE_MAX_] = "";
    bool shown[USERS] = {false};
    int n = 1 + (int)dice(BATCH), e = 0;
    for (int i = 0; i < n; i++) {
        int first = -1;
        for (int u = 0; u < USERS; u++) {
            if (model.where[u] == CLAIMED && !shown[u] && (first < 0 || before(u, first)))
                first = u;
        }
        if (first < 0)
            break;
        shown[first] = true;
        e += sprintf(expected + e, "%su%d #%" PRId64, e > 0 ? " " : "", first, model.ticket[first]);
    }
    sprintf(question, "claimed %" PRId64 " %d", model.epoch, n);
    check(question, expected);
}

/* decide: the user's state becomes `kind`; gives whether that is a change. */
static int decide(int user, enum where kind, char *state)
{
    bool known = model.where[user] != NOWHERE;
    if (kind == GRANTED)
        sprintf(state, "g%d:CODE:#%" PRId64, ++serial, model.ticket[user]);
    else
        sprintf(state, kind == SOLD_OUT ? "s#%" PRId64 : "rwhy:#%" PRId64, model.ticket[user]);
    if (model.where[user] == GRANTED || (known && strcmp(state, model.decided[user]) == 0))
        return 0;
    model.admitted += !known;
    model.where[user] = kind;
    strcpy(model.decided[user], state);
    return 1;
}

/* step_settle: whatever Redis knows of the users: after a loss of data even those that wait or are
 * unknown are settled.
 */
static void step_settle(void)
{
    char question[LINE_MAX_], expected[16], state[32];
    int q = sprintf(question, "settle %" PRId64, model.epoch), changed = 0;
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

static void step_reclaim(void)
{
    char question[64], expected[16];
    int n = 1 + (int)dice(2 * BATCH), back = 0;
    for (int user; back < n && (user = first_in(CLAIMED)) >= 0; back++)
        model.where[user] = QUEUED;
    sprintf(question, "reclaim %" PRId64 " %d", model.epoch, n);
    sprintf(expected, "%d", back);
    model.returned = ++model.moves;
    check(question, expected);
}

/* waits_with: does somebody wait with this ticket? */
static bool waits_with(int64_t ticket)
{
    for (int u = 0; u < USERS; u++) {
        if ((model.where[u] == QUEUED || model.where[u] == CLAIMED) && model.ticket[u] == ticket)
            return true;
    }
    return false;
}

/* step_drain: users of every kind, some of them twice, by arrival. */
static void step_drain(void)
{
    char question[LINE_MAX_], expected[16];
    int q = sprintf(question, "drain %" PRId64, model.epoch), n = 0;
    int64_t ticket = model.watermark, arrival = model.watermark - 20 + (int64_t)dice(60);
    for (uint64_t i = dice(BATCH); i > 0; i--) {
        int user = (int)dice(USERS);
        arrival += (int64_t)dice(5);
        arrival = arrival > 0 ? arrival : 0;
        q += sprintf(question + q, " u%d #%" PRId64, user, arrival);
        if (model.where[user] != NOWHERE)
            continue;
        ticket = arrival > ticket + 1 ? arrival : ticket + 1;
        while (waits_with(ticket))
            ticket++;
        model.where[user] = QUEUED;
        model.ticket[user] = ticket;
        n++;
    }
    model.admitted += n;
    model.last_ticket = ticket > model.last_ticket ? ticket : model.last_ticket;
    model.moves++;
    sprintf(expected, "%d", n);
    check(question, expected);
}

/* spoil: somebody gives one who is there a score that is no ticket, and writes what is no user. Gives what a call that meets
 * them ends with. */
static void spoil(enum where where, char *aside)
{
    const char *key = where == QUEUED ? "$queue" : "$claimed";
    int user = first_in(where);
    ask("ZADD %s -5 no/id", key);
    if (user < 0) {
        strcpy(aside, "[no/id]");
        return;
    }
    ask("ZADD %s 0.5 u%d", key, user);
    sprintf(aside, "[no/id u%d]", user);
    model.where[user] = REFUSED;
    strcpy(model.decided[user], "rundecodable:0");
}

static void step_spoil(void)
{
    char aside[64], question[64], expected[80];
    bool queue = dice(2) == 0;
    spoil(queue ? QUEUED : CLAIMED, aside);
    sprintf(question, "%s %" PRId64 " %d", queue ? "claim" : "claimed", model.epoch,
            strchr(aside, 'u') != NULL ? 2 : 1);
    if (queue)
        sprintf(expected, "%d %s", count(QUEUED), aside);
    else
        sprintf(expected, "%s", aside);
    model.moves++;
    check(question, expected);
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
        if (model.where[u] == SOLD_OUT)
            model.where[u] = QUEUED, model.decided[u][0] = '\0';
    }
}

/* publish: a raised watermark would shut the campaign (keep), so it is opened again. */
/* publish: ready again after a watermark that Redis did not know. */
static void publish(bool raised)
{
    char question[128];
    sprintf(question, "publish %" PRId64 " 7 %s %" PRId64 " %" PRId64 " 0 0 #%" PRId64 " %s",
            model.epoch, model.state, model.quota, model.admit_limit, model.watermark,
            raised ? "1" : "keep");
    ask("%s", question);
}

static void step_publish(void)
{
    static const char *const states[] = {"open", "open", "open", "paused", "closed"};
    model.state = states[dice(LENGTH(states))];
    model.quota = (int64_t)dice(USERS);
    model.admit_limit = dice(3) == 0 ? -1 : (int64_t)dice(2 * USERS);
    model.epoch += dice(4) == 0;
    bool raise = dice(8) == 0;
    model.watermark += raise ? (int64_t)dice(1000) : 0;
    publish(raise);
}

static void step_stale(void)
{
    static const char *const calls[][2] = {
        {"claim", "5"},    {"settle", "u1 g1:X:#1"}, {"reclaim", "5"},
        {"revive", "0 9"}, {"settle", "u2 g1:X:#1"}, {"publish", "7 open 1 1 1 1 #1 0"},
        {"claimed", "3"},  {"drain", "u3 #1"},
    };
    char question[64];
    const char *const *call = calls[dice(LENGTH(calls))];
    snprintf(question, sizeof question, "%s %d %s", call[0], (int)model.epoch - 1, call[1]);
    check(question, "!STALE");
}

/* step_wipe: Redis comes back empty; the scheduler publishes, restores the grants, opens. */
static void step_wipe(void)
{
    ask("FLUSHALL");
    ask("publish %" PRId64 " 7 open 1 -1 0 0 #%" PRId64 " 1", model.epoch, model.watermark);
    model.admitted = model.last_ticket = model.moves = model.returned = 0;
    for (int u = 0; u < USERS; u++) {
        if (model.where[u] == GRANTED) {
            model.admitted++;
            model.moves++;
            assert_string_equal(ask("settle %" PRId64 " u%d %s", model.epoch, u, model.decided[u]),
                                "1");
        } else {
            model.where[u] = NOWHERE;
            model.ticket[u] = 0;
            model.decided[u][0] = '\0';
        }
    }
    model.quota = 1;
    model.admit_limit = -1;
    model.state = "open";
}

static void (*const steps[])(void) = {
    step_enqueue, step_enqueue, step_enqueue, step_claim,   step_claim,   step_settle,
    step_settle,  step_status,  step_status,  step_claimed, step_reclaim, step_revive,
    step_publish, step_stale,   step_lost,    step_drain,   step_spoil,
};

/* check_sum: admitted = granted + sold_out + refused + queue + claimed, in Redis itself. */
static void check_sum(void)
{
    struct campaign_head h;
    redisReply *reply = ask_reply("status");
    assert_int_equal(redis_head_parse(reply->element[0], &h), 0);
    freeReplyObject(reply);
    assert_int_equal(h.admitted, h.granted + h.sold_out + h.refused + h.queued + h.claimed);
    assert_int_equal(h.admitted, model.admitted);
}

static void test_random_histories(void **state)
{
    (void)state;
    dice_seed();
    model = (struct model){.epoch = 5, .quota = 3, .admit_limit = -1, .state = "open"};
    ask("publish 5 7 open 3 -1 0 0 #0 1");
    for (int i = 0; i < STEPS; i++) {
        if (dice(400) == 0)
            step_wipe();
        steps[dice(LENGTH(steps))]();
        check_sum();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {QUEUE_TEST(test_random_histories)};
    return QUEUE_GROUP(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Prints an audit. */
#include "ctl/audit.h"

#include "ctl/output.h"

#include <stdio.h>
#include <string.h>

static const char *const redis_texts[] = {[STORES_ANSWER] = "ready",
                                          [STORES_ABSENT] = "absent",
                                          [STORES_UNREADY] = "being rebuilt",
                                          [STORES_ERROR] = "not reachable"};

/* check_json: null if it was not checked. Two checks are differences, so -1 is a value. */
static json_t *check_json(const struct audit *a, const char *key, int64_t value)
{
    if (strcmp(key, "granted_column") == 0)
        return json_integer(value);
    if (strcmp(key, "unaccounted") == 0)
        return a->accepted < 0 ? json_null() : json_integer(value);
    return output_count(value);
}

#define EXAMPLES 3

/* example_json: a request that was overtaken, and the grant that did it. */
static json_t *example_json(const struct audit *a, const struct arrivals_request *r)
{
    const struct audit_user *u = &a->users.all[r->user], *by = &a->users.all[r->by->user];
    json_t *serial = u->row_serial != 0 ? json_integer(u->row_serial) : json_null();
    return json_pack("{s:s, s:I, s:o, s:{s:s, s:I, s:I}}", "user", u->id, "arrival",
                     (json_int_t)r->arrival, "serial", serial, "by", "user", by->id, "ticket",
                     (json_int_t)r->by->ticket, "serial", (json_int_t)r->by->serial);
}

static json_t *examples_json(const struct audit *a)
{
    json_t *examples = json_array();
    const struct arrivals *all = &a->arrivals;
    for (size_t i = 0; i < all->n_requests && json_array_size(examples) < EXAMPLES; i++) {
        if (all->requests[i].by != NULL)
            json_array_append_new(examples, example_json(a, &all->requests[i]));
    }
    return examples;
}

static void note(json_t *notes, const char *text)
{
    json_array_append_new(notes, json_string(text));
}

static json_t *notes_json(const struct audit *a)
{
    json_t *notes = json_array();
    if (a->redis == STORES_ABSENT)
        note(notes, "Redis has no keys of this campaign (never published, or expired after it "
                    "closed): only what MariaDB holds was checked");
    if (a->redis == STORES_UNREADY)
        note(notes, "Redis is being rebuilt: only what MariaDB holds was checked");
    if (a->live)
        note(notes, "requests moved meanwhile: the counters were checked against each other, and "
                    "not against each user");
    if (!a->gaps_judged)
        note(notes, "requests are pending: serials that are missing now are no breach");
    if (a->journalled > 0)
        note(notes, "requests wait in the journal for Redis: they are not counted as accepted yet");
    if (a->refused > 0)
        note(notes, "rows were refused: for each, one serial may be out of order or missing");
    if (a->redis != STORES_ANSWER && (a->serial_gaps > 0 || a->serial_inversions > 0))
        note(notes, "a refused row may explain a serial that is missing or out of order, but how "
                    "many were refused only Redis knew");
    if (a->durable == 0)
        note(notes, "Redis does not sync each write (appendonly yes, appendfsync always): a power "
                    "loss can take accepted requests");
    return notes;
}

/* verdict_json: null if nobody can say that all is well. */
static json_t *verdict_json(struct ctl *ctl, const struct audit *a)
{
    bool ok = audit_ok(a, ctl->config.redis.require_durable);
    return ok && audit_blind(a) ? json_null() : json_boolean(ok);
}

static json_t *audit_json(struct ctl *ctl, const struct audit *a)
{
    json_t *object =
        json_pack("{s:s, s:o, s:s, s:I, s:s, s:b, s:i, s:I, s:o, s:I, s:o, s:o, s:o}", "campaign",
                  a->name, "ok", verdict_json(ctl, a), "state", campaign_state_text(a->row.state),
                  "quota", a->row.quota, "redis", redis_texts[a->redis], "live", a->live, "passes",
                  a->passes, "journalled", a->journalled, "accepted", output_count(a->accepted),
                  "granted", a->granted, "sold_out", output_count(a->sold_out), "refused",
                  output_count(a->refused), "pending", output_count(a->pending));
#define X(id, text) json_object_set_new(object, #id, check_json(a, #id, a->id));
    AUDIT_CHECKS(X)
#undef X
    json_object_set_new(object, "overtaken_examples", examples_json(a));
    json_object_set_new(object, "durable", a->durable < 0 ? json_null() : json_boolean(a->durable));
    json_object_set_new(object, "notes", notes_json(a));
    return object;
}

static void print_checks(const json_t *object)
{
    static const struct {
        const char *key, *text;
    } checks[] = {
#define X(id, text) {#id, text},
        AUDIT_CHECKS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        const json_t *value = json_object_get(object, checks[i].key);
        if (json_is_null(value))
            printf("  %-40s %10s\n", checks[i].text, "-");
        else
            printf("  %-40s %10" JSON_INTEGER_FORMAT "%s\n", checks[i].text,
                   json_integer_value(value), json_integer_value(value) != 0 ? "  <--" : "");
    }
}

/* print_example: the arrival is in the unit of tickets. */
static void print_example(const json_t *example)
{
    char serial[40] = "has no coupon";
    const char *user, *by;
    json_int_t arrival, ticket, by_serial;
    const json_t *own = json_object_get(example, "serial");
    if (json_unpack((json_t *)example, "{s:s, s:I, s:{s:s, s:I, s:I}}", "user", &user, "arrival",
                    &arrival, "by", "user", &by, "ticket", &ticket, "serial", &by_serial) != 0)
        return;
    if (json_is_integer(own))
        snprintf(serial, sizeof serial, "has serial %" JSON_INTEGER_FORMAT,
                 json_integer_value(own));
    printf("overtaken: %s came at %" JSON_INTEGER_FORMAT " and %s; %s has ticket "
           "%" JSON_INTEGER_FORMAT " and serial %" JSON_INTEGER_FORMAT "\n",
           user, arrival, serial, by, ticket, by_serial);
}

static const char *verdict_text(const json_t *ok)
{
    if (json_is_null(ok))
        return "unknown: Redis should have this campaign, and has it not";
    if (json_is_true(ok))
        return "every promise that was checked holds";
    return "BREACH: a promise is broken, see above";
}

static void print_report(const json_t *object)
{
    static const struct output_column figures[] = {
        {"campaign", "campaign"}, {"state", "state"},       {"redis", "redis"},
        {"quota", "quota"},       {"accepted", "accepted"}, {"granted", "granted"},
        {"sold_out", "sold out"}, {"refused", "refused"},   {"pending", "pending"}};
    size_t i;
    json_t *text;
    output_pairs(object, figures, sizeof figures / sizeof figures[0]);
    printf("\nchecks (0 is good, - could not be checked)\n");
    print_checks(object);
    printf("\n");
    json_array_foreach(json_object_get(object, "overtaken_examples"), i, text) print_example(text);
    json_array_foreach(json_object_get(object, "notes"), i, text)
        printf("note: %s\n", json_string_value(text));
    printf("verdict: %s\n", verdict_text(json_object_get(object, "ok")));
}

void audit_report(struct ctl *ctl, const struct audit *audit)
{
    json_t *object = audit_json(ctl, audit);
    if (ctl->json)
        output_json(object);
    else
        print_report(object);
    json_decref(object);
}

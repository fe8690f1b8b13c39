/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/routes/route_reading.h"

#include <string.h>

struct answer_rule {
    const char *name;
    unsigned by;
    long long least, most;
    unsigned slots;
};

static const struct answer_rule rules[ROUTE_ANSWERS_N] = {
#define X(id, by, least, most, slots) {#id, by, least, most, slots},
    ROUTE_ANSWERS(X)
#undef X
};

static int read_status(struct reading *r, const config_setting_t *group,
                       const struct answer_rule *rule, unsigned *out)
{
    const config_setting_t *at = config_setting_get_member(group, "status");
    if (at == NULL)
        return FAIL(r, group, "%s: status is missing", rule->name);
    if (config_setting_type(at) != CONFIG_TYPE_INT)
        return FAIL(r, at, "%s.status: expected a whole number", rule->name);
    long long status = config_setting_get_int(at);
    if (status < rule->least || status > rule->most || status / 100 == 3 || status == 204 ||
        status == 205)
        return FAIL(r, at, "%s.status = %lld: expected %lld to %lld, but not 204, 205 or 3xx",
                    rule->name, status, rule->least, rule->most);
    *out = (unsigned)status;
    return 0;
}

static int read_body(struct reading *r, const config_setting_t *group,
                     const struct answer_rule *rule, struct answer_template *out)
{
    const config_setting_t *at;
    const char *text;
    char what[256];
    int error = reading_text(r, group, "body", &text, &at);
    if (error < 0)
        return error;
    char *copy = reading_keep(r, text);
    if (copy == NULL)
        return reading_out_of_memory(r, at);
    if (template_compile(out, copy, rule->slots, what, sizeof what) < 0)
        return FAIL(r, at, "%s.body: %s", rule->name, what);
    return 0;
}

static int read_answer(struct reading *r, const config_setting_t *group)
{
    static const char *const members[] = {"status", "body", NULL};
    const char *name = config_setting_name(group);
    size_t i = 0;
    while (i < ROUTE_ANSWERS_N && strcmp(rules[i].name, name) != 0)
        i++;
    if (i == ROUTE_ANSWERS_N)
        return FAIL(r, group,
                    "answers has no %s: expected accepted, waiting, granted, already, sold_out, "
                    "refused, not_open, closed, "
                    "paused, no_request, no_campaign, bad_user, bad_request, unauthorized, limited "
                    "or unavailable",
                    name);
    if ((rules[i].by & 1u << r->route->op) == 0)
        return FAIL(r, group, "%s: a %s is never answered so", name,
                    r->route->op == OP_ENQUEUE ? "POST" : "GET");
    struct route_answer *answer = routes_keep(r->routes, sizeof *answer);
    if (answer == NULL)
        return reading_out_of_memory(r, group);
    int error = reading_members(r, group, name, members, "status and body");
    if (error < 0 || (error = read_status(r, group, &rules[i], &answer->status)) < 0 ||
        (error = read_body(r, group, &rules[i], &answer->body)) < 0)
        return error;
    r->route->answers[i] = answer;
    return 0;
}

int reading_answers(struct reading *r, const config_setting_t *group)
{
    const config_setting_t *answers = config_setting_get_member(group, "answers");
    const struct route_answer **a = r->route->answers;
    if (answers == NULL)
        return 0;
    if (!config_setting_is_group(answers))
        return FAIL(r, answers, "answers: expected a group in { }");
    for (int i = 0; i < config_setting_length(answers); i++) {
        int error = read_answer(r, config_setting_get_elem(answers, (unsigned)i));
        if (error < 0)
            return error;
    }
    a[ROUTE_waiting] = a[ROUTE_waiting] != NULL ? a[ROUTE_waiting] : a[ROUTE_accepted];
    a[ROUTE_already] = a[ROUTE_already] != NULL ? a[ROUTE_already] : a[ROUTE_granted];
    a[ROUTE_paused] = a[ROUTE_paused] != NULL ? a[ROUTE_paused] : a[ROUTE_closed];
    return 0;
}

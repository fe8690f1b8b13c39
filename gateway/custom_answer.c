/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/custom_answer.h"

#include "gateway/outcome.h"

/* The custom answer for each outcome. Outcomes not listed always get Onrush's own answer. */
static const enum route_answer_id answer_ids[OUTCOMES_N] = {
    [OUTCOME_waiting] = ROUTE_waiting,
    [OUTCOME_granted] = ROUTE_granted,
    [OUTCOME_sold_out] = ROUTE_sold_out,
    [OUTCOME_refused] = ROUTE_refused,
    [OUTCOME_not_open] = ROUTE_not_open,
    [OUTCOME_closed] = ROUTE_closed,
    [OUTCOME_paused] = ROUTE_paused,
    [OUTCOME_no_request] = ROUTE_no_request,
    [OUTCOME_no_campaign] = ROUTE_no_campaign,
    [OUTCOME_bad_user] = ROUTE_bad_user,
    [OUTCOME_bad_name] = ROUTE_bad_request,
    [OUTCOME_bad_json] = ROUTE_bad_request,
    [OUTCOME_bad_wait] = ROUTE_bad_request,
    [OUTCOME_bad_media_type] = ROUTE_bad_request,
    [OUTCOME_body_too_large] = ROUTE_bad_request,
    [OUTCOME_unauthorized] = ROUTE_unauthorized,
    [OUTCOME_wrong_user] = ROUTE_unauthorized,
    [OUTCOME_limited] = ROUTE_limited,
    [OUTCOME_overloaded] = ROUTE_unavailable,
    [OUTCOME_unavailable] = ROUTE_unavailable,
    [OUTCOME_unknown] = ROUTE_unavailable,
};

const struct route_answer *custom_answer_find(const struct request *r)
{
    if (r->route == NULL)
        return NULL;
    enum route_answer_id id = answer_ids[r->outcome];
    bool post = r->route->op == OP_ENQUEUE;
    if (id == ROUTE_accepted) /* 0: the outcome is not in the list */
        return NULL;
    /* A journalled request may be new or a repeat; the gateway cannot tell. It gets the answer
     * "accepted", because the answer "waiting" may be worded as a refusal. */
    if (id == ROUTE_waiting && post && (r->fresh || r->known.ticket == 0))
        id = ROUTE_accepted;
    if (id == ROUTE_granted && post && !r->fresh)
        id = ROUTE_already;
    return r->route->answers[id];
}

size_t custom_answer_write(const struct route_answer *wording, const struct request *r, char *out)
{
    bool queued = r->known.ticket > 0; /* else: journalled, or never admitted */
    struct template_values v = {
        .text = {[SLOT_user] = r->user, [SLOT_campaign] = r->name, [SLOT_code] = r->known.code},
        .number = {[SLOT_ticket] = queued ? (int64_t)r->known.ticket : -1,
                   [SLOT_position] = queued ? (int64_t)r->known.position : -1,
                   [SLOT_serial] = r->known.serial}};
    return template_render(&wording->body, &v, out);
}

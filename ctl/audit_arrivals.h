/* SPDX-License-Identifier: Apache-2.0 */
/* First come, first served, for requests that came by the journal: is anybody behind somebody who
 * came later?
 *
 * A request U has its arrival, and two stamps that nobody can set wrong later. When its row was
 * written, its gateway had locked the row of the campaign, and kept it locked until COMMIT: a batch
 * of grants, which needs that row for its own COMMIT, was committed either before U, and is counted
 * in `granted`, or after it. When U was drained, `decided_to` was the highest ticket in the
 * scheduler's line. A grant V whose ticket is above U's arrival stands before U rightly if
 *
 * - V's ticket follows U's arrival without a free one in between: a drained request takes the first
 *   that is free. A ticket that somebody gave up who was drained, too, or was refused, counts as
 *   taken; nobody knows which these are, so that many free ones are overlooked;
 * - or V was in the line before U was committed. The scheduler looks into the journal after each
 *   claim, so V was under way to MariaDB just then.
 *
 * So two things are breaches:
 *
 * - V's ticket is above `decided_to`: U was in the queue before V was claimed, with a better place.
 * - More batches than can have been under way were committed after U and until it was drained.
 *
 * No times are compared but the arrival with tickets, as the drain did it: so a clock that is wrong
 * makes no breach.
 *
 * Pure, O((n + m) log n). 32 bytes a grant, 72 a request. */
#ifndef ONRUSH_CTL_AUDIT_ARRIVALS_H
#define ONRUSH_CTL_AUDIT_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRIVALS_NONE    UINT64_MAX /* place: finally without a coupon, or lost */
#define ARRIVALS_UNKNOWN 0          /* place: it is not judged */

struct arrivals_grant {
    uint64_t ticket, top; /* top: the highest ticket up to this serial */
    uint32_t serial;
    uint32_t batch; /* a number for each batch */
    uint32_t user;  /* not looked at */
};

struct arrivals_request {
    uint64_t arrival, decided_to;
    int64_t granted;  /* campaigns.granted at its COMMIT; -1: not known */
    int64_t drained;  /* the same when it was drained */
    uint32_t batches; /* how many its scheduler may have under way */
    uint32_t user;    /* not looked at */
    uint64_t place;   /* its ticket; the caller may change it before each judgement */
    const struct arrivals_grant *by; /* found: who overtook, the first of them; NULL: nobody */
    uint64_t since, until; /* tickets of the grants that were committed between the stamps */
};

struct arrivals {
    struct arrivals_grant *grants;
    struct arrivals_request *requests;
    size_t n_grants, room_grants, n_requests, room_requests;
    size_t refused; /* requests of this campaign that were refused */
};

/* arrivals_grant, arrivals_request: adds one: the grants in the order of their serials. False: out
 * of memory. */
bool arrivals_grant(struct arrivals *arrivals, uint64_t ticket, uint32_t serial, uint32_t batch,
                    uint32_t user);
bool arrivals_request(struct arrivals *arrivals, const struct arrivals_request *request);

/* arrivals_seal: everything is there; nothing may be added any more. */
void arrivals_seal(struct arrivals *arrivals);

/* arrivals_judge: fills in `by`; how many were overtaken. May be called again with other places. */
size_t arrivals_judge(struct arrivals *arrivals);

void arrivals_clear(struct arrivals *arrivals);

#endif

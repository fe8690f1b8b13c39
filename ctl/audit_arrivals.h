/* SPDX-License-Identifier: Apache-2.0 */
/* First come, first served, for journalled requests: did a later request overtake one of them?
 *
 * Each request U has its arrival and two stamps that cannot be wrong. To write U's row, its gateway
 * locked the row of the campaign until COMMIT. A batch of grants needs the same lock to commit, so
 * it committed either before U, and U's `granted` counts it, or after U. When U was drained,
 * `decided_to` was the highest ticket in the scheduler's line. A grant V whose ticket is above U's
 * arrival may precede U in two cases:
 *
 * - V's ticket follows U's arrival without a free ticket in between, because a drained request
 *   takes the first free one. Tickets given up by requests that were drained or refused count as
 *   taken. Nobody knows which these are, so the audit tolerates that many free tickets.
 * - V was in the line before U was committed. The scheduler reads the journal after each claim, so
 *   V was on its way to MariaDB at that moment.
 *
 * So there are two breaches:
 *
 * - V's ticket is above `decided_to`: U was in the queue before V was claimed, in a better place.
 * - More batches than can be under way were committed after U and before it was drained.
 *
 * The only times compared are the arrival and tickets, as the drain compared them. So a wrong clock
 * does not cause a false breach.
 *
 * Pure, O((n + m) log n). 32 bytes per grant, 72 per request. */
#ifndef ONRUSH_CTL_AUDIT_ARRIVALS_H
#define ONRUSH_CTL_AUDIT_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRIVALS_NONE    UINT64_MAX /* place: never gets a coupon, or is lost */
#define ARRIVALS_UNKNOWN 0          /* place: not judged */

struct arrivals_grant {
    uint64_t ticket, top; /* top: the highest ticket up to this serial */
    uint32_t serial;
    uint32_t batch; /* the number of its batch */
    uint32_t user;  /* for the caller */
};

struct arrivals_request {
    uint64_t arrival, decided_to;
    int64_t granted;                 /* campaigns.granted at its COMMIT; -1: not known */
    int64_t drained;                 /* the same at the time it was drained */
    uint32_t batches;                /* how many its scheduler may have under way */
    uint32_t user;                   /* for the caller */
    uint64_t place;                  /* its ticket; may change before each judgement */
    const struct arrivals_grant *by; /* result: the first grant that overtook it, or NULL */
    uint64_t since, until;           /* the highest tickets committed at the two stamps */
};

struct arrivals {
    struct arrivals_grant *grants;
    struct arrivals_request *requests;
    size_t n_grants, room_grants, n_requests, room_requests;
    size_t refused; /* refused requests of this campaign */
};

/* arrivals_grant, arrivals_request: add one. Grants must come in the order of serials. Return false
 * if there is no memory. */
bool arrivals_grant(struct arrivals *arrivals, uint64_t ticket, uint32_t serial, uint32_t batch,
                    uint32_t user);
bool arrivals_request(struct arrivals *arrivals, const struct arrivals_request *request);

/* arrivals_seal: ends the adding. */
void arrivals_seal(struct arrivals *arrivals);

/* arrivals_judge: sets `by`; returns the number of overtaken requests. May be called again with
 * other places. */
size_t arrivals_judge(struct arrivals *arrivals);

void arrivals_clear(struct arrivals *arrivals);

#endif

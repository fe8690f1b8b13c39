/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a request that Redis cannot answer: it goes to the archive, a new one to be
 * written to the journal, any other to be looked up.
 *
 *   Redis is away              the journal takes it; what MariaDB knows is told; the rest: 503
 *   no (ready) meta there      the same; once MariaDB says "settled", what it does not know is not
 *   Redis says no for good     unless the journal was empty just now, the request may be in there
 *
 * One thread: the worker's. */
#ifndef ONRUSH_GATEWAY_FALLBACK_H
#define ONRUSH_GATEWAY_FALLBACK_H

#include "gateway/request.h"

/* fallback_ask: the request is ASKING and in no list; it becomes ARCHIVED until MariaDB has
 * answered. */
void fallback_ask(struct request *request, enum fallback_why why);

/* fallback_doubted: Redis, asked at `asked_us` (monotonic), said "sold out", "closed" or "no
 * request". Could this request be in the journal, or have left it for the queue since? Then the
 * archive is asked, and Redis again, before it is answered. Requests that this gateway journalled
 * are never missed; those of another gateway may be, for DOUBT_US. */
bool fallback_doubted(const struct request *request, int64_t asked_us);

#define DOUBT_US INT64_C(100000)

#endif

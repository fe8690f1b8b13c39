/* SPDX-License-Identifier: Apache-2.0 */
/* Sends requests that Redis cannot answer to the archive, which journals them or looks them up.
 *
 *   Redis is away            journals a POST; tells what MariaDB knows; all others get 503
 *   no (ready) meta there    the same, but after a settled campaign the no is final
 *   Redis says a final no    looks into the journal, unless it was just empty; asks Redis again
 *
 * One thread: the worker's. */
#ifndef ONRUSH_GATEWAY_FALLBACK_H
#define ONRUSH_GATEWAY_FALLBACK_H

#include "gateway/request.h"

/* fallback_ask: takes a request that is ASKING and in no list. It is ARCHIVED until MariaDB
 * answers. */
void fallback_ask(struct request *request, enum fallback_why why);

/* fallback_doubted: Redis, asked at `asked_us` (monotonic), said "sold out", "closed" or "no
 * request". Could the request be in the journal, or have moved from there to the queue since? If
 * so, ask the archive, and then Redis again, before answering. This finds all requests that this
 * gateway journalled. It may miss one that another gateway journalled within the last DOUBT_US. */
bool fallback_doubted(const struct request *request, int64_t asked_us);

#define DOUBT_US INT64_C(100000)

#endif

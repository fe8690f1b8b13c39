/* What becomes of a request that Redis cannot answer: it goes to the archive, a new one to be
 * written to the journal, any other to be looked up.
 *
 *   Redis is away              the journal takes it; what MariaDB knows is told; the rest: 503
 *   no (ready) meta there      the same; once MariaDB says "settled", what it does not know is not
 *   Redis has no request       soon after an outage it may still be in the journal
 *
 * One thread: the worker's. */
#ifndef ONRUSH_GATEWAY_FALLBACK_H
#define ONRUSH_GATEWAY_FALLBACK_H

#include "gateway/request.h"

/* fallback_ask: the request is ASKING and in no list; it becomes ARCHIVED. */
void fallback_ask(struct request *request, enum fallback_why why);

/* fallback_take: request->archive is what MariaDB said. */
void fallback_take(struct request *request);

/* fallback_doubted: Redis says that it does not know this request; is that to be doubted? */
bool fallback_doubted(const struct request *request);

/* fallback_doubt: from now on, for a while, requests may be in the journal. */
void fallback_doubt(struct worker *worker);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The id of a request, by which a client, an answer and the log speak of the same one.
 *
 * It is the client's X-Request-Id when that is valid, else the trace id of its traceparent. Only an
 * answer that somebody will ask about gets one of its own: what a campaign decides (sold out, not
 * open ...) is no fault, and at the height of a rush nobody pays for ids that nobody sees. */
#ifndef ONRUSH_GATEWAY_REQUEST_ID_H
#define ONRUSH_GATEWAY_REQUEST_ID_H

#include "gateway/request.h"

/* request_id_valid: 1 to 64 of A-Z a-z 0-9 . _ - so that it needs no quoting anywhere. */
bool request_id_valid(const char *text);

/* request_id_take: the id that the client gave, or "". The first call must come while the head is
 * there. */
const char *request_id_take(struct request *request);

/* request_id_need: the same, or a new one. */
const char *request_id_need(struct request *request);

#endif

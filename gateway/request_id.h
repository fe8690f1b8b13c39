/* SPDX-License-Identifier: Apache-2.0 */
/* The id of a request, for client, answer and log.
 *
 * It is the client's X-Request-Id if valid, else the trace id of its traceparent. Otherwise only
 * errors get an id, because clients report them. Decisions of a campaign (sold out, not open, ...)
 * are no errors, and at the height of a rush unused ids would only cost time. */
#ifndef ONRUSH_GATEWAY_REQUEST_ID_H
#define ONRUSH_GATEWAY_REQUEST_ID_H

#include "gateway/request.h"

/* request_id_valid: 1 to 64 of A-Z a-z 0-9 . _ - (which need no quoting anywhere). */
bool request_id_valid(const char *text);

/* request_id_take: returns the client's id, or "". Make the first call while the head exists. */
const char *request_id_take(struct request *request);

/* request_id_need: returns the client's id, or a new one. */
const char *request_id_need(struct request *request);

#endif

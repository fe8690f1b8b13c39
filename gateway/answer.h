/* SPDX-License-Identifier: Apache-2.0 */
/* Turns an outcome into an HTTP answer: status, headers and body, as docs/protocol.md defines
 * them. */
#ifndef ONRUSH_GATEWAY_ANSWER_H
#define ONRUSH_GATEWAY_ANSWER_H

#include "gateway/request.h"

/* answer_send: answers an ANSWERED request, and hands its connection back to the server. */
void answer_send(struct request *request);

/* answer_nobody: answers without a request, when the head is unreadable or memory has run out. */
void answer_nobody(struct loop *loop, struct http_conn *conn, enum outcome outcome);

/* answer_retry_after_s: the value of Retry-After; 0: no such header. `now_us`: wall clock. Pure. */
int64_t answer_retry_after_s(const struct request *request, int64_t now_us);

#endif

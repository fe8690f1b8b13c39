/* SPDX-License-Identifier: Apache-2.0 */
/* From an outcome to an HTTP answer: status, headers, body, exactly as docs/protocol.md says. */
#ifndef ONRUSH_GATEWAY_ANSWER_H
#define ONRUSH_GATEWAY_ANSWER_H

#include "gateway/request.h"

/* answer_send: the answer to an ANSWERED request; its connection is given up. */
void answer_send(struct request *request);

/* answer_nobody: answers without a request: its head was unreadable, or memory has run out. */
void answer_nobody(struct loop *loop, struct http_conn *conn, enum outcome outcome);

/* answer_retry_after_s: what Retry-After says; 0: none. `now_us`: wall clock. Pure. */
int64_t answer_retry_after_s(const struct request *request, int64_t now_us);

#endif

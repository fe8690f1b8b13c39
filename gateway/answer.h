/* From an outcome to an HTTP answer: status, headers, body, exactly as docs/protocol.md says. */
#ifndef ONRUSH_GATEWAY_ANSWER_H
#define ONRUSH_GATEWAY_ANSWER_H

#include "gateway/request.h"

/* answer_write: the body of an ANSWERED request into request->text. Gives the status; *problem is
 * true for application/problem+json. */
unsigned answer_write(struct request *request, bool *problem);

/* answer_send: hands the answer to the HTTP library. request->text must stay until the request is
 * complete. */
enum MHD_Result answer_send(struct request *request);

/* answer_raw: a whole HTTP response for a connection that the library cannot answer (any more), and
 * which is closed after it. Bytes written to `out`. */
int answer_raw(enum outcome outcome, char *out, size_t size);

/* answer_retry_after_s: what Retry-After says; 0: none. `now_us`: wall clock. Pure. */
int64_t answer_retry_after_s(const struct request *request, int64_t now_us);

#endif

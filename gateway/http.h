/* HTTP inside a worker: what shared/http asks of whoever serves requests. All of it runs in the
 * worker's thread. */
#ifndef ONRUSH_GATEWAY_HTTP_H
#define ONRUSH_GATEWAY_HTTP_H

#include "gateway/metrics.h"
#include "shared/http/server.h"

struct worker;
struct request;

/* http_start: takes over `listen_fd`. 0, or -ENOMEM (and the fd is still the caller's). */
int http_start(struct worker *worker, int listen_fd);

/* http_tick: ten times a second: takes over the deadlines in force and shows what was counted. */
void http_tick(struct worker *worker);

/* http_finish: a request that is ANSWERED goes out, is counted, and is freed. */
void http_finish(struct request *request);

/* http_string: a field, a path or a query as a string, NULL when there is none: ends it with a NUL, where its delimiter stood.
 * http_field_string: of the only field of this name; NULL when it came twice, too, as nobody knows which one is meant. */
const char *http_string(struct http_text text);
const char *http_field_string(const struct http_request *head, const char *name);

#endif

/* Paths and methods. Two steps, so that it stays separable where campaign, user and wait come from
 * and what is done with them: routes_judge() reads them from the request, routes_dispatch() asks.
 */
#ifndef ONRUSH_GATEWAY_ROUTES_H
#define ONRUSH_GATEWAY_ROUTES_H

#include "gateway/batcher.h"

enum user_from {
    USER_NONE,
    USER_FROM_PATH,
    USER_FROM_BODY, /* a JSON body is expected */
};

struct route {
    const char *pattern; /* {name} and {user} stand for one segment each */
    const char *allow;   /* the methods, as the Allow header says them */
    enum user_from user_from;
    enum operation op;
    size_t counter; /* offset of its counter in struct gateway_metrics */
};

/* routes_judge: at the headers. Fills in route, name, user and wait, or judges the request. `path`
 * is the raw path: not decoded, without query. */
void routes_judge(struct request *request, const char *path, const char *method);

/* routes_dispatch: the request is complete. Afterwards it is ANSWERED, or it will be. */
void routes_dispatch(struct request *request);

/* request_judge: decides early; the rest of the request is read and discarded. */
void request_judge(struct request *request, enum outcome outcome);

/* route_find: the route of a path, with what stands for {name} and {user}; NULL: none. Pure. */
struct route_part {
    const char *at; /* NULL: not part of this route */
    size_t len;
};
const struct route *route_find(const char *path, struct route_part *name, struct route_part *user);

/* route_decode: percent-decodes into `out` (ended by a NUL). The length, or -EINVAL when it does
 * not fit or is not well-formed. Pure. */
int route_decode(const struct route_part *part, char *out, size_t size);

/* route_parse_wait: "0" to "30", with up to three decimals, in ms. 0 or -EINVAL. Pure. */
int route_parse_wait(const char *text, int64_t *wait_ms);

#endif

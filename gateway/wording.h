/* Finds the wording of a configured route for an outcome: which of its answers, and the body.
 * Pure. */
#ifndef ONRUSH_GATEWAY_WORDING_H
#define ONRUSH_GATEWAY_WORDING_H

#include "gateway/request.h"
#include "gateway/routes/route_table.h"

/* wording_find: NULL: the route has no wording for it, or there is no route: use Onrush's own. */
const struct route_answer *wording_find(const struct request *request);

/* wording_write: the body into `out`, at most TEMPLATE_RENDERED_MAX bytes; its length. */
size_t wording_write(const struct route_answer *wording, const struct request *request, char *out);

#endif

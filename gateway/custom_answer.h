/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the wording of a configured route for an outcome: which of its answers, and the body.
 * Pure. */
#ifndef ONRUSH_GATEWAY_CUSTOM_ANSWER_H
#define ONRUSH_GATEWAY_CUSTOM_ANSWER_H

#include "gateway/request.h"
#include "gateway/routes/route_table.h"

/* custom_answer_find: NULL: the route has no wording for it, or there is no route: use Onrush's
 * own. */
const struct route_answer *custom_answer_find(const struct request *request);

/* custom_answer_write: the body into `out`, at most TEMPLATE_RENDERED_MAX bytes; its length. */
size_t custom_answer_write(const struct route_answer *wording, const struct request *request,
                           char *out);

#endif

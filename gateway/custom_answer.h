/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the custom answer of a configured route for an outcome, and writes its body. Pure. */
#ifndef ONRUSH_GATEWAY_CUSTOM_ANSWER_H
#define ONRUSH_GATEWAY_CUSTOM_ANSWER_H

#include "gateway/request.h"
#include "gateway/routes/route_table.h"

/* custom_answer_find: returns NULL when the route has no custom answer, or when there is no
 * route. */
const struct route_answer *custom_answer_find(const struct request *request);

/* custom_answer_write: writes the body, at most TEMPLATE_RENDERED_MAX bytes. Returns its length. */
size_t custom_answer_write(const struct route_answer *wording, const struct request *request,
                           char *out);

#endif
